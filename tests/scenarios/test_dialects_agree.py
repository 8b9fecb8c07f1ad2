"""The same story told through each API has the same journal, row by row.

Who buys what is agreed in the same words in each tenant; usage over months, a change, a deletion, what comes late and the
closes are told in the words of the API. Campfire's tells usage of closed months as adjustments, which are other facts: it is
told the story without what is late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.tokens import create_token
from ratable_server.queries.contract_lines import usage_items
from ratable_server.queries.listing import EVERYTHING
from ratable_server.store.models import Contract
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.soundness import assert_sound
from tests.server.usage.reporting import agree_on_reports
from tests.wire.calling import Api, Told
from tests.wire.native.calling import Native
from tests.wire.test_dialect_agrees import NUMBERS
from tests.wire.zuora.calling import Zuora

UNITS = {"acme-calls": "Call", "acme-data": "GB", "acme-each": "Each", "bolt-calls": "Call", "labs-calls": "Call"}
CUSTOMERS = {"acme": "Acme Inc", "labs": "Acme Inc", "bolt": "Bolt GmbH"}


@dataclass(frozen=True, slots=True)
class Used:
    """Usage of an item on a day, by a name of the story."""

    name: str
    item: str
    on: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Changed:
    """It was another quantity."""

    name: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """It never was."""

    name: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A month is closed."""

    month: str


Act = Used | Changed | Deleted | Closed
Story = Sequence[tuple[tuple[int, int], Act]]  # the month and the day on which each act is told

STORY: Story = (
    ((1, 10), Used("a", "acme-calls", "2026-01-10", "600")),
    ((1, 12), Used("b", "bolt-calls", "2026-01-12", "200")),
    ((1, 15), Used("c", "acme-data", "2026-01-15", "3.5")),
    ((1, 18), Used("d", "acme-calls", "2026-01-18", "300")),
    ((1, 20), Changed("b", "250.25")),
    ((1, 21), Deleted("c")),
    ((1, 22), Used("e", "acme-data", "2026-01-19", "2")),
    ((2, 2), Closed("2026-01")),
    ((2, 10), Used("f", "acme-calls", "2026-02-09", "500")),
    ((2, 11), Used("g", "bolt-calls", "2026-02-11", "100")),
    ((2, 12), Used("h", "acme-each", "2026-02-12", "4")),
    ((2, 20), Changed("f", "450")),
    ((3, 2), Closed("2026-02")),
)
LATE: Story = (
    *STORY[:-1],
    ((2, 24), Used("i", "bolt-calls", "2026-01-30", "30")),
    ((2, 25), Deleted("d")),
    ((2, 26), Changed("b", "200")),
    STORY[-1],
    ((3, 5), Used("j", "acme-calls", "2026-02-28", "10")),
    ((4, 2), Closed("2026-03")),
)


class Teller(Protocol):
    """Somebody who tells acts in the words of an API."""

    actor: Actor

    def tell(self, act: Act) -> None:
        """One act."""


def _done(told: Told, status: int = 200) -> Told:
    assert told.status == status, told.text
    return told


def token_of(actor: Actor) -> str:
    return create_token(actor=actor, email="teller@example.test", role="admin", at=AT).token


@dataclass
class ZuoraTeller:
    """Usage records."""

    actor: Actor
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zuora = Zuora(token=token_of(self.actor), actor=self.actor)

    def tell(self, act: Act) -> None:
        match act:
            case Used():
                told = _done(self.zuora.post("/v1/object/usage", self._record(act)))
                self.ids[act.name] = told["Id"]
            case Changed():
                _done(self.zuora.put(f"/v1/object/usage/{self.ids[act.name]}", {"Quantity": Decimal(act.quantity)}))
            case Deleted():
                _done(self.zuora.delete(f"/v1/object/usage/{self.ids[act.name]}"))
            case Closed():
                periods = _done(self.zuora.get("/v1/accounting-periods"))["accountingPeriods"]
                (period,) = [each["id"] for each in periods if each["startDate"].startswith(act.month)]
                _done(self.zuora.put(f"/v1/accounting-periods/{period}/close"))

    @staticmethod
    def _record(act: Used) -> dict[str, Any]:
        return {
            "AccountNumber": CUSTOMERS[act.item.split("-")[0]],
            "ChargeNumber": act.item,
            "UOM": UNITS[act.item],
            "Quantity": Decimal(act.quantity),
            "StartDateTime": f"{act.on}T08:00:00.000+00:00",
        }


@dataclass
class NativeTeller:
    """Records of usage that are voided, and told anew under another id."""

    actor: Actor
    last: dict[str, tuple[str, Used]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.native = Native(token=token_of(self.actor), actor=self.actor)

    def tell(self, act: Act) -> None:
        match act:
            case Used():
                self._use(act.name, act)
            case Changed():
                said, used = self._void(act.name)
                self._use(f"{said}'", Used(act.name, used.item, used.on, act.quantity))
            case Deleted():
                self._void(act.name)
            case Closed():
                _done(self.native.post(f"periods/{act.month}/close", {}))

    def _use(self, said: str, used: Used) -> None:
        record = {"id": said, "item": used.item, "used_on": used.on, "quantity": used.quantity}
        _done(self.native.post("usage", [record]), 201)
        self.last[used.name] = (said, used)

    def _void(self, name: str) -> tuple[str, Used]:
        said, used = self.last[name]
        assert self.native.post("usage-voids", {"id": said}).status in {200, 201}
        return said, used


@dataclass
class CampfireTeller:
    """Quantities of months: a change or a deletion is another quantity."""

    actor: Actor
    used: dict[str, Used] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = Api(token=token_of(self.actor), actor=self.actor)
        self.paths: dict[str, str] = {}
        with books_of(self.actor):
            contracts = list(rows_of(self.actor, Contract).values_list("id", flat=True))
        for contract in contracts:
            for item in usage_items(actor=self.actor, contract_id=contract, asked=EVERYTHING).rows:
                self.paths[item.code] = f"contracts/{contract}/usage/{item.id}"

    def tell(self, act: Act) -> None:
        match act:
            case Used():
                self.used[act.name] = act
                self._tell_month(act)
            case Changed():
                before = self.used[act.name]
                self.used[act.name] = Used(act.name, before.item, before.on, act.quantity)
                self._tell_month(before)
            case Deleted():
                self._tell_month(self.used.pop(act.name))
            case Closed():
                _done(self.api.post("revenue-posting", {"period_month": f"{act.month}-01"}))

    def _tell_month(self, of: Used) -> None:
        month = of.on[:7]
        mine = [each.quantity for each in self.used.values() if (each.item, each.on[:7]) == (of.item, month)]
        lines = [{"period_month": f"{month}-01", "quantity": f"{sum(map(Decimal, mine), Decimal(0))}"}]
        _done(self.api.patch(self.paths[of.item], {"lines": lines}))


def journal_of(teller: Teller, story: Story, on_day: Callable[[int, int], None]) -> list[tuple[Any, ...]]:
    """The journal of a tenant to whom the story was told: day, entry, account, debit, credit."""
    on_day(1, 1)
    agree_on_reports(teller.actor)
    if isinstance(teller, CampfireTeller):
        teller = CampfireTeller(teller.actor)  # now there are lines to tell usage of
    for day, act in story:
        on_day(*day)
        teller.tell(act)
    assert_sound(teller.actor)
    reader = Api(token=token_of(teller.actor), actor=teller.actor)
    found = reader.get("/coa/api/transaction", all_time="true", limit=1000)
    assert found["next"] is None
    return sorted(
        (
            line["posted_at"],
            line["journal_order"],
            NUMBERS[line["account_number"]],
            line["debit_amount"] or Decimal(0),
            line["credit_amount"] or Decimal(0),
        )
        for line in found["results"]
    )


@pytest.mark.parametrize(
    ("other", "story"), [(CampfireTeller, STORY), (NativeTeller, STORY), (NativeTeller, LATE)], ids=["campfire", "native", "late"]
)  # fmt: skip
def test_the_journal_is_the_same(
    new_actor: Callable[..., Actor], on_day: Callable[[int, int], None], other: type[Any], story: Story
):
    theirs = journal_of(other(new_actor()), story, on_day)
    ours = journal_of(ZuoraTeller(new_actor()), story, on_day)
    assert ours == theirs
    assert len({row[1] for row in ours}) >= 6


def test_the_journal_is_what_the_story_comes_to(new_actor: Callable[..., Actor], on_day: Callable[[int, int], None]):
    """By hand. January: 900 calls of Acme at 0.10 from the pool of 100.00, 2 GB at 2.00, 250.25 calls of Bolt at 0.10.

    February: of 450 calls 10.00 are left in the pool and 35.00 are overage; 4 at 5.00; 100 calls of Bolt.
    """
    journal = journal_of(ZuoraTeller(new_actor()), STORY, on_day)
    revenue = [(on, credit) for on, _, account, _, credit in journal if account == "revenue"]
    assert sorted(revenue) == [
        ("2026-01-31", Decimal("4.00")),
        ("2026-01-31", Decimal("25.03")),
        ("2026-01-31", Decimal("90.00")),
        ("2026-02-28", Decimal("10.00")),
        ("2026-02-28", Decimal("10.00")),
        ("2026-02-28", Decimal("20.00")),
        ("2026-02-28", Decimal("35.00")),
    ]
