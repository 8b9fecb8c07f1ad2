"""Statements over the wire: figures by hand, and debits equal credits whatever is asked.

The chain of `test_consumption` with its pool invoiced on the first day and paid on the 20th:

              January   February   March
  pool drawn   24,000     40,000   16,000
  overage                          20,000
  liability    56,000     16,000        0
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.documents import Invoice, Payment, file_invoice, file_payment
from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_consumption import CHAIN, used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted

CASH, RECEIVABLE, UNBILLED = "Cash", "Accounts Receivable", "Unbilled Revenue"
DEFERRED, REVENUE, RETAINED = "Deferred Revenue", "Revenue", "Retained Earnings"
PRIOR, INCOME = "Net Income (Prior Periods)", "Net Income"
QUARTER = {"start_date": "2026-01-01", "end_date": "2026-03-31"}
OnDay = Callable[[int, int], None]


@pytest.fixture
def chain(api: Api, on_day: OnDay) -> Api:
    return chained(api, on_day)


def chained(api: Api, on_day: OnDay) -> Api:
    """Three months of use of an invoiced and paid pool; it is the last day of March."""
    on_day(3, 31)
    contract = signed(api)
    commit = granted(api, contract["id"])
    code = api.get(f"contracts/{contract['id']}").body["deal_id"]
    invoice = Invoice(contract=code, amount=Decimal(80_000), prepaid_commit=commit_code(api, code))
    file_invoice(actor=api.actor, invoice=invoice, on=date(2026, 1, 1), at=AT)
    file_payment(actor=api.actor, payment=Payment(contract=code, amount=Decimal(80_000)), on=date(2026, 1, 20), at=AT)
    for month, gross in CHAIN.items():
        assert used(api, f"contracts/{contract['id']}/prepaid-commits/{commit['id']}", month, gross).status == 201
    return api


def commit_code(api: Api, contract: str) -> str:
    """The code of the one prepaid commit of a contract."""
    from ratable_server.queries.contracts import ContractsAsked, contracts  # noqa: PLC0415 - needs the settings
    from ratable_server.queries.prepaid_commits import prepaid_commits  # noqa: PLC0415 - needs the settings

    (row,) = contracts(actor=api.actor, asked=ContractsAsked(codes=[contract])).rows
    (commit,) = prepaid_commits(actor=api.actor, contract_id=row.id).rows
    return commit.code


def trial_balance(api: Api, **asked: Any) -> dict[str, tuple[Any, Any]]:
    """Debits and credits of each account; they are equal in sum."""
    told = api.get("/ca/api/get_trial_balance", **asked)
    assert told.status == 200, told.text
    rows = told["trial_balance"]["accounts"]
    sides = {row["name"]: (row["balances"]["debits"], row["balances"]["credits"]) for row in rows}
    assert sum(debit for debit, _ in sides.values()) == sum(credit for _, credit in sides.values())
    return sides


def test_balances_cumulate_and_income_is_that_of_the_range(chain: Api):
    shared = {CASH: (80_000, 0), RECEIVABLE: (80_000, 80_000), UNBILLED: (20_000, 0), DEFERRED: (80_000, 80_000)}
    assert trial_balance(chain, **QUARTER) == {**shared, REVENUE: (0, 100_000), RETAINED: (0, 0), PRIOR: (0, 0)}
    later = {"start_date": "2026-02-01", "end_date": "2026-03-31"}
    assert trial_balance(chain, **later) == {**shared, REVENUE: (0, 76_000), RETAINED: (0, 0), PRIOR: (0, 24_000)}
    assert trial_balance(chain, **later, income_statement_basis="fiscal_ytd") == {
        **shared,
        REVENUE: (0, 100_000),
        RETAINED: (0, 0),
    }
    told = chain.get("/ca/api/get_trial_balance", **later, income_statement_basis="fiscal_ytd")
    assert told["income_statement_start"] == "2026-01-01"
    assert chain.get("/ca/api/get_trial_balance", **later)["income_statement_start"] == "2026-02-01"
    next_year = trial_balance(chain, start_date="2027-01-01", end_date="2027-01-31")
    assert next_year == {**shared, RETAINED: (0, 100_000), PRIOR: (0, 0)}


def test_a_closed_month_says_what_it_said_before(chain: Api):
    before = [trial_balance(chain, end_date=f"2026-{month:02}-28") for month in (1, 2, 3)]
    sheet = chain.get("/ca/api/get_balance_sheet", **QUARTER).body
    for month in (1, 2):
        close_period(actor=chain.actor, month_on=date(2026, month, 1), at=AT)
    assert [trial_balance(chain, end_date=f"2026-{month:02}-28") for month in (1, 2, 3)] == before
    assert chain.get("/ca/api/get_balance_sheet", **QUARTER).body == sheet
    posted = trial_balance(chain, **QUARTER, posted="true")
    assert (posted[DEFERRED], posted[REVENUE]) == ((64_000, 80_000), (0, 64_000))


def test_columns(chain: Api, new_actor: Callable[[], Any], api_of: Callable[..., Api]):
    told = chain.get("/ca/api/get_balance_sheet", start_date="2026-02-15", end_date="2026-03-31", cadence="monthly")
    columns = ["2026-02-15", "2026-03-01"]
    assert list(told["headers"]) == columns
    rows = {row["account_name"]: [row[each]["ending_balance"] for each in columns] for row in told["balance_sheet"]}
    assert rows == {
        CASH: [80_000, 80_000], RECEIVABLE: [0, 0], UNBILLED: [0, 20_000], DEFERRED: [16_000, 0], RETAINED: [0, 0],
        INCOME: [64_000, 100_000],
    }  # fmt: skip
    assert earned(chain, **QUARTER) == {"2026-01-01": 24_000, "2026-02-01": 40_000, "2026-03-01": 36_000}
    assert earned(chain, **QUARTER, cadence="quarterly") == {"2026-01-01": 100_000}
    weeks = earned(chain, start_date="2026-02-23", end_date="2026-03-08", cadence="weekly")
    assert weeks == {"2026-02-23": 40_000, "2026-03-02": 0}
    inside = chain.get("/ca/api/get_income_statement", start_date="2026-02-01", end_date="2026-02-27")
    assert inside["income_statement"] == []
    told = chain.get("/coa/api/general-ledger", start_date="2026-02-01", end_date="2026-03-31")
    names = ("opening_balance", "total_debits", "total_credits", "ending_balance")
    assert {row["account_name"]: tuple(row[name] for name in names) for row in told["accounts"]} == {
        CASH: (80_000, 0, 0, 80_000), RECEIVABLE: (0, 0, 0, 0), UNBILLED: (0, 20_000, 0, 20_000),
        DEFERRED: (56_000, 56_000, 0, 0), REVENUE: (24_000, 0, 76_000, 100_000),
    }  # fmt: skip
    other = api_of(new_actor(), role="viewer")
    assert trial_balance(other) == {}
    assert other.get("/ca/api/get_balance_sheet")["balance_sheet"] == []
    assert other.get("/coa/api/transaction", all_time="true")["count"] == 0


def earned(api: Api, **asked: Any) -> dict[str, Any]:
    """The columns of the one row of an income statement."""
    (row,) = api.get("/ca/api/get_income_statement", **asked)["income_statement"]
    assert (row["account_name"], row["hierarchy"][0], row["currency"]) == (REVENUE, "REVENUE", "USD")
    return {name.removesuffix("_Total"): value for name, value in row.items() if name.endswith("_Total")}


REFUSED: tuple[tuple[str, dict[str, str], str], ...] = (
    ("/ca/api/get_trial_balance", {"start_date": "2026-04-01", "end_date": "2026-03-31"}, "start_date"),
    ("/ca/api/get_trial_balance", {"end_date": "31.03.2026"}, "end_date"),
    ("/ca/api/get_trial_balance", {"end_date": "9999-12-31"}, "end_date"),
    ("/ca/api/get_trial_balance", {"income_statement_basis": "cash"}, "income_statement_basis"),
    ("/ca/api/get_trial_balance", {"group_by": "tag"}, "group_by"),
    ("/ca/api/get_trial_balance", {"entity": "x"}, "entity"),
    ("/ca/api/get_balance_sheet", {"cadence": "hourly"}, "cadence"),
    ("/ca/api/get_income_statement", {**QUARTER, "start_date": "2020-01-01", "cadence": "daily"}, "cadence"),
)


def test_what_is_not_served_is_refused_by_name(api: Api):
    for path, asked, field in REFUSED:
        told = api.get(path, **asked)
        assert (told.status, list(told.body)) == (400, [field]), told.text
