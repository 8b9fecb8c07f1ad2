"""What is told of consumption adds up wherever it is told: gross = discount + consumed + overage, of all that was learned.

By a contract, by a prepaid commit, by a month and by what that learned about earlier ones; and revenue, balances and the
burn-down tell the same consumption.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable.cases.reading import read_case
from ratable.money import to_major
from ratable_server.operations.amendments import ConsumptionAdjustment, adjust_consumption
from ratable_server.operations.case_files import play_case
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import Balance, prepaid_balances, prepaid_commits
from ratable_server.queries.reports import report
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_adjustments import HEADER
from tests.wire.test_consumption import CHAIN, used
from tests.wire.test_contracts import signed
from tests.wire.test_invoices_of_usage import closed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent
from tests.wire.test_usage_overage import billed

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
STORIES = [
    "chain/adjustment-partly-invoiced", "chain/adjustment-of-one-commit",
    "chain/restored-value-is-drawn-again", "corrections/positive-adjustment",
    "corrections/adjustment-after-termination", "corrections/adjustment-after-expiry",
    "corrections/late-usage-expired-commit", "corrections/late-usage-short-pool",
    "corrections/late-usage-of-an-item-that-draws", "corrections/late-usage-after-credit-memo",
    "corrections/void-leaves-overage-of-an-ended-commit", "drawdown/cascade", "drawdown/free-of-charge",
    "drawdown/units-late-usage", "drawdown/units-of-several-items",
    "breakage/proportional-then-termination", "rounding/commit-half-even",
]  # fmt: skip
WAIVED = {"corrections/late-usage-expired-commit": 200, "drawdown/free-of-charge": 500}  # used, and never earned
FAR = date(2999, 12, 31)

Sums = tuple[Any, Any, Any, Any]  # gross, discount, what was consumed of pools, overage
SUMMARY = ("gross_total", "discount_total", "consumed_value", "overage_total")
MONTH = ("gross_usage_amount", "discount_amount", "net_consumption_amount", "overage_amount")
PARTS = ("gross_amount", "discount_amount", "net_amount", "overage_amount")


def figures(told: Any, names: Sequence[str]) -> Sums:
    """What is told, once it adds up."""
    gross, discount, net, overage = (told[name] for name in names)
    assert gross == discount + net + overage, told
    return gross, discount, net, overage


def summed(rows: Iterable[Sums]) -> Sums:
    gross, discount, net, overage = ([*column] for column in zip((0,) * 4, *rows, strict=True))
    return sum(gross), sum(discount), sum(net), sum(overage)


def summary(api: Api, contract: int, *, waived: int = 0) -> Sums:
    """What a contract tells of all its pools, once every other answer agrees with it; what is waived is no revenue."""
    told = api.get(f"contracts/{contract}/prepaid-commit-summary")
    sums = figures(told, SUMMARY)
    assert told["total_value"] == told["consumed_value"] + told["expired_value"] + told["remaining_value"]
    pools = [consumed(api, f"contracts/{contract}/prepaid-commits/{pool['id']}") for pool in told["commits"]]
    assert summed(pools) == sums
    assert summed((each.gross, each.discount, each.drawn, each.overage) for each in balances(api, contract)) == sums
    gross, discount, *others = sums
    assert by_revenue(api, contract) == (gross - waived, discount - waived, *others)
    return sums


def consumed(api: Api, pool: str) -> Sums:
    """What the months of a pool tell: their own, and what they learned about others."""
    months = api.get(f"{pool}/consumption", limit=1_000)["results"]
    learned = [figures(each, PARTS) for month in months for each in month["adjustments"]]
    return summed([*(figures(month, MONTH) for month in months), *learned])


def balances(api: Api, contract: int | None = None) -> list[Balance]:
    commits = prepaid_commits(actor=api.actor, contract_id=contract, asked=EVERYTHING).rows
    return list(prepaid_balances(actor=api.actor, commits=commits, on=FAR).values())


def by_revenue(api: Api, contract: int) -> Sums:
    """What revenue tells of it, each amount with its gross and its discount."""
    found: dict[str, list[Sums]] = defaultdict(list)
    for row in api.get("transactions", limit=1_000)["results"]:
        parts = (Decimal(row["gross_amount"]), row["discount"])
        assert parts[0] == parts[1] + row["amount"], row
        if row["contract"] == contract:
            found[row["description"].rpartition(" ")[0]].append((*parts, row["amount"], Decimal(0)))
    gross, _, overage, _ = summed(found["Prepaid commit overage"])
    assert gross == overage  # it has no discount
    return summed([*found["Prepaid commit drawdown"], (gross, 0, 0, overage)])


def burnt(api: Api) -> dict[str, tuple[Decimal, Decimal]]:
    """What closed months have drawn of each pool, and over it, as the burn-down has it."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for row in report(actor=api.actor, name="burn_down").table.to_pylist():
        net, over = (to_major(row[name], row["currency"]) for name in ("drawn_minor", "overage_minor"))
        drawn = found.get(row["commit_id"], (Decimal(0), Decimal(0)))
        found[row["commit_id"]] = (drawn[0] + net, drawn[1] + over)
    return found


def posted(balance: Balance) -> tuple[Decimal, Decimal]:
    """The same by the months of a balance, with what they learned about others."""
    splits = [each for month in balance.consumptions if month.is_posted for each in (month, *month.corrections)]
    return sum((each.net for each in splits), Decimal(0)), sum((each.overage for each in splits), Decimal(0))


@pytest.mark.parametrize("story", STORIES)
def test_a_story_adds_up_in_every_answer(api: Api, story: str):
    """Adjustments down and up, of short pools and of several, late usage, voids, ends, units, rounding."""
    play_case(actor=api.actor, case=read_case(GOLDEN / f"{story}.yaml"))
    for contract in contracts(actor=api.actor, asked=EVERYTHING).rows:
        summary(api, contract.id, waived=WAIVED.get(story, 0))
    found = burnt(api)
    assert found == {each.prepaid_commit: posted(each) for each in balances(api) if each.prepaid_commit in found}


def chain(api: Api, *, overage: int = 20_000) -> str:
    """The pool that three months empty, closed until May; so much of its overage is invoiced."""
    pool = overdrawn(api, signed(api)["id"])
    if overage:
        (row,) = contracts(actor=api.actor, asked=EVERYTHING).rows
        invoice = Invoice(contract=row.code, amount=Decimal(overage), is_of_usage=True)
        file_invoice(actor=api.actor, invoice=invoice, on=date(2026, 4, 1), at=AT)
    closed(api, 1, 2, 3, 4)
    return pool


def overdrawn(api: Api, contract: int) -> str:
    """Each month is told as a whole."""
    pool = f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}"
    assert [used(api, pool, month, gross).status for month, gross in CHAIN.items()] == [201, 201, 201]
    return pool


def adjusted(api: Api, pool: str, *rows: str) -> list[Sums]:
    """Adjustments of a file, processed: what each month and day comes to."""
    assert sent(api, pool, "\n".join([HEADER, *rows]))["created"] == len(rows)
    told = api.post(f"{pool}/process-adjustments")
    assert told.status == 200, told.text
    return [figures(month, PARTS) for month in told["periods"]]


def adjusted_natively(api: Api, amount: int, month: int, on: date) -> None:
    (commit,) = prepaid_commits(actor=api.actor, asked=EVERYTHING).rows
    less = ConsumptionAdjustment(prepaid_commit=commit.code, period=date(2026, month, 1), amount=Decimal(amount))
    adjust_consumption(actor=api.actor, adjustment=less, on=on, at=AT)


def summary_of(api: Api, pool: str) -> Sums:
    return summary(api, int(pool.split("/")[1]))


def test_the_chain_and_adjustments_of_one_month(api: Api):
    """Two down, and one up that finds less in the pool than it needs."""
    pool = chain(api)
    assert summary_of(api, pool) == (120_000, 20_000, 80_000, 20_000)
    assert adjusted(api, pool, "a1,,-10000,,true,2026-03-01,2026-05-12") == [(-10_000, 0, 0, -10_000)]
    assert adjusted(api, pool, "a2,,-20000,,true,2026-03-01,2026-05-13") == [(-20_000, -2_000, -8_000, -10_000)]
    assert summary_of(api, pool) == (90_000, 18_000, 72_000, 0)
    assert adjusted(api, pool, "a3,,15000,,true,2026-03-01,2026-05-14") == [(15_000, 2_000, 8_000, 5_000)]
    assert summary_of(api, pool) == (105_000, 20_000, 80_000, 5_000)


def test_an_adjustment_of_a_pool_whose_rest_another_one_covers(api: Api):
    """3,000.00 = 361.11 + 2,000.00 + 638.89; 700.00 less undo the overage and 61.11 of what the second pool covered."""
    contract = signed(api)["id"]
    first, second = (
        granted(api, contract, total_value=1_000, discount_percentage=percentage, priority=place)["id"]
        for place, percentage in ((1, 20), (2, 10))
    )
    pool = f"contracts/{contract}/prepaid-commits/{first}"
    assert used(api, pool, 1, 3_000).status == 201
    assert summary_of(api, pool) == (3_000, Decimal("361.11"), 2_000, Decimal("638.89"))
    closed(api, 1)
    adjusted(api, pool, "a1,,-700,,true,2026-01-01,2026-02-12")
    assert summary_of(api, pool) == (2_300, 355, 1_945, 0)
    of_second = consumed(api, f"contracts/{contract}/prepaid-commits/{second}")
    assert of_second == (1_050, 105, 945, 0)


def test_adjustments_of_another_door(api: Api):
    pool = chain(api)
    adjusted_natively(api, -30_000, 3, date(2026, 5, 12))
    assert summary_of(api, pool) == (90_000, 18_000, 72_000, 0)
    adjusted_natively(api, 20_000, 3, date(2026, 5, 13))
    assert summary_of(api, pool) == (110_000, 20_000, 80_000, 10_000)


def test_a_month_that_is_taken_back_and_an_invoice_that_is_void(api: Api):
    """Of an open month nothing is left; an invoice changes what is billed and nothing that was used."""
    pool = overdrawn(api, signed(api)["id"])
    (_, _, march) = api.get(f"{pool}/consumption")["results"]
    assert api.delete(f"{pool}/consumption/{march['id']}").status == 204
    assert summary_of(api, pool) == (80_000, 16_000, 64_000, 0)
    assert used(api, pool, 3, 40_000).status == 201
    (invoice,) = billed(api, "2026-03-01")["invoices"]
    void = api.post(f"/coa/api/v1/invoice/{invoice['invoice']}/void/", {"void_date": "2026-04-12"})
    assert (void.status, void["payment_status"]) == (200, "voided"), void.text
    assert summary_of(api, pool) == (120_000, 20_000, 80_000, 20_000)


def test_a_contract_that_ended(api: Api):
    """What comes back to a pool that is over lapses; what was consumed is less all the same."""
    pool = chain(api)
    assert api.post(f"contracts/{pool.split('/')[1]}/terminate", {"termination_date": "2026-05-10"}).status == 200
    closed(api, 5)
    adjusted(api, pool, "a1,,-30000,,true,2026-03-01,2026-06-12")
    assert summary_of(api, pool) == (90_000, 18_000, 72_000, 0)
