"""The audit: written with the change, sealed behind it, and what a chain of hashes finds out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from time import monotonic
from typing import Any

import pytest
from django.db import connections, transaction

from ratable_server.actor import Actor
from ratable_server.operations.audit import seal_audit
from ratable_server.queries.verification import Verified, verification
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import AuditEntry, AuditSeal
from ratable_server.store.places import LOCK_SECONDS
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.rows import enter


def change(actor: Actor, code: str) -> int:
    """A change and its entry, committed."""
    with books_of(actor):
        before = {"name": "Acme", "since": date(2026, 1, 1)}
        record_change(actor, Change("rename", "customer", code, before, {"amount": Decimal("0.10")}), at=AT)
        return rows_of(actor, AuditEntry).order_by("-id")[0].pk


def checked(actor: Actor) -> dict[str, Verified]:
    return {found.check: found for found in verification(actor)}


@contextmanager
def tampering(actor: Actor) -> Iterator[Any]:
    """Somebody who owns the tables and turns the guards off."""
    tables = ("audit_entry", "audit_seal")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        enter(connections["owner"], actor)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        yield cursor
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


@pytest.fixture
def sealed(actor: Actor) -> tuple[Actor, list[int]]:
    """Books with three changes, sealed; their founding is the first entry of the chain."""
    entries = [change(actor, code) for code in ("a", "b", "c")]
    assert seal_audit(actor, at=AT) == 4
    return actor, entries


def test_entry_says_who_what_when_before_and_after(actor: Actor):
    pk = change(actor, "acme")
    with books_of(actor):
        entry = rows_of(actor, AuditEntry).get(pk=pk)
    assert (entry.actor, entry.request_id, entry.recorded_at) == (actor.name, actor.request_id, AT)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("rename", "customer", "acme")
    assert entry.before == {"name": "Acme", "since": "2026-01-01"}
    assert entry.after == {"amount": "0.10"}  # exact, as text


def test_change_and_entry_live_or_die_together(actor: Actor):
    with pytest.raises(RuntimeError), books_of(actor):
        record_change(actor, Change("rename", "customer", "acme"), at=AT)
        raise RuntimeError
    with books_of(actor):
        assert list(rows_of(actor, AuditEntry).values_list("action", flat=True)) == ["found_tenant"]


def test_chain_is_unbroken_and_sealing_again_adds_nothing(sealed: tuple[Actor, list[int]]):
    actor, _ = sealed
    assert seal_audit(actor, at=AT) == 0
    found = checked(actor)
    assert (found["audit_chain"].is_sound, found["audit_chain"].rows) == (True, 4)
    assert found["audit_unsealed_tail"].rows == 0
    change(actor, "d")
    found = checked(actor)
    assert (found["audit_chain"].is_sound, found["audit_unsealed_tail"].rows) == (True, 1)


TAMPERINGS: list[tuple[str, Callable[[Any, list[int]], None], str]] = [
    (
        "changed",
        lambda cursor, ids: cursor.execute("UPDATE audit_entry SET actor = 'nobody' WHERE id = %s", [ids[1]]),
        "the entry sealed at 3 was changed",
    ),
    (
        "after changed",
        lambda cursor, ids: cursor.execute(
            """UPDATE audit_entry SET after = '{"amount": "0.11"}' WHERE id = %s""", [ids[1]]
        ),
        "the entry sealed at 3 was changed",
    ),
    (
        "seal removed",
        lambda cursor, ids: cursor.execute("DELETE FROM audit_seal WHERE audit_entry_id = %s", [ids[1]]),
        "the seal at 3 is missing",
    ),
    (
        "last seal removed",
        lambda cursor, ids: cursor.execute("DELETE FROM audit_seal WHERE audit_entry_id = %s", [ids[2]]),
        "",  # an unsealed tail again; the entry is there, and is sealed anew
    ),
    (
        "seal forged",
        lambda cursor, ids: cursor.execute(
            "UPDATE audit_seal SET hash = repeat('0', 64) WHERE audit_entry_id = %s", [ids[1]]
        ),
        "the entry sealed at 3 was changed",
    ),
    (
        "put in behind",
        lambda cursor, ids: cursor.execute(
            """INSERT INTO audit_entry
            (tenant_id, recorded_at, actor, request_id, action, subject_kind, subject_code, transaction_id)
            SELECT tenant_id, recorded_at, actor, 'x', action, subject_kind, 'x', transaction_id - 1
            FROM audit_entry WHERE id = %s""",
            [ids[1]],
        ),
        "the entry has no seal, and stands before one that has",
    ),
]


@pytest.mark.parametrize(
    ("tamper", "detail"), [row[1:] for row in TAMPERINGS], ids=[row[0].replace(" ", "_") for row in TAMPERINGS]
)
def test_chain_finds_what_was_done_to_a_row(
    sealed: tuple[Actor, list[int]], tamper: Callable[[Any, list[int]], None], detail: str
):
    actor, ids = sealed
    with tampering(actor) as cursor:
        tamper(cursor, ids)
    found = checked(actor)["audit_chain"]
    assert found.is_sound == (not detail)
    if detail:
        assert found.detail == detail
        assert found.first_bad_row.startswith("audit_entry ")


def test_chain_finds_an_entry_that_was_removed(own_database: str, sealed: tuple[Actor, list[int]]):
    actor, ids = sealed
    with tampering(actor) as cursor:
        cursor.execute("ALTER TABLE audit_seal DROP CONSTRAINT audit_seal_audit_entry_id_of_tenant")
        cursor.execute("DELETE FROM audit_entry WHERE id = %s", [ids[1]])
        cursor.execute(
            "ALTER TABLE audit_seal ADD CONSTRAINT audit_seal_audit_entry_id_of_tenant"
            " FOREIGN KEY (tenant_id, audit_entry_id) REFERENCES audit_entry (tenant_id, id) NOT VALID"
        )
    found = checked(actor)["audit_chain"]
    assert (found.is_sound, found.rows, found.first_bad_row) == (False, 2, f"audit_entry {ids[1]}")
    assert found.detail == "the entry sealed at 3 is gone"


def test_an_entry_put_in_behind_is_found_after_it_was_sealed_too(sealed: tuple[Actor, list[int]]):
    actor, ids = sealed
    with tampering(actor) as cursor:
        TAMPERINGS[-1][1](cursor, ids)
    assert seal_audit(actor, at=AT) == 1
    assert checked(actor)["audit_chain"].detail == "the entry sealed at 5 stands before one that was sealed earlier"


def test_sealer_leaves_what_a_running_import_may_still_precede_and_waits_for_nobody(
    actor: Actor, second_connection: Any
):
    seal_audit(actor, at=AT)
    second_connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
    second_connection.execute(
        "INSERT INTO audit_entry (tenant_id, recorded_at, actor, request_id, action, subject_kind, subject_code)"
        " VALUES (%s, %s, 'importer', 'r-7', 'ingest_usage', 'usage_import', 'long')",
        [actor.tenant_id, AT],
    )
    change(actor, "short")  # begins later, commits first
    began = monotonic()
    assert seal_audit(actor, at=AT) == 0
    assert monotonic() - began < LOCK_SECONDS  # who waits does so until then
    assert checked(actor)["audit_unsealed_tail"].rows == 1
    second_connection.commit()
    assert seal_audit(actor, at=AT) == 2
    with books_of(actor):
        order = rows_of(actor, AuditSeal).order_by("position").values_list("audit_entry__subject_code", flat=True)
        assert list(order)[-2:] == ["long", "short"]
    assert checked(actor)["audit_chain"].is_sound
