"""The oracle of the tests: after whatever happened to the books, no law of theirs is broken."""

from __future__ import annotations

from ratable_server.actor import Actor
from ratable_server.operations.audit import seal_audit
from ratable_server.queries.identities import broken_laws, changed_closes
from ratable_server.queries.reports import report
from ratable_server.queries.verification import verification
from ratable_server.store.models import Period
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT


def assert_sound(actor: Actor) -> None:
    """Identities, hashes of closed months, completeness and the chain of the audit."""
    seal_audit(actor, at=AT)
    assert broken_laws(actor=actor) == []
    assert changed_closes(actor=actor) == []
    assert [check for check in verification(actor) if not check.is_sound] == []
    if _has_closed(actor):
        rows = report(actor=actor, name="completeness").table.to_pylist()
        assert [row for row in rows if row["difference"] != 0] == []


def _has_closed(actor: Actor) -> bool:
    with books_of(actor):
        return rows_of(actor, Period).filter(status="closed").exists()
