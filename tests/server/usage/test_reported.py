"""Reports of a billing system: what they count on, how they change, what is refused and then writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.operations.usage import (
    Revision,
    delete_reported_usage,
    report_usage,
    reported_planning,
    revise_reported_usage,
    void_usage,
)
from ratable_server.store.models import AuditEntry, ReportedUsage, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.usage.reporting import a_report, agree_on_reports, counting, how_many, refusals, reported


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def revise(actor: Actor, row_id: int, **fields: object) -> None:
    (outcome,) = revise_reported_usage(actor=actor, revisions=[Revision(id=row_id, fields=fields)], at=AT)
    assert outcome.refused is None, outcome.refused


def test_a_report_counts_on_the_item_that_is_sold_by_its_unit(actor: Actor):
    row_id = reported(actor)

    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]
    with books_of(actor):
        row = rows_of(actor, ReportedUsage).get(id=row_id)
        entry = rows_of(actor, AuditEntry).filter(subject_kind="reported_usage").get()
        (record,) = rows_of(actor, UsageRecord)
    assert list(row.counted) == ["acme-calls"]
    assert row.number == record.number
    assert (entry.action, entry.before) == ("report_usage", None)
    assert entry.after == {**(entry.after or {}), "quantity": "10"}


def test_a_report_without_an_item_counts_on_all_of_the_customer_s_that_cover_its_day(actor: Actor):
    reported(actor, started_at=datetime(2026, 7, 2, tzinfo=UTC))

    assert counting(actor) == [
        ("/acme-calls", "2026-07-02", Decimal(10)),
        ("/labs-calls", "2026-07-02", Decimal(10)),
    ]


@pytest.mark.parametrize("named", [{"contract": "labs"}, {"item": "labs-calls"}])
def test_a_contract_or_an_item_that_is_named_is_the_only_one(actor: Actor, named: dict[str, str]):
    reported(actor, started_at=datetime(2026, 7, 2, tzinfo=UTC), **named)

    assert counting(actor) == [("/labs-calls", "2026-07-02", Decimal(10))]


def test_what_is_sold_without_a_unit_is_told_as_each(actor: Actor):
    reported(actor, unit_of_measure="Each")

    assert [item for item, *_ in counting(actor)] == ["/acme-each"]


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"customer": "Nobody"}, ("code_must_be_known", "customer")),
        ({"contract": "bolt"}, ("code_must_be_known", "contract")),
        ({"item": "bolt-calls"}, ("code_must_be_known", "item")),
        ({"contract": "labs", "item": "acme-calls"}, ("code_must_be_known", "item")),
        ({"unit_of_measure": "call"}, ("unit_of_measure_must_be_sold", "unit_of_measure")),
        ({"item": "acme-data"}, ("unit_of_measure_must_be_sold", "unit_of_measure")),
        ({"item": "labs-calls"}, ("report_must_fall_in_an_item", "started_at")),
        ({"started_at": datetime.fromisoformat("2025-12-31T23:59:00")}, ("report_must_fall_in_an_item", "started_at")),
        ({"quantity": Decimal(-1)}, ("reported_quantity_must_count", "quantity")),
        ({"quantity": Decimal(12345678901234)}, ("reported_quantity_must_count", "quantity")),
        ({"quantity": Decimal("0.1234567890123")}, ("reported_quantity_must_count", "quantity")),
        ({"quantity": Decimal("NaN")}, ("reported_quantity_must_count", "quantity")),
        ({"description": "x" * 201}, ("text_must_be_short", "description")),
        ({"unique_key": "x" * 256}, ("text_must_be_short", "unique_key")),
        ({"description": "\x00"}, ("text_must_be_plain", "description")),
        ({"started_at": datetime.min.replace(tzinfo=UTC)}, ("date_must_be_in_range", "started_at")),
        ({"ended_at": datetime(2026, 1, 9, tzinfo=UTC)}, ("dates_must_ascend", "ended_at")),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_report_that_cannot_be_is_refused_and_leaves_nothing(
    actor: Actor, fields: dict[str, object], refused: tuple[str, str]
):
    outcomes = report_usage(actor=actor, reports=[a_report(**fields)], at=AT)

    assert refusals(outcomes) == [refused]
    assert how_many(actor) == (0, 0, 0)
    with books_of(actor):
        assert not rows_of(actor, AuditEntry).filter(subject_kind__in=["reported_usage", "usage_import"]).exists()


def test_of_several_the_good_ones_are_taken_in_their_order(actor: Actor):
    reports = [a_report(quantity=Decimal(1)), a_report(unit_of_measure="x"), a_report(quantity=Decimal(3))]

    outcomes = report_usage(actor=actor, reports=reports, at=AT)

    assert refusals(outcomes) == [None, ("unit_of_measure_must_be_sold", "unit_of_measure"), None]
    assert [quantity for *_, quantity in counting(actor)] == [Decimal(1), Decimal(3)]


def test_a_revision_replaces_what_counted_and_a_deletion_takes_it_back(actor: Actor):
    row_id = reported(actor)

    revise(actor, row_id, quantity=Decimal("12.50"))
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal("12.5"))]
    assert how_many(actor) == (1, 2, 1)

    (outcome,) = delete_reported_usage(actor=actor, ids=[row_id], at=AT)
    assert outcome.became == "deleted"
    assert counting(actor) == []
    assert how_many(actor) == (0, 2, 2)


def test_another_unit_counts_on_other_items_and_the_way_back_under_another_id(actor: Actor):
    row_id = reported(actor)

    revise(actor, row_id, unit_of_measure="GB")
    assert counting(actor) == [(".2/acme-data", "2026-01-10", Decimal(10))]

    revise(actor, row_id, unit_of_measure="Call")
    assert counting(actor) == [(".3/acme-calls", "2026-01-10", Decimal(10))]


def test_what_does_not_count_changes_without_usage(actor: Actor):
    row_id = reported(actor, further={"region__c": "EU", "team__c": "a"})

    revise(actor, row_id, description="corrected", further={"region__c": "US", "team__c": None})

    assert how_many(actor) == (1, 1, 0)
    with books_of(actor):
        row = rows_of(actor, ReportedUsage).get(id=row_id)
        (record,) = rows_of(actor, UsageRecord)
    assert (row.description, row.further, row.number) == ("corrected", {"region__c": "US"}, record.number)


def test_the_same_row_may_be_changed_twice_in_one_go(actor: Actor):
    row_id = reported(actor)
    revisions = [Revision(id=row_id, fields={"quantity": Decimal(q)}) for q in (11, 12)]

    outcomes = revise_reported_usage(actor=actor, revisions=revisions, at=AT)

    assert [each.became for each in outcomes] == ["revised", "revised"]
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(12))]
    twice = delete_reported_usage(actor=actor, ids=[row_id, row_id], at=AT)
    assert refusals(twice) == [None, ("reported_usage_must_be_known", "id")]


def test_a_report_whose_record_was_voided_by_itself_is_deleted_all_the_same(actor: Actor):
    row_id = reported(actor)
    with books_of(actor):
        (record,) = rows_of(actor, UsageRecord)
    void_usage(actor=actor, event_id=record.event_id, at=AT)

    (outcome,) = delete_reported_usage(actor=actor, ids=[row_id], at=AT)

    assert outcome.became == "deleted"
    assert how_many(actor) == (0, 1, 1)


def test_whatever_else_a_call_names_each_report_means_the_same(actor: Actor):
    july = datetime(2026, 7, 2, tzinfo=UTC)
    named: list[dict[str, object]] = [
        {"contract": "labs"},
        {"item": "acme-calls"},
        {"contract": "acme", "item": "acme-calls"},
    ]
    wrong: list[dict[str, object]] = [
        {"contract": "labs", "item": "acme-calls"},
        {"contract": "bolt"},
        {"item": "bolt-calls"},
        {"contract": 0},
    ]
    reports = [a_report(started_at=july, **each) for each in (*named, *wrong)]

    alone = report_usage(actor=actor, reports=reports, at=AT)
    beside_any = report_usage(actor=actor, reports=[*reports, a_report(started_at=july)], at=AT)

    assert refusals(alone) == [None] * 3 + [
        ("code_must_be_known", name) for name in ("item", "contract", "item", "contract")
    ]
    assert refusals(beside_any) == [*refusals(alone), None]
    assert [item for item, *_ in counting(actor)] == [
        "/labs-calls", "/acme-calls", "/acme-calls", "/labs-calls", "/acme-calls", "/acme-calls", "/acme-calls", "/labs-calls",
    ]  # fmt: skip


# ── unique keys ──────────────────────────────────────────────────────────────────────────────


def test_of_two_revisions_to_one_new_key_the_second_is_refused(actor: Actor):
    first, second = reported(actor), reported(actor)
    revisions = [Revision(id=row_id, fields={"unique_key": "new"}) for row_id in (first, second, first)]

    outcomes = revise_reported_usage(actor=actor, revisions=revisions, at=AT)

    assert refusals(outcomes) == [None, ("unique_key_must_be_unused", "unique_key"), None]
    with books_of(actor):
        keys = dict(rows_of(actor, ReportedUsage).values_list("id", "unique_key"))
    assert keys == {first: "new", second: ""}


def test_a_revision_that_is_refused_takes_no_key(actor: Actor):
    first, second = reported(actor), reported(actor)
    bad = Revision(id=first, fields={"unique_key": "new", "quantity": Decimal(-1)})

    outcomes = revise_reported_usage(
        actor=actor, revisions=[bad, Revision(id=second, fields={"unique_key": "new"})], at=AT
    )

    assert refusals(outcomes) == [("reported_quantity_must_count", "quantity"), None]


def test_a_key_that_is_always_taken_is_told_as_weather_and_not_tried_for_ever(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    reported(actor, unique_key="taken")
    looks: list[int] = []

    def find_nothing(_actor: Actor, keys: Collection[str]) -> dict[str, ReportedUsage]:
        looks.append(len(keys))
        assert len(looks) <= 20, "it is tried for ever"
        return {}

    monkeypatch.setattr(reported_planning, "held_reports_by_key", find_nothing)
    with pytest.raises(Unavailable) as told:
        report_usage(actor=actor, reports=[a_report(unique_key="taken")], at=AT)

    assert (told.value.code, looks) == ("busy", [1] * 5)
    assert how_many(actor) == (1, 1, 0)
