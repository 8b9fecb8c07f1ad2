"""Books with one of each thing that a path of the native API can name, and every operation that is served."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from tests.wire.native.calling import Native, document
from tests.wire.native.test_native_story import JANUARY, TERMS

CSV = "id,item,used_on,quantity\n" + "".join(
    f"{row['id']},{row['item']},{row['used_on']},{row['quantity']}\n" for row in JANUARY
)
BAD = "id,item,used_on,quantity\nx-1,nobodys,2026-02-01,1\n"
Ids = dict[str, str]


def operations() -> list[tuple[str, str]]:
    """Every operation of the served document."""
    return [(method.upper(), path) for path, each in document()["paths"].items() for method in each]


def kind_of(path: str, name: str) -> str:
    """What a parameter names: the part of the path before it; a row, a run and a month are called so."""
    return name if name in {"row", "run", "month_on"} else path.split(f"/{{{name}}}", maxsplit=1)[0].rsplit("/", 1)[1]


def filled(path: str, ids: Ids) -> str:
    """The path of a thing."""
    return re.sub(r"{(\w+)}", lambda found: quote(ids[kind_of(path, found[1])], safe=""), path)


class Everything:
    """January is closed, of February there is a draft and a rejected row."""

    def __init__(self, native: Native) -> None:
        self.native = native
        assert native.post("terms", TERMS).status == 201
        invoice = {"contract": "acme", "prepaid_commit": "pool", "amount": "1000", "on": "2026-01-05"}
        assert native.post("invoices", invoice).status == 201
        assert native.post("payments", {"contract": "acme", "amount": "1000", "on": "2026-01-20"}).status == 201
        taken = native.send("POST", "imports", CSV, media="text/csv")
        assert native.post("periods/2026-01/close").status == 200
        memo = {"contract": "acme", "prepaid_commit": "pool", "amount": "1", "on": "2026-02-03"}
        assert native.post("credit-memos", memo).status == 201
        bad = native.send("POST", "imports", BAD, media="text/csv", query={"partial": "true"})
        run = native.post("runs", {"month": "2026-02"})["run"]
        entry = native.get("reports/journal")["rows"][0]["entry_id"]
        self.ids: Ids = {
            "products": "api", "product-bundles": "whole", "customers": "Acme Inc", "contracts": "acme",
            "prepaid-commits": "pool", "imports": bad["id"], "row": "1", "run": str(run), "month_on": "2026-01",
            "reports": "trial_balance", "explanations": entry, "problems": "period_must_be_open",
            "receipts": taken["id"],
        }  # fmt: skip

    def state(self) -> list[Any]:
        """What is told of all of it."""
        paths = (
            "products", "product-bundles", "customers", "contracts", "prepaid-commits", "invoices", "payments",
            "credit-memos", "imports", "rejections", "runs", "periods", "reports/journal", "policy",
        )  # fmt: skip
        return [self.native.get(path).body for path in paths]
