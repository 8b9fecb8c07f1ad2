"""Reported usage asked for: its status follows invoices and their voids, conditions and pages, in as many statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable_server.actor import Actor
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.usage import Revision, delete_reported_usage, report_usage, revise_reported_usage
from ratable_server.queries.reported_usage import Condition, ReportedAsked, customer_of, reported_usage
from tests.server.conftest import AT
from tests.server.usage.reporting import a_report, agree_on_reports, counting, refusals, reported

MOST_STATEMENTS = 15  # with the beginning and the end of the transaction


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def bill(actor: Actor, on: date, **of: Any) -> str:
    invoice = Invoice(contract=of.pop("contract", "acme"), amount=Decimal(1), **of)
    return file_invoice(actor=actor, invoice=invoice, on=on, at=AT).code


def statuses(actor: Actor) -> list[str]:
    return [row.status for row in reported_usage(actor=actor, asked=ReportedAsked(limit=10)).rows]


def test_usage_is_processed_once_its_month_is_billed_and_pending_again_when_the_invoice_is_void(actor: Actor):
    reported(actor)
    reported(actor, started_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert statuses(actor) == ["pending", "pending"]

    code = bill(actor, date(2026, 1, 31))
    reported(actor, quantity=Decimal(3))  # learned after the invoice
    assert statuses(actor) == ["processed", "pending", "pending"]

    void_document(actor=actor, kind="invoice", code=code, on=date(2026, 2, 2), at=AT)
    assert statuses(actor) == ["pending", "pending", "pending"]


@pytest.mark.parametrize("of", [{"prepaid_commit": "pool"}, {"contract": "bolt"}])
def test_an_invoice_of_something_else_bills_no_usage(actor: Actor, of: dict[str, str]):
    reported(actor)

    bill(actor, date(2026, 2, 28), **of)

    assert statuses(actor) == ["pending"]


def test_billed_usage_keeps_all_but_its_further_fields(actor: Actor):
    row_id = reported(actor)
    bill(actor, date(2026, 2, 1))
    asked = [
        Revision(id=row_id, fields={"quantity": Decimal(1)}),
        Revision(id=row_id, fields={"quantity": Decimal(10)}),
        Revision(id=row_id, fields={"description": "x", "further": {"a__c": 1}}),
    ]

    outcomes = revise_reported_usage(actor=actor, revisions=asked, at=AT)
    deleted = delete_reported_usage(actor=actor, ids=[row_id], at=AT)

    assert refusals(outcomes) == [
        ("reported_usage_must_not_be_billed", "quantity"),
        ("reported_usage_must_not_be_billed", "quantity"),
        ("reported_usage_must_not_be_billed", "description"),
    ]
    assert refusals(deleted) == [("reported_usage_must_not_be_billed", "")]
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]
    (outcome,) = revise_reported_usage(
        actor=actor, revisions=[Revision(id=row_id, fields={"further": {"a__c": 1}})], at=AT
    )
    assert outcome.became == "revised"
    (row,) = reported_usage(actor=actor, asked=ReportedAsked(limit=1)).rows
    assert (row.further, row.description, row.status) == ({"a__c": 1}, "", "processed")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("unit_of_measure", "=", "GB"), [1]),
        (("unit_of_measure", "!=", "GB"), [0, 2]),
        (("quantity", ">", Decimal(10)), [2]),
        (("quantity", "<=", Decimal(10)), [0, 1]),
        (("started_at", ">=", datetime(2026, 2, 1, tzinfo=UTC)), [1]),
        (("contract", "=", "acme"), [2]),
        (("contract", "!=", "acme"), [0, 1]),
        (("item", "=", None), [0, 1, 2]),
        (("contract", "!=", None), [2]),
        (("description", "=", None), [0, 1]),
        (("status", "=", "pending"), [0, 1, 2]),
        (("status", "=", "processed"), []),
        (("customer", "=", "Bolt GmbH"), []),
    ],
    ids=lambda value: str(value)[:60],
)
def test_reports_are_found_by_what_they_say(actor: Actor, condition: tuple[str, str, object], found: list[int]):
    reports = [
        a_report(),
        a_report(unit_of_measure="GB", started_at=datetime(2026, 2, 1, tzinfo=UTC)),
        a_report(quantity=Decimal(11), contract="acme", description="told"),
    ]
    ids = [each.id for each in report_usage(actor=actor, reports=reports, at=AT)]
    name, comparison, value = condition
    asked = ReportedAsked(limit=10, conditions=[Condition(name=name, comparison=comparison, value=value)])  # type: ignore[arg-type]

    rows = reported_usage(actor=actor, asked=asked).rows

    assert [row.id for row in rows] == [ids[place] for place in found]


def test_the_latest_usage_comes_first_and_pages_say_whether_there_are_more(actor: Actor):
    reports = [a_report(started_at=datetime(2026, 1, day, tzinfo=UTC)) for day in (3, 9, 6)]
    ids = [each.id for each in report_usage(actor=actor, reports=reports, at=AT)]

    first = reported_usage(actor=actor, asked=ReportedAsked(limit=2, is_latest_first=True))
    second = reported_usage(actor=actor, asked=ReportedAsked(limit=2, offset=2, is_latest_first=True))

    assert ([row.id for row in first.rows], first.has_more) == ([ids[1], ids[2]], True)
    assert ([row.id for row in second.rows], second.has_more) == ([ids[0]], False)


def test_a_list_takes_as_many_statements_however_long_it_is(actor: Actor):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            reported_usage(actor=actor, asked=ReportedAsked(limit=40))
        return len(captured)

    reported(actor)
    short = statements()
    report_usage(actor=actor, reports=[a_report(contract="acme")] * 20, at=AT)

    assert statements() == short


def test_one_report_takes_a_known_number_of_statements(actor: Actor):
    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            report_usage(actor=actor, reports=[a_report()] * count, at=AT)
        return len(captured)

    statements(1)  # the month has its row from here on

    assert statements(1) == statements(50)
    assert statements(1) <= MOST_STATEMENTS


def test_a_customer_of_another_tenant_is_unknown(actor: Actor, new_actor: Callable[..., Actor]):
    row_id = reported(actor)
    customer = customer_of(actor=actor, named=["Acme Inc"])
    assert customer is not None
    stranger = new_actor()

    assert customer_of(actor=stranger, named=[customer, "Acme Inc"]) is None
    assert reported_usage(actor=stranger, asked=ReportedAsked(limit=10)).rows == ()
    assert refusals(delete_reported_usage(actor=stranger, ids=[row_id], at=AT)) == [
        ("reported_usage_must_be_known", "id")
    ]
    assert statuses(actor) == ["pending"]
