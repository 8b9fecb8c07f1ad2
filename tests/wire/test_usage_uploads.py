"""Files of usage of a contract's usage lines, an addition to the published API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_usage import agreed, bundled, revenue


def sent(api: Api, path: str, text: str, *, query: str = "", media: str = "text/csv") -> Told:
    return api.send("POST", f"{path}/upload{query}", text.encode(), content_type=media)


@pytest.fixture
def line(api: Api) -> tuple[str, int]:
    """The path of a contract's usage, and the id of a line of graduated calls."""
    path, told = agreed(api)
    return path, told["id"]


def test_usage_of_a_file_is_rated(api: Api, line: tuple[str, int]):
    """1,000 x 0.10 + 9,000 x 0.08 + 2,500 x 0.05 = 945.00, however many rows it comes in."""
    path, usage = line
    rows = f"Usage,external_id,dt,dm,quantity,team\n{usage},c-1,2026-03-05,,12000,a\n{usage},c-2,,2026-03-01,500,b\n"
    told = sent(api, path, rows)
    assert told.status == 200, told.text
    assert (told["created"], told["control_total"]["accepted"]) == (2, 12_500)
    assert told["periods"] == [
        {"usage": usage, "period_month": "2026-03-01", "quantity": 12_500, "amount": 0, "records": 2}
    ]
    item = api.get(f"{path}/{usage}")
    assert item["lines"] == "2026-03: quantity 12500"
    assert revenue(item) == [("2026-03-01", Decimal("945.00"), False)]
    assert sent(api, path, rows)["repeats"] == told["import_id"]
    assert sent(api, path, rows.replace("12000", "500"))["updated"] == 1
    assert api.get(f"{path}/{usage}")["lines"] == "2026-03: quantity 1000"


def test_usage_comes_as_json_lines_too(api: Api, line: tuple[str, int]):
    path, usage = line
    rows = (
        '{"external_id": "c-1", "dt": "2026-03-05", "quantity": 12500.5}\n{"period_month": "2026-04", "amount": "7"}\n'
    )
    told = sent(api, path, rows, query=f"?usage={usage}", media="application/x-ndjson")
    assert told.status == 200, told.text
    assert [(each["period_month"], each["quantity"], each["amount"]) for each in told["periods"]] == [
        ("2026-03-01", Decimal("12500.5"), 0), ("2026-04-01", 0, 7),
    ]  # fmt: skip


def test_rows_of_a_file_replace_lines_of_their_id(api: Api):
    path, told = agreed(api, usage_lines=[{"period_month": "2026-03-01", "quantity": 5, "external_id": "c-1"}])
    assert sent(api, path, f"usage,external_id,dt,quantity\n{told['id']},c-1,2026-03-31,7\n")["updated"] == 1
    assert api.get(f"{path}/{told['id']}")["lines"] == "2026-03: quantity 7"


def test_rows_that_cannot_be_are_told_and_nothing_is_taken(api: Api, line: tuple[str, int]):
    path, usage = line
    other, _ = agreed(api)
    theirs = api.get(other)["results"][0]["id"]
    _, _, bundle = bundled(api, "50", "50")
    rows = [f"{usage},2026-03-05,1,", f"{theirs},2026-03-05,1,", "x,2026-03-05,1,", ",2026-03-05,1,",
            f"{usage},2026-03-05,x,", f"{usage},2026-03-05,-1,", f"{usage},2027-03-05,1,", f"{bundle['id']},2026-03-05,1,"]  # fmt: skip
    told = sent(api, path, "\n".join(["usage,dt,quantity,amount", *rows]))
    assert (told.status, told["created"]) == (400, 0)
    assert [(each["row"], each["field"]) for each in told["errors"]] == [
        (2, "usage"), (3, "usage"), (4, "usage"), (5, "quantity"), (6, "quantity"), (7, "dt"), (8, "usage"),
    ]  # fmt: skip
    told = sent(api, path, f"usage,dt,quantity,is_adjustment\n{usage},2026-03-05,1,true\n")
    assert [(each["row"], each["field"]) for each in told["errors"]] == [(1, "is_adjustment")]
    told = sent(api, path, f"usage,external_id,dt,quantity\n{usage},{'x' * 251},2026-03-05,1\n")
    assert [(each["row"], each["field"]) for each in told["errors"]] == [(1, "external_id")]
    assert api.get(f"{path}/{usage}")["lines"] == ""
    assert sent(api, path, "dt,quantity\n2026-03-05,1\n", query=f"?usage={theirs}").body.keys() == {"usage"}


def test_a_closed_month_is_refused(api: Api, line: tuple[str, int]):
    path, usage = line
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    told = sent(api, path, f"usage,dt,quantity\n{usage},2026-01-05,1\n")
    assert (told.status, told["error"]) == (400, "Books are closed for this date")
    assert api.get(f"{path}/{usage}")["lines"] == ""


def test_nobody_else_sends_usage(
    api: Api, line: tuple[str, int], new_actor: Callable[..., Actor], api_of: Callable[..., Api]
):
    path, usage = line
    rows = f"usage,dt,quantity\n{usage},2026-03-05,1\n"
    assert sent(api_of(new_actor()), path, rows).status == 404
    assert sent(api_of(api.actor, role="viewer"), path, rows).status == 403
    evergreen = signed(api, is_evergreen=True, contract_end_date=None, billing_frequency="monthly")["id"]
    assert sent(api, f"contracts/{evergreen}/usage", rows).status == 400
    assert api.get(f"{path}/{usage}")["lines"] == ""
