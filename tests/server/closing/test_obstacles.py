"""The gate of the close: everything that stands in the way is named at once, with figures, and nothing is posted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connection

import ratable
from ratable.cases.records import Usage
from ratable_server.actor import Actor
from ratable_server.errors import Obstacle, Obstructed
from ratable_server.operations.obstacles import obstacles
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.store.models import PeriodClose, Run, Tenant, UsageImport, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.operations.agreements import held
from tests.server.stories import DECEMBER, FEBRUARY, JANUARY, MARCH, company, fill, use

AT = datetime(2026, 2, 3, 12, tzinfo=UTC)


@pytest.fixture
def january(actor: Actor, tmp_path: Path) -> Actor:
    """The admin of books that are ready for their first close."""
    fill(actor, company(tmp_path, closed_through=DECEMBER))
    return actor


def drafted(actor: Actor) -> int:
    return run_period(actor=actor, month_on=JANUARY, at=AT).run_id


def found(actor: Actor, run_id: int | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.detail) for one in obstacles(actor=actor, month_on=JANUARY, at=AT, run_id=run_id)]


def change(actor: Actor, statement: str) -> None:
    """What no operation does: a draft is not guarded."""
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(statement)


def receipt(actor: Actor, **fields: object) -> UsageImport:
    with books_of(actor):
        row = UsageImport(tenant_id=actor.tenant_id, recorded_at=AT, recorded_by=actor.name, request_id="r-1", **fields)
        row.save(force_insert=True)
    return row


def reject(actor: Actor, of: UsageImport, *, row: int) -> None:
    with books_of(actor):
        UsageRejection(tenant_id=actor.tenant_id, usage_import=of, row=row, code="item_must_be_known").save()


def assert_refused(actor: Actor, run_id: int | None, reasons: list[tuple[str, str]]) -> None:
    """The close is refused for these reasons, and the books hold what they held."""
    before = held(actor)
    with pytest.raises(Obstructed) as refused:
        close_period(actor=actor, month_on=JANUARY, at=AT, run_id=run_id)
    assert [(one.code, one.detail) for one in refused.value.obstacles] == reasons
    assert refused.value.code == reasons[0][0]
    assert held(actor) == before


def test_nothing_stands_in_the_way(january: Actor):
    run_id = drafted(january)

    assert found(january) == []
    assert found(january, run_id) == []
    assert close_period(actor=january, month_on=JANUARY, at=AT, run_id=run_id).version == 1


def test_everything_that_stands_in_the_way_is_told_at_once(january: Actor, second_connection: psycopg.Connection):
    """An import at work, rejected rows, usage after the draft, and one person for two."""
    run_id = drafted(january)
    pending = receipt(january, code="import-a", status="pending")
    second_connection.execute("SELECT pg_advisory_lock(hashtext('usage_import'), %s)", [pending.id % 2147483647])
    failed = receipt(january, code="import-b", status="failed")
    reject(january, failed, row=1)
    reject(january, failed, row=2)
    use(january, Usage(item="bolt-calls", used_on="2026-01-30", quantity="1", id="one-more"), AT.date())
    with books_of(january):
        rows_of(january, Tenant).update(two_person_close=True)

    reasons = [
        ("imports_must_be_finished", "unfinished: import-a"),
        ("rejections_must_be_resolved", "2 rejected rows of usage are open: item_must_be_known"),
        ("run_must_be_current", "learned since: usage_record"),
        ("close_must_be_approved_by_another", f"{january.name} computed run {run_id}"),
    ]
    assert found(january, run_id) == reasons
    assert_refused(january, run_id, reasons)
    with pytest.raises(Obstructed) as refused:
        close_period(actor=january, month_on=JANUARY, at=AT, run_id=run_id)
    assert refused.value.reasons[0] == "imports_must_be_finished: period: unfinished: import-a"
    assert str(refused.value).count(";") == 3


def test_an_import_whose_process_died_keeps_nobody_from_closing(january: Actor):
    receipt(january, code="import-a", status="pending")

    close_period(actor=january, month_on=JANUARY, at=AT)

    with books_of(january):
        assert rows_of(january, UsageImport).get(code="import-a").status == "failed"


def test_nothing_is_computed_for_a_month_that_cannot_be_closed(january: Actor):
    reject(january, receipt(january, code="import-b", status="failed"), row=7)

    assert_refused(
        january, None, [("rejections_must_be_resolved", "1 rejected row of usage is open: item_must_be_known")]
    )

    with books_of(january):
        assert not rows_of(january, Run).exists()


def test_months_close_in_order_and_once(january: Actor):
    def told(month_on: object) -> list[Obstacle]:
        return obstacles(actor=january, month_on=month_on, at=AT)  # type: ignore[arg-type]

    assert told(FEBRUARY) == [Obstacle(code="periods_must_close_in_order", detail="2026-01 is open")]
    close_period(actor=january, month_on=JANUARY, at=AT)
    assert told(JANUARY) == [Obstacle(code="period_must_be_open", detail="2026-01 is closed")]
    assert told(FEBRUARY) == []
    assert told(MARCH) == [Obstacle(code="periods_must_close_in_order", detail="2026-02 is open")]


def test_a_draft_is_old_once_a_month_before_it_was_reopened(january: Actor):
    close_period(actor=january, month_on=JANUARY, at=AT)
    run_id = run_period(actor=january, month_on=FEBRUARY, at=AT).run_id
    reopen_period(actor=january, month_on=JANUARY, reason="a look", at=AT)
    close_period(actor=january, month_on=JANUARY, at=AT)

    with pytest.raises(Obstructed, match="run_must_be_current: run: learned since: period"):
        close_period(actor=january, month_on=FEBRUARY, at=AT, run_id=run_id)


def test_a_draft_of_another_calculation_is_old(january: Actor, monkeypatch: pytest.MonkeyPatch):
    run_id, then = drafted(january), ratable.__version__
    monkeypatch.setattr(ratable, "__version__", "999.0.0")

    assert found(january, run_id) == [("run_must_be_current", f"computed by version {then}, this is 999.0.0")]


IDENTITIES = [
    (
        "UPDATE draft_rated_line SET amount_minor = amount_minor + 7 WHERE tier = 3",
        "rated 2026-01 USD: 945.07 rated, 945.00 drawn, overage and pay-as-you-go",
    ),
    (
        "DELETE FROM draft_allocation WHERE contract_id = 'bolt'",
        "rated 2026-01 EUR: 50.00 rated, 0.00 drawn, overage and pay-as-you-go",
    ),
    (
        "DELETE FROM draft_revenue_transaction WHERE source_kind = 'subscription'",
        "recognized 2026-01 USD: 945.00 recognized, 1,255.00 in the journal",
    ),
    (
        "UPDATE draft_journal_line SET debit_minor = debit_minor + 1 WHERE debit_minor = 5000",
        "balanced 2026-01 EUR: 50.01 debit, 50.00 credit",
    ),
    (
        "UPDATE usage_import SET quantity_received = 12000.5 WHERE quantity_received = 12000",
        "received (quantity) {}: 12,000.5 received, 12,000 accepted, voided, duplicate and rejected",
    ),
    (
        "UPDATE usage_import SET rows_received = 2, rows_accepted = 2 WHERE quantity_received = 12000",
        "received (records) {}: 2 received, 1 accepted, voided, duplicate and rejected",
    ),
]


@pytest.mark.parametrize(("statement", "told"), IDENTITIES, ids=lambda value: str(value)[:50])
def test_an_identity_that_does_not_hold_refuses_the_close_with_its_figures(january: Actor, statement: str, told: str):
    run_id = drafted(january)
    with books_of(january):
        code = rows_of(january, UsageImport).get(quantity_received=12000).code
    change(january, statement)

    reasons = [("identities_must_hold", told.format(code))]
    assert found(january, run_id) == reasons
    assert_refused(january, run_id, reasons)


def test_what_was_drawn_in_closed_months_counts_where_a_contract_is_computed_again(actor: Actor, tmp_path: Path):
    """February has late usage of January: all of January is rated again, and only the difference is drawn."""
    fill(actor, company(tmp_path, closed_through=JANUARY))
    run_id = run_period(actor=actor, month_on=FEBRUARY, at=AT).run_id
    assert obstacles(actor=actor, month_on=FEBRUARY, at=AT, run_id=run_id) == []

    change(
        actor, f"UPDATE draft_draw SET gross_minor = 0, net_minor = 0 WHERE run_id = {run_id} AND gross_minor = 2500"
    )

    (obstacle,) = obstacles(actor=actor, month_on=FEBRUARY, at=AT, run_id=run_id)
    assert obstacle.detail == "rated 2026-01 USD: 970.00 rated, 945.00 drawn, overage and pay-as-you-go"
    with books_of(actor):
        assert rows_of(actor, PeriodClose).count() == 1
