"""Books with one of each thing that a path of this API can name."""

from __future__ import annotations

from datetime import date
from typing import Any

from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.accounting_periods import id_of_month
from ratable_server.operations.tenants import found_tenant
from ratable_server.operations.tokens import create_token
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.published import served
from tests.wire.zuora.usage import created, stands

BOUNDARY = "a-boundary"
FILE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="u.csv"\r\nContent-Type: text/csv\r\n\r\n'
    "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\nAcme Inc,Call,1,01/10/2026,,,,\n"
    f"\r\n--{BOUNDARY}--\r\n"
)
Ids = dict[str, str]


def operations() -> list[tuple[str, str]]:
    """Every operation of the served document, but for that which gives out tokens."""
    paths = served().paths
    return [(method.upper(), path) for path in paths for method in paths[path] if path != "/oauth/token"]


def kind_of(path: str, name: str) -> str:
    """What a parameter is an id of."""
    return {"id": "usage", "key": "account"}.get(name, name.removesuffix("_id"))


def filled(path: str, ids: Ids) -> str:
    """The path with these ids."""
    for name in parameters_of(path):
        path = path.replace(f"{{{name}}}", ids[kind_of(path, name)])
    return path


def parameters_of(path: str) -> list[str]:
    """What a path names."""
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


class Everything:
    """A company whose usage is reported, and a file of it that waits."""

    def __init__(self, code: str) -> None:
        self.actor: Actor = found_tenant(code=code, name=code, request_id="r-0", at=AT)
        token = create_token(actor=self.actor, email="a@b.test", role="admin", at=AT).token
        self.zuora = Zuora(token=token, actor=self.actor)
        agree_on_reports(self.actor)
        usage = created(self.zuora)
        waiting = self.zuora.send("POST", "/v1/usage", FILE, media=f"multipart/form-data; boundary={BOUNDARY}")
        self.ids: Ids = {
            "usage": usage,
            "account": "Acme Inc",
            "import": str(waiting["checkImportStatus"]).split("/")[3],
            "period": id_of_month(date(2026, 1, 1)),
        }

    def state(self) -> list[Any]:
        """What is told of all of it, and what the books hold."""
        paths = [filled(path, self.ids) for method, path in operations() if method == "GET"]
        return [*stands(self.actor), *(self.zuora.get(path).body for path in paths)]
