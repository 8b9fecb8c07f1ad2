"""J6: one row of each kind is changed behind the guards, and `ratable verify` names the first bad row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.operations.audit import seal_audit
from ratable_server.queries.verification import Verified, verification
from tests.server.cli.asking import DONE, REFUSED, Command
from tests.server.conftest import AT
from tests.server.stories import FEBRUARY, found_company


@pytest.fixture(scope="module")
def admin(books: None, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    """The admin of the small company, closed through February, with a sealed audit."""
    actor = found_company(tmp_path_factory.mktemp("story"), closed_through=FEBRUARY)
    seal_audit(actor, at=AT)
    return actor


_WRITTEN = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"


@contextmanager
def tampered(superuser: psycopg.Connection, actor: Actor, statement: str) -> Iterator[None]:
    """Somebody past every guard changes one row of these books; afterwards it is as it was."""
    (table,) = re.findall(r"(?:UPDATE|DELETE FROM) (\w+)", statement)
    mine = f"tenant_id = {actor.tenant_id}"
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(f"CREATE TEMPORARY TABLE saved AS SELECT * FROM {table} WHERE {mine}".encode())
        changed = superuser.execute(statement.format(tenant=mine).encode()).rowcount
        assert changed == 1
        found = superuser.execute(_WRITTEN, [table]).fetchall()
    columns = ", ".join(f'"{name}"' for (name,) in found)
    yield
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(f"DELETE FROM {table} WHERE {mine}".encode())
        superuser.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM saved".encode())
        superuser.execute("DROP TABLE saved")


def unsound(actor: Actor) -> dict[str, Verified]:
    return {one.check: one for one in verification(actor) if not one.is_sound}


def test_sound_books_are_told_with_what_was_looked_at(admin: Actor):
    found = {one.check: (one.rows, one.is_sound) for one in verification(admin)}

    assert unsound(admin) == {}
    assert {name: rows for name, (rows, _) in found.items() if not name.startswith("audit")} == {
        "closed_periods": 2,
        "completeness": 19,
        "entries_balance": 9,
        "trial_balance_is_zero": 18,
        "revenue_is_in_the_journal": 7,
        "draws_are_not_negative": 4,
        "periods_close_in_order": 3,
        "closed_months_have_their_close": 3,
        "imports_have_their_rows": 5,
        "usage_has_its_id": 5,
        "terms_are_as_audited": 2,
        "postings_belong_to_a_close": 9,
        "receipts_keep_their_hash": 5,
    }


TAMPERED = [
    (
        "UPDATE audit_entry SET after = '{{}}' WHERE {tenant} AND action = 'close_period' AND subject_code = '2026-01'",
        {"audit_chain": "audit_entry "},
    ),
    ("DELETE FROM audit_seal WHERE {tenant} AND position = 3", {"audit_chain": "audit_entry "}),
    (
        "UPDATE journal_line SET credit_minor = 94501 WHERE {tenant} AND credit_minor = 94500",
        {
            "closed_periods": "period_close 2026-01 version 1",
            "completeness": "identity balanced 2026-01 USD",
            "entries_balance": "journal_entry acme/prepaid_commit/pool/drawdown/2026-01/2026-01/2026-01-31",
            "trial_balance_is_zero": "journal_line USD",
            "revenue_is_in_the_journal": "revenue_transaction acme",
        },
    ),
    (
        "UPDATE journal_entry SET \"on\" = '2026-01-30' WHERE {tenant} AND entry_code LIKE 'bolt/%%'",
        {"closed_periods": "period_close 2026-01 version 1"},
    ),
    (
        "UPDATE period_close SET totals = '{{}}' WHERE {tenant} AND version = 1 AND totals::text LIKE '%%EUR%%'",
        {"closed_periods": "period_close 2026-01 version 1"},
    ),
    (
        "UPDATE revenue_transaction SET amount_minor = 1 WHERE {tenant} AND contract_id = 'bolt'",
        {"completeness": "identity recognized 2026-01 EUR", "revenue_is_in_the_journal": "revenue_transaction bolt"},
    ),
    (
        "UPDATE draw SET gross_minor = -1, net_minor = -1 WHERE {tenant} AND gross_minor = 94500",
        {"completeness": "identity rated 2026-01 USD"},
    ),
    (
        "UPDATE draw SET net_minor = -999999 WHERE {tenant} AND gross_minor = 94500",
        {"draws_are_not_negative": "draw pool"},
    ),
    (
        "DELETE FROM rated_line WHERE {tenant} AND contract_id = 'bolt'",
        {"completeness": "identity rated 2026-01 EUR"},
    ),
    (
        "UPDATE usage_record SET quantity = 501 WHERE {tenant} AND event_id = 'jan-3'",
        {"completeness": "identity received ", "receipts_keep_their_hash": "usage_import "},
    ),
    (
        "UPDATE usage_record SET used_on = '2026-01-30' WHERE {tenant} AND event_id = 'jan-3'",
        {"receipts_keep_their_hash": "usage_import "},
    ),
    (
        "DELETE FROM usage_record WHERE {tenant} AND event_id = 'jan-3'",
        {
            "completeness": "identity received ",
            "imports_have_their_rows": "usage_import ",
            "receipts_keep_their_hash": "usage_import ",
        },
    ),
    ("DELETE FROM usage_key WHERE {tenant} AND event_id = 'jan-3'", {"usage_has_its_id": "usage_record jan-3"}),
    (
        "UPDATE usage_import SET previous_sha256 = repeat('1', 64) WHERE {tenant} AND quantity_received = 1000",
        {"receipts_keep_their_hash": "usage_import "},
    ),
    (
        "UPDATE period SET status = 'open' WHERE {tenant} AND month_on = '2026-01-01'",
        {"periods_close_in_order": "period 2026-01-01", "closed_months_have_their_close": "period 2026-01-01"},
    ),
    (
        "UPDATE period SET status = 'open' WHERE {tenant} AND month_on = '2026-02-01'",
        {"closed_months_have_their_close": "period 2026-02-01"},
    ),
    (
        "UPDATE period SET status = 'closed' WHERE {tenant} AND month_on > '2026-02-01'",
        {"closed_months_have_their_close": "period 2026-03-01"},
    ),
    (
        "UPDATE prepaid_commit SET total_value = total_value + 1 WHERE {tenant} AND code = 'pool'",
        {"terms_are_as_audited": "contract contract/acme"},
    ),
    (
        "DELETE FROM period_close WHERE {tenant} AND totals::text NOT LIKE '%%EUR%%'",
        {"postings_belong_to_a_close": "journal_entry acme/", "closed_months_have_their_close": "period 2026-02-01"},
    ),
]


@pytest.mark.parametrize(("statement", "expected"), TAMPERED, ids=lambda value: str(value)[:60])
def test_a_row_that_was_changed_is_named(
    admin: Actor, superuser: psycopg.Connection, statement: str, expected: dict[str, str]
):
    with tampered(superuser, admin, statement):
        found = unsound(admin)

    assert {
        check: found[check].first_bad_row[: len(row)] for check, row in expected.items() if check in found
    } == expected
    assert set(found) == set(expected)
    assert all(one.detail for one in found.values())
    assert unsound(admin) == {}


def test_the_command_names_the_row_and_ends_with_1(admin: Actor, superuser: psycopg.Connection):
    ratable = Command(admin)
    assert ratable("verify").exit_code == DONE

    with tampered(superuser, admin, "UPDATE usage_record SET quantity = 501 WHERE {tenant} AND event_id = 'jan-3'"):
        told = ratable("verify")

    assert told.exit_code == REFUSED
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("receipts_keep_their_hash")]
    assert "NO" in line.split()
    assert "its rows have another hash" in line


def test_books_of_another_tenant_are_no_matter(admin: Actor, new_actor: object, superuser: psycopg.Connection):
    other = new_actor()  # type: ignore[operator]
    statement = "UPDATE journal_line SET credit_minor = 94501 WHERE {tenant} AND credit_minor = 94500"

    with tampered(superuser, admin, statement):
        assert unsound(other) == {}
        assert unsound(admin) != {}
