"""Records of a call go into the books directly, those of a file through tables: what both leave there is the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db.models import Q

from ratable.terms import Contract, LateUsage, Policy, PrepaidCommit, UsageItem
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.policies import set_policy, set_timezone
from ratable_server.operations.usage import Receipt, RejectedFile, record_usage, recording, void_usage
from ratable_server.queries.identities import broken_laws
from ratable_server.store.models import (
    AuditEntry,
    Period,
    UsageImport,
    UsageKey,
    UsageRecord,
    UsageRejection,
    UsageVoid,
)
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, agree, close_months
from tests.server.soundness import assert_sound
from tests.server.usage.test_judging import AMOUNTS, CURRENCIES, DAYS, NUMBERS

JANUARY = date(2026, 1, 1)
OTHER = Contract(
    id="other",
    customer="Other Inc",
    currency="USD",
    starts_on=JANUARY,
    ends_before=date(2026, 6, 1),
    usage_items=(
        UsageItem(
            id="other-calls",
            product_id="api",
            usage_group_id="calls",
            starts_on=date(2026, 1, 10),
            ends_before=date(2026, 4, 10),
        ),
        UsageItem(id="bare", product_id="api", starts_on=JANUARY),
    ),
    prepaid_commits=(PrepaidCommit(id="fund", product_id="api", total_value=Decimal(50), starts_on=JANUARY),),
)
PLACES: tuple[Mapping[str, str], ...] = (
    {"item": "acme-calls"},
    {"item": "other-calls"},
    {"item": "bare"},
    {"item": "acme-suite"},
    {"item": "nowhere"},
    {"prepaid_commit": "pool"},
    {"prepaid_commit": "fund"},
    {"prepaid_commit": "nobody's"},
    {"contract": "acme"},
    {"contract": "nobody's"},
    {"item": "acme-calls", "contract": "acme"},
    {},
)
DIMENSIONS: tuple[Mapping[str, object], ...] = (
    {},
    {"region": "eu", "a": "1"},
    {"odd": 'tab\t, quote", backslash\\, \x1f\x1e and \\N', "ü": "é\u2028", "": "no name"},
    {"number": Decimal("1.50"), "truth": True, "nothing": None},
)
Ask = dict[str, Any]


def outcome(actor: Actor, ask: Ask) -> tuple[str, dict[str, Any]]:
    """The receipt of records, or what was told instead."""
    try:
        return "taken", told(record_usage(actor=actor, at=AT, **ask))
    except RejectedFile as refused:
        return "rejected", told(refused.receipt)
    except Refused as refused:
        return refused.code, {"detail": refused.detail}


def told(receipt: Receipt) -> dict[str, Any]:
    found = asdict(receipt)
    del found["import_code"]
    return {**found, "repeats": bool(found["repeats"])}


def books(actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """Everything that usage leaves in the books, less the numbers of rows."""
    left_out = {"id", "tenant_id", "record_id", "usage_import_id", "code", "state", "transaction_id"}
    models = (UsageImport, UsageRecord, UsageKey, UsageVoid, UsageRejection, AuditEntry, Period)
    of_usage = Q(subject_kind__startswith="usage_")
    with books_of(actor):
        codes = dict(rows_of(actor, UsageImport).order_by("id").values_list("code", "id"))
        places = {code: f"import {place}" for place, code in enumerate(codes)}
        found: dict[str, list[dict[str, Any]]] = {
            model.__name__: [
                {name: _named(value, places) for name, value in row.items() if name not in left_out}
                for row in rows_of(actor, model)
                .filter(of_usage if model is AuditEntry else Q())
                .order_by(*_order(model))
                .values()
            ]
            for model in models
        }
        rejections = rows_of(actor, UsageRejection).order_by("id").values_list("code", flat=True)
        found["rejected codes"] = [{"code": code} for code in rejections]
        return found


def _order(model: type[Any]) -> tuple[str, ...]:
    if model is UsageRecord:
        return ("number", "row")  # a file's rows may come to be out of their order
    return ("number", "event_id") if model is UsageVoid else ("pk",)  # those of one statement come in any order


def _named(value: Any, places: Mapping[str, str]) -> Any:
    """Codes of imports by their order, since both tenants draw from one sequence."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {_named(name, places): _named(each, places) for name, each in value.items() if name != "record_id"}
    return places.get(value, value) if isinstance(value, str) else value


def drawn(dice: random.Random) -> Ask:
    """Some records: mostly sound ones, whose ids come again with the same or with other content."""
    return {
        "records": [_record(dice) for _ in range(dice.choice([1, 1, 2, 5, 40]))],
        "is_partial": dice.random() < 0.6,
        "on_change": dice.choice(["reject", "revise", "restate"]),
        "takes_late": dice.random() < 0.8,
    }


def _record(dice: random.Random) -> dict[str, object]:
    is_odd = dice.random() < 0.3
    day, moment = dice.choice(DAYS) if is_odd else (dice.choice(["2026-02-03", "2026-03-04", "2026-03-05"]), "")
    quantity = dice.choice(NUMBERS) if is_odd else dice.choice(["1", "2.50"])
    amount = dice.choice(AMOUNTS) if is_odd else dice.choice(["", "3"])
    place = dice.choice(PLACES) if is_odd else dice.choice(PLACES[:2])
    told = {
        "id": dice.choice(["e\x1f1", "\\N", "ü"]) if dice.random() < 0.05 else f"e{dice.randrange(60)}",
        **place,
        "used_on": day,
        "used_at": moment,
        "quantity": quantity,
        "amount": amount,
        "currency": dice.choice(CURRENCIES) if is_odd else "",
        **(dice.choice(DIMENSIONS) if dice.random() < 0.2 else {}),
    }
    return {name: value for name, value in told.items() if value != "" or name in {"id", ""}}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("zone", "late_usage"),
    [("UTC", "next_open_period"), ("America/New_York", "reject"), ("Pacific/Apia", "next_open_period")],
)
def test_the_same_records_leave_the_same_books(
    new_actor: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch, seed: int, zone: str, late_usage: LateUsage
):
    pair = [new_actor(), new_actor()]
    for actor in pair:
        agree(actor, ACME, OTHER)
        set_timezone(actor=actor, timezone=zone, at=AT)
        set_policy(actor=actor, policy=Policy(late_usage=late_usage), at=AT)
    dice = random.Random(f"{seed} {zone}")  # noqa: S311 - the same story each time
    directly, through_tables = pair

    for step in range(8):
        ask = drawn(dice)
        with monkeypatch.context() as patch:
            one = outcome(directly, ask)
            patch.setattr(recording, "MOST_RECORDS", 0)
            other = outcome(through_tables, ask)
        assert one == other, ask
        if step == 3:
            for actor in pair:
                close_months(actor, date(2026, 2, 1))
        if step in {2, 5}:
            _void_one(pair)

    assert books(directly) == books(through_tables)
    assert broken_laws(actor=directly) == []


def _void_one(pair: list[Actor]) -> None:
    with books_of(pair[0]):
        key = rows_of(pair[0], UsageKey).order_by("-month_on", "event_id").first()
    if key is None:
        return
    for actor in pair:
        with suppress(Refused):  # where it was taken back before: that, too, is the same of both
            void_usage(actor=actor, event_id=key.event_id, at=AT)


@pytest.mark.parametrize("part", range(2))
def test_every_way_to_tell_a_day_with_every_number(
    new_actor: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch, part: int
):
    told = product(("other-calls", "bare", "nowhere"), DAYS[part::2], NUMBERS, AMOUNTS, CURRENCIES)
    names = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")
    rows = ((f"e{at}", item, *day, *rest) for at, (item, day, *rest) in enumerate(told) if at % 3 == part)
    records = [{name: text for name, text in zip(names, row, strict=True) if text} for row in rows]
    pair = [new_actor(timezone="Asia/Kolkata"), new_actor(timezone="Asia/Kolkata")]
    for actor in pair:
        agree(actor, ACME, OTHER)

    one = outcome(pair[0], {"records": records, "is_partial": True})
    monkeypatch.setattr(recording, "MOST_RECORDS", 0)
    other = outcome(pair[1], {"records": records, "is_partial": True})

    assert one == other
    assert books(pair[0]) == books(pair[1])


def test_records_without_an_id_are_new_each_time(actor: Actor):
    agree(actor)
    row = {"item": "acme-calls", "used_on": "2026-01-05", "quantity": "1"}

    receipts = [record_usage(actor=actor, records=[row, row], at=AT) for _ in range(2)]

    with books_of(actor):
        ids = list(rows_of(actor, UsageKey).order_by("record_id").values_list("event_id", flat=True))
    assert ids == [f"{receipt.import_code}.{row}" for receipt in receipts for row in (1, 2)]
    assert_sound(actor)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"used_on": "2026-01-05", "used_at": "2026-01-05T00:00:00Z"}, "row 2: used_on and used_at"),
        ({"prepaid_commit": "pool", "contract": "acme"}, "row 2: prepaid_commit and contract"),
        ({"item": "!pool"}, "row 2: begins with !"),
        ({"id": "!1"}, "row 2: begins with !"),
        ({"id": "i" * 501}, "row 2: has an id of more than 500"),
    ],
)
def test_a_record_that_leaves_open_what_it_says_is_refused_both_ways(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, record: Mapping[str, object], said: str
):
    agree(actor)
    good = {"id": "e1", "item": "acme-calls", "used_on": "2026-01-05", "quantity": "1"}
    before = books(actor)

    one = outcome(actor, {"records": [good, record]})
    monkeypatch.setattr(recording, "MOST_RECORDS", 0)

    assert one == outcome(actor, {"records": [good, record]})
    assert (one[0], said in one[1]["detail"]) == ("file_must_be_readable", True)
    assert books(actor) == before
