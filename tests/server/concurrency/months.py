"""What the processes of a test do in months that nobody has booked into: each in its own way, all at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ratable.terms import Tier, UsageGroup, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.alone import change_together
from ratable_server.operations.catalog import change_price_plan
from ratable_server.operations.documents import Payment, file_payment
from ratable_server.operations.paper_revisions import revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.usage import record_usage
from ratable_server.operations.usage_told import ItemTold, add_told_item
from tests.server.concurrency.crew import SECONDS, outcome
from tests.server.concurrency.doings import numbered_month
from tests.server.operations.agreements import JANUARY

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
_ONE = Decimal(1)


def book(actor: Actor, way: str, rounds: int, meeting: Any, invoice: int) -> list[str]:
    """Book in one way, in every round into the next two months."""
    told = []
    for number in range(1, rounds + 1):
        meeting.wait(SECONDS)
        days = [numbered_month(2 * number + more).replace(day=10) for more in (0, 1)]
        told.append(outcome(_WAYS[way], actor=actor, days=days, invoice=invoice))
    return told


def _paper(contract: str, on: date) -> Paper:
    return Paper(kind="invoice", contract=contract, on=on, lines=(Line(amount=_ONE),))


def _bill(actor: Actor, days: list[date], invoice: int) -> None:
    issue_papers(actor=actor, papers=[_paper("acme", days[1]), _paper("zeta", days[0])], at=AT)


def _bill_back(actor: Actor, days: list[date], invoice: int) -> None:
    issue_papers(actor=actor, papers=[_paper("zeta", days[1]), _paper("acme", days[0])], at=AT)


def _move(actor: Actor, days: list[date], invoice: int) -> None:
    revise_paper(actor=actor, id=invoice, paper=_paper("acme", days[1]), beside=PaperBeside(further={}), at=AT)


def _pay(actor: Actor, days: list[date], invoice: int) -> None:
    file_payment(actor=actor, payment=Payment(contract="acme", amount=_ONE), on=days[1], at=AT)


def _price(actor: Actor, days: list[date], invoice: int) -> None:
    tiers = (Tier(number=1, price=Decimal(days[0].month)),)
    group = UsageGroup(id="calls", pricing_model="unit_based", tiers=tiers)
    change_price_plan(actor=actor, product="api", group=group, at=AT)


def _plan(actor: Actor, days: list[date], invoice: int) -> None:
    """What lines are judged by: nobody may name the product meanwhile."""
    tiers = (Tier(number=1, price=_ONE),)
    group = UsageGroup(id="calls", pricing_model="unit_based", tiers=tiers, unit_of_measure=f"call {days[0]}")
    change_price_plan(actor=actor, product="api", group=group, at=AT)


def _record(actor: Actor, days: list[date], invoice: int) -> None:
    rows = [{"id": f"e-{day}", "item": "acme-calls", "used_on": day, "quantity": _ONE} for day in days]
    record_usage(actor=actor, records=rows, at=AT)


def _record_within(actor: Actor, days: list[date], invoice: int) -> None:
    rows = [{"id": f"w-{day}", "item": "zeta-calls", "used_on": day, "quantity": _ONE} for day in days]
    change_together(actor=actor, change=lambda: record_usage(actor=actor, records=rows, at=AT))


def _line(actor: Actor, days: list[date], invoice: int) -> None:
    item = UsageItem(id=f"line-{days[0]}", product_id="api", usage_group_id="calls", starts_on=JANUARY)
    rows = [{"id": f"l-{day}", "item": item.id, "used_on": day, "quantity": _ONE} for day in days]
    add_told_item(actor=actor, contract="acme", told=ItemTold(item=item, further={}, records=rows), at=AT)


_WAYS: Mapping[str, Callable[..., None]] = {
    "bill": _bill,
    "bill back": _bill_back,
    "move": _move,
    "pay": _pay,
    "price": _price,
    "plan": _plan,
    "record": _record,
    "record within": _record_within,
    "line": _line,
}
WAYS = tuple(_WAYS)
