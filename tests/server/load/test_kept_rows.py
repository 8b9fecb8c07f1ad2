"""What a closed month has posted is read once by a process, and is what would be read anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ratable_server.actor import Actor
from ratable_server.operations.periods import reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.store.load import kept_rows
from ratable_server.store.load.counted import Counted, counted, counted_with
from ratable_server.store.load.kept_rows import _Tables, kept_journal, kept_results
from ratable_server.store.load.posted_rows import load_journal_lines, load_results
from ratable_server.store.models import Run
from ratable_server.store.scope import books_of, rows_of
from tests.server.stories import FEBRUARY, MARCH, company, fill

RESULTS = ("rated", "draws", "allocated", "revenue")


@pytest.fixture
def admin(actor: Actor, tmp_path: Path) -> Actor:
    """The admin of the small company: in February all of January was computed again."""
    fill(actor, company(tmp_path, closed_through=FEBRUARY))
    return actor


def rows(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())


def assert_same(actor: Actor, counts: Counted) -> None:
    for _ in range(2):  # read, and kept
        assert rows(kept_journal(actor, counts)) == rows(load_journal_lines(actor, counts))
        for name in RESULTS:
            assert rows(kept_results(actor, name, counts)) == rows(load_results(actor, name, counts)), name


def test_what_is_kept_is_what_is_there(admin: Actor):
    run_id = run_period(actor=admin, month_on=MARCH, at=datetime(2026, 4, 2, tzinfo=UTC)).run_id

    with books_of(admin):
        counts = counted(admin)
        assert (
            len(kept_results(admin, "rated", counts)) == 5
        )  # three tiers of January, told again; one each of the others
        assert_same(admin, counts)
        assert_same(admin, counted_with(admin, rows_of(admin, Run).select_related("period").get(id=run_id)))
    reopen_period(actor=admin, month_on=FEBRUARY, reason="a look", at=datetime(2026, 3, 5, tzinfo=UTC))
    with books_of(admin):
        assert_same(admin, counted(admin))


def test_a_posted_run_is_read_once_and_a_draft_each_time(admin: Actor, monkeypatch: pytest.MonkeyPatch):
    run_id = run_period(actor=admin, month_on=MARCH, at=datetime(2026, 4, 2, tzinfo=UTC)).run_id
    asked: list[Counted] = []

    def counting(actor: Actor, counts: Counted) -> pa.Table:
        asked.append(counts)
        return load_journal_lines(actor, counts)

    monkeypatch.setattr(kept_rows, "load_journal_lines", counting)
    with books_of(admin):
        draft = rows_of(admin, Run).select_related("period").get(id=run_id)
        for _ in range(3):
            kept_journal(admin, counted_with(admin, draft))

    assert [one.draft for one in asked] == [None, None, run_id, run_id, run_id]


def test_what_was_not_used_for_longest_goes_first():
    table = pa.table({"n": pa.array(range(100), pa.int64())})
    kept = _Tables(most_bytes=2 * table.nbytes)
    loaded: list[str] = []

    def get(name: str) -> None:
        def load() -> pa.Table:
            loaded.append(name)
            return table

        kept.get((name,), load)

    for name in ("a", "b", "a", "c", "a", "b"):
        get(name)
    assert loaded == ["a", "b", "c", "b"]
    assert _Tables(most_bytes=1).get(("large",), lambda: table) is table
