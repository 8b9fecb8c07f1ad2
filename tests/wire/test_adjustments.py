"""Adjustments of a closed month over the wire: the chain of three months that empties a pool, with March corrected in May.

80,000.00 at 20 % discount; January 30,000, February 50,000, March 40,000 = 4,000 + 16,000 + 20,000 overage; the overage is
invoiced on April 1; January to April are closed. Each test has a pool of its own in the same books.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.operations.tenants import found_tenant
from ratable_server.operations.tokens import create_token
from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import PrepaidCommit, prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import CHAIN
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent

HEADER = "external_id,dm,total_revenue_dollars,total_events,is_adjustment,original_period_month,adjustment_date"
POOLS = 7


def told_of_chain(commit: PrepaidCommit) -> list[dict[str, Any]]:
    """Three months of usage."""
    return [
        {
            "id": f"{commit.code}/{month}",
            "prepaid_commit": commit.code,
            "used_on": date(2026, month, 28),
            "amount": gross,
        }
        for month, gross in CHAIN.items()
    ]


def billed(actor: Actor, commit: PrepaidCommit, amount: int, on: date, *, of_pool: bool = False) -> None:
    invoice = Invoice(contract=commit.contract, amount=Decimal(amount), prepaid_commit=commit.code if of_pool else None)
    file_invoice(actor=actor, invoice=invoice, on=on, at=AT)


@pytest.fixture(scope="module")
def pools(books: None) -> Iterator[tuple[Api, Iterator[str]]]:
    """Books with some pools that are empty since March; their paths."""
    actor = found_tenant(code="of the adjustments", name="Of the adjustments", request_id="r-0", at=AT)
    api = Api(token=create_token(actor=actor, email="a@b.test", role="admin", at=AT).token, actor=actor)
    for _ in range(POOLS):
        granted(api, signed(api)["id"])
    commits = prepaid_commits(actor=actor).rows
    record_usage(actor=actor, records=[row for commit in commits for row in told_of_chain(commit)], at=AT)
    for commit in commits:
        billed(actor, commit, 80_000, date(2026, 1, 1), of_pool=True)
        billed(actor, commit, 20_000, date(2026, 4, 1))
    for month in (1, 2, 3, 4):
        close_period(actor=actor, month_on=date(2026, month, 1), at=AT)
    yield api, iter([f"contracts/{commit.contract_id}/prepaid-commits/{commit.id}" for commit in commits])


@pytest.fixture
def chain(pools: tuple[Api, Iterator[str]]) -> tuple[Api, str]:
    """A client, and the path of a pool that nobody has corrected."""
    api, paths = pools
    return api, next(paths)


def adjusted(api: Api, pool: str, *rows: str) -> Told:
    """Rows of adjustments, loaded."""
    return sent(api, pool, "\n".join([HEADER, *rows]))


def processed(api: Api, pool: str) -> Told:
    told = api.post(f"{pool}/process-adjustments")
    assert told.status == 200, told.text
    return told


def deltas(month: dict[str, Any]) -> list[Any]:
    return [month[f"{name}_amount"] for name in ("gross", "discount", "net", "overage", "credited")]


def months(api: Api, pool: str) -> dict[str, dict[str, Any]]:
    return {month["period_month"]: month for month in api.get(f"{pool}/consumption")["results"]}


def left(api: Api, pool: str) -> tuple[Any, Any]:
    told = api.get(pool)
    return told["remaining_value"], told["status"]


def test_thirty_thousand_less_undo_the_overage_first_and_give_the_rest_back(chain: tuple[Api, str]):
    """10,000 = 2,000 + 8,000 + 0 instead of 4,000 + 16,000 + 20,000: 20,000 are credited, 8,000 go back to the pool."""
    api, pool = chain
    before = months(api, pool)
    told = adjusted(api, pool, "a1,,-30000.00,,true,2026-03-01,2026-05-12")
    assert (told.status, told["created"], told["adjustments"]) == (200, 1, {"received": 1, "accepted": 1}), told.text
    assert left(api, pool) == (0, "EXHAUSTED")
    done = processed(api, pool)
    assert (done["processed"], done["waiting"]) == (1, 0)
    (month,) = done["periods"]
    assert (month["original_period_month"], month["period_month"], month["adjustment_date"]) == (
        "2026-03-01", "2026-05-01", "2026-05-12",
    )  # fmt: skip
    assert deltas(month) == [-30_000, -2_000, -8_000, -20_000, 20_000]
    (memo,) = done["credit_memos"]
    assert (memo["amount"], memo["original_period_month"], memo["id"]) == (20_000, "2026-03-01", month["credit_memo"])
    assert left(api, pool) == (8_000, "ACTIVE")
    after = months(api, pool)
    assert {name: after[name] for name in before} == before
    assert api.post(f"{pool}/process-adjustments").body == {
        "processed": 0, "waiting": 0, "credit_memos": [], "periods": [],
    }  # fmt: skip
    assert left(api, pool) == (8_000, "ACTIVE")
