"""Reports and their keys, their prices, closed months: what a file revises, restores and refuses, what a late change comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratable.terms import Product, RatingOptions, Terms, UsageGroup
from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.operations.policies import set_policy
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import (
    RefusedReports,
    Report,
    ReportedFile,
    ReportOutcome,
    Revision,
    delete_reported_usage,
    report_usage,
    revise_reported_usage,
)
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import ReportedUsage, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.usage.reporting import ACME, a_report, agree_on_reports, counting, how_many, refusals, reported

JANUARY = date(2026, 1, 1)


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def from_file(actor: Actor, *reports: Report, name: str = "january.csv") -> tuple[ReportOutcome, ...]:
    file = ReportedFile(import_id=None, name=name)
    return report_usage(actor=actor, reports=reports, file=file, is_partial=False, at=AT)


def became(outcomes: tuple[ReportOutcome, ...]) -> list[str | None]:
    return [each.became for each in outcomes]


# ── keys ─────────────────────────────────────────────────────────────────────────────────────


def test_a_file_again_changes_nothing_and_what_differs_is_a_revision(actor: Actor):
    first = from_file(actor, a_report(unique_key="a"), a_report(unique_key="b", further={"x__c": 1}))
    again = from_file(actor, a_report(unique_key="a"), a_report(unique_key="b", further={"x__c": 1}))
    other = from_file(actor, a_report(unique_key="a", quantity=Decimal(11)), a_report(unique_key="b"), name="other.csv")

    assert [became(each) for each in (first, again, other)] == [
        ["created", "created"],
        ["unchanged", "unchanged"],
        ["revised", "revised"],
    ]
    assert [[each.id for each in outcomes] for outcomes in (again, other)] == [[each.id for each in first]] * 2
    assert [quantity for *_, quantity in counting(actor)] == [Decimal(11), Decimal(10)]
    with books_of(actor):
        rows = list(rows_of(actor, ReportedUsage).order_by("id"))
    assert [(row.origin, row.file_name, row.further) for row in rows] == [("import", "january.csv", {})] * 2


def test_what_was_deleted_is_restored_and_overwritten(actor: Actor):
    row_id = reported(actor, unique_key="a", description="old", further={"x__c": 1})
    delete_reported_usage(actor=actor, ids=[row_id], at=AT)

    (outcome,) = from_file(actor, a_report(unique_key="a", contract="acme", quantity=Decimal(3)))

    assert (outcome.id, outcome.became) == (row_id, "restored")
    assert counting(actor) == [(".2/acme-calls", "2026-01-10", Decimal(3))]
    with books_of(actor):
        row = rows_of(actor, ReportedUsage).get()
    assert (row.description, row.further, row.origin, row.deleted_at) == ("", {}, "import", None)


def test_a_key_stays_with_its_customer_its_contract_and_its_item(actor: Actor):
    from_file(actor, a_report(unique_key="a"))
    before = how_many(actor)

    with pytest.raises(RefusedReports) as refused:
        from_file(actor, a_report(), a_report(unique_key="a", contract="acme"))

    assert refusals(refused.value.outcomes) == [None, ("unique_key_must_keep_its_place", "unique_key")]
    assert how_many(actor) == before


def test_a_key_that_a_file_has_twice_is_refused_wherever_it_stands(actor: Actor):
    with pytest.raises(RefusedReports) as refused:
        from_file(actor, a_report(unique_key="a"), a_report(), a_report(unique_key="a"))

    told = ("unique_key_must_be_told_once", "unique_key")
    assert refusals(refused.value.outcomes) == [told, None, told]
    assert how_many(actor) == (0, 0, 0)


def test_one_bad_row_of_a_file_refuses_all_of_it(actor: Actor):
    with pytest.raises(RefusedReports, match="1 of 3 break a rule; the first is number 2") as refused:
        from_file(actor, a_report(), a_report(unit_of_measure="x"), a_report())

    assert refusals(refused.value.outcomes) == [None, ("unit_of_measure_must_be_sold", "unit_of_measure"), None]
    assert how_many(actor) == (0, 0, 0)


def test_a_file_does_not_change_what_is_billed(actor: Actor):
    from_file(actor, a_report(unique_key="a"))
    file_invoice(actor=actor, invoice=Invoice(contract="acme", amount=Decimal(1)), on=date(2026, 2, 1), at=AT)

    assert became(from_file(actor, a_report(unique_key="a"))) == ["unchanged"]
    with pytest.raises(RefusedReports) as refused:
        from_file(actor, a_report(unique_key="a", quantity=Decimal(1)))
    assert refusals(refused.value.outcomes) == [("reported_usage_must_not_be_billed", "quantity")]
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]


def test_a_key_may_be_changed_to_one_that_nobody_has(actor: Actor):
    reported(actor, unique_key="a")
    row_id = reported(actor)
    revisions = [Revision(id=row_id, fields={"unique_key": key}) for key in ("a", "b")]

    outcomes = revise_reported_usage(actor=actor, revisions=revisions, at=AT)

    assert refusals(outcomes) == [("unique_key_must_be_unused", "unique_key"), None]


# ── prices that records carry ────────────────────────────────────────────────────────────────


def test_a_further_field_that_the_price_plan_looks_at_counts(actor: Actor):
    options = RatingOptions(price_dimension="rate__c")
    prerated = UsageGroup(id="prerated", pricing_model="unit_based", tiers=(), unit_of_measure="Trip", options=options)
    product = Product(id="trips", name="Trips", usage_groups=(prerated,))
    item = replace(ACME.usage_items[0], id="own-trips", product_id="trips", usage_group_id="prerated", draws=False)
    own = replace(ACME, id="own", prepaid_commits=(), usage_items=(item,))
    import_terms(actor=actor, terms=Terms(products=(product,), contracts=(own,)), at=AT)

    row_id = reported(actor, unit_of_measure="Trip", further={"rate__c": Decimal("0.50"), "team__c": "a"})
    (bare,) = report_usage(actor=actor, reports=[a_report(unit_of_measure="Trip")], at=AT)
    assert bare.refused is not None
    assert bare.refused.code == "number_must_be_exact"
    revise_reported_usage(actor=actor, revisions=[Revision(id=row_id, fields={"further": {"rate__c": "0.75"}})], at=AT)
    revise_reported_usage(actor=actor, revisions=[Revision(id=row_id, fields={"further": {"team__c": "b"}})], at=AT)

    with books_of(actor):
        rows = rows_of(actor, UsageRecord).order_by("id")
        assert [row.dimensions for row in rows] == [{"rate__c": "0.5"}, {"rate__c": "0.75"}]
    file_invoice(actor=actor, invoice=Invoice(contract="own", amount=Decimal(1)), on=date(2026, 2, 1), at=AT)
    told = [Revision(id=row_id, fields={"further": {name: "9"}}) for name in ("rate__c", "team__c")]
    outcomes = revise_reported_usage(actor=actor, revisions=told, at=AT)
    assert refusals(outcomes) == [("reported_usage_must_not_be_billed", "rate__c"), None]


# ── closed months ────────────────────────────────────────────────────────────────────────────


def test_a_change_of_a_closed_month_is_late_usage(actor: Actor):
    revised, deleted = reported(actor), reported(actor, quantity=Decimal(5))
    close_period(actor=actor, month_on=JANUARY, at=AT)

    (outcome,) = revise_reported_usage(
        actor=actor, revisions=[Revision(id=revised, fields={"quantity": Decimal(7)})], at=AT
    )
    (gone,) = delete_reported_usage(actor=actor, ids=[deleted], at=AT)

    assert (outcome.became, gone.became) == ("revised", "deleted")
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(7))]
    with books_of(actor):
        assert rows_of(actor, UsageRecord).order_by("id").last().open_on == date(2026, 2, 1)  # type: ignore[union-attr]


@pytest.mark.parametrize("to", [10, 20])
def test_where_late_usage_is_rejected_a_closed_month_stays_as_it_is(actor: Actor, to: int):
    row_id = reported(actor)
    with books_of(actor):
        policy = replace(load_policy(actor), late_usage="reject")
    set_policy(actor=actor, policy=policy, at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    before = how_many(actor)
    moved = {"started_at": datetime(2026, 2, to, tzinfo=UTC)}

    outcomes = revise_reported_usage(
        actor=actor,
        revisions=[Revision(id=row_id, fields={"quantity": Decimal(7)}), Revision(id=row_id, fields=moved)],
        at=AT,
    )
    deleted = delete_reported_usage(actor=actor, ids=[row_id], at=AT)
    new = report_usage(actor=actor, reports=[a_report(), a_report(**moved)], at=AT)

    closed = ("period_must_be_open", "started_at")
    assert refusals(outcomes) == [closed, closed]
    assert refusals(deleted) == [closed]
    assert refusals(new) == [closed, None]
    assert how_many(actor) == (before[0] + 1, before[1] + 1, before[2])
