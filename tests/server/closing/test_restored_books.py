"""Books that were dumped and restored: numbers of transactions begin anew, and what was learned stays learned, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from ratable.terms import Contract, Subscription
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period
from ratable_server.operations.runs import outdated_by, run_period
from ratable_server.operations.subscriptions import add_subscription
from ratable_server.queries.reports import report
from ratable_server.store.models import Run
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, MARCH, NEXT_YEAR, agree
from tests.server.rows import enter
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
BARE = Contract(id="bare", customer="Acme Inc", currency="USD", starts_on=JANUARY)
SEATS = Subscription(id="seats", total_value=Decimal(365), starts_on=JANUARY, ends_before=NEXT_YEAR)
_LATER = 10**9  # transactions that the other cluster had behind it

# What a dump of another cluster looks like here: its numbers of transactions, its name.
_HERE = "(pg_control_system()).system_identifier::text"
_ENTRIES = f"""
UPDATE audit_entry SET cluster = %(from)s, transaction_id = transaction_id + %(by)s
WHERE tenant_id = %(tenant)s AND cluster = {_HERE}
"""
_RUNS = f"""
UPDATE run SET cluster = %(from)s, snapshot = (
    SELECT pg_snapshot_xmin(old)::text::bigint + %(by)s || ':' || pg_snapshot_xmax(old)::text::bigint + %(by)s || ':'
        || COALESCE((SELECT string_agg((ip::text::bigint + %(by)s)::text, ',' ORDER BY ip) FROM pg_snapshot_xip(old) AS ip), '')
    FROM (SELECT run.snapshot::pg_snapshot AS old) AS told
) WHERE tenant_id = %(tenant)s AND cluster = {_HERE}
"""

Restore = Callable[[Actor, int], None]


@pytest.fixture
def restore(superuser: psycopg.Connection) -> Restore:
    """Make books look as if they had been restored from a cluster that was so many transactions further."""

    def restored(actor: Actor, by: int) -> None:
        told = {"from": f"cluster {by}", "by": by, "tenant": actor.tenant_id}
        with superuser.transaction():
            superuser.execute("SET LOCAL session_replication_role = replica")
            superuser.execute(_ENTRIES, told)
            superuser.execute(_RUNS, told)

    return restored


@pytest.fixture
def january(actor: Actor) -> Actor:
    """Books whose January is closed, with a contract that earned nothing."""
    agree(actor, BARE)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    return actor


def told(actor: Actor) -> list[tuple[date, date, int]]:
    rows = report(actor=actor, name="revenue").table.to_pylist()
    return [(row["period"], row["service_period"], row["amount_minor"]) for row in rows]


@pytest.mark.parametrize("by", [_LATER, -100], ids=["fewer_transactions_here", "more_transactions_here"])
def test_terms_that_are_signed_late_after_a_restore_catch_up_once(january: Actor, restore: Restore, by: int):
    restore(january, by)
    add_subscription(actor=january, contract="bare", subscription=SEATS, at=AT)
    close_period(actor=january, month_on=FEBRUARY, at=AT)
    close_period(actor=january, month_on=MARCH, at=AT)

    assert told(january) == [(FEBRUARY, JANUARY, 3100), (FEBRUARY, FEBRUARY, 2800), (MARCH, MARCH, 3100)]
    assert_sound(january)


def test_a_draft_of_before_the_restore_closes_the_month_unless_something_was_learned(january: Actor, restore: Restore):
    looked_at = run_period(actor=january, month_on=FEBRUARY, at=AT)
    restore(january, _LATER)
    with books_of(january):
        assert outdated_by(january, rows_of(january, Run).get(id=looked_at.run_id)) == []

    add_subscription(actor=january, contract="bare", subscription=SEATS, at=AT)
    with pytest.raises(Refused, match="learned since: contract"):
        close_period(actor=january, month_on=FEBRUARY, at=AT, run_id=looked_at.run_id)
    assert told(january) == []


def test_a_draft_of_after_the_restore_knows_what_was_there(january: Actor, restore: Restore):
    restore(january, _LATER)
    add_subscription(actor=january, contract="bare", subscription=SEATS, at=AT)
    draft = run_period(actor=january, month_on=FEBRUARY, at=AT)

    assert close_period(actor=january, month_on=FEBRUARY, at=AT, run_id=draft.run_id).version == 1
    assert told(january) == [(FEBRUARY, JANUARY, 3100), (FEBRUARY, FEBRUARY, 2800)]


def test_books_that_were_restored_twice_go_on(january: Actor, restore: Restore):
    restore(january, _LATER)
    add_subscription(actor=january, contract="bare", subscription=SEATS, at=AT)
    close_period(actor=january, month_on=FEBRUARY, at=AT)
    draft = run_period(actor=january, month_on=MARCH, at=AT)
    restore(january, 2 * _LATER)

    assert close_period(actor=january, month_on=MARCH, at=AT, run_id=draft.run_id).version == 1
    assert told(january)[2:] == [(MARCH, MARCH, 3100)]


def test_what_a_running_transaction_told_while_a_run_read_is_unknown_to_it(
    january: Actor, second_connection: psycopg.Connection, restore: Restore
):
    enter(second_connection, january)
    second_connection.execute(
        "INSERT INTO audit_entry (tenant_id, recorded_at, actor, request_id, action, subject_kind, subject_code)"
        " VALUES (%s, %s, 'slow', 'r-7', 'change', 'contract', 'bare')",
        [january.tenant_id, AT],
    )
    draft = run_period(actor=january, month_on=FEBRUARY, at=AT)
    second_connection.commit()
    for by in (0, _LATER):
        if by:
            restore(january, by)
        with books_of(january):
            assert outdated_by(january, rows_of(january, Run).get(id=draft.run_id)) == ["contract"]
