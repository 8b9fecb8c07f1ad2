"""Several processes send usage at once, and processes that are killed while they do (A1, A5, B3, B4)."""

from __future__ import annotations

import time
from decimal import Decimal

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.operations.usage import fail_abandoned_imports
from ratable_server.store.models import AuditEntry, UsageImport
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import SECONDS, at_once, crew_of, shared
from tests.server.conftest import AT
from tests.server.operations.agreements import agree
from tests.server.soundness import assert_sound
from tests.server.usage.doings import PLACES, send, send_and_die, send_and_stop
from tests.server.usage.files import broken, counts, csv_of, ids_taken, ingest, kept

ROWS = 1_000
FILE = csv_of(*(f"e{number},acme-calls,2026-01-05,0.01" for number in range(ROWS)))


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)


def wait_for_the_end(superuser: psycopg.Connection) -> None:
    """Until the database has seen that a process is gone, with its connection and its locks."""
    for _ in range(SECONDS * 20):
        if superuser.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,):
            return
        time.sleep(0.05)
    raise AssertionError("somebody still works on an import")


def statuses(actor: Actor) -> list[str]:
    with books_of(actor):
        return list(rows_of(actor, UsageImport).order_by("id").values_list("status", flat=True))


def test_b3_the_same_file_twice_at_once_is_taken_once(actor: Actor):
    jobs = [(send, {"actor": actor, "content": FILE, "name": f"{number}.csv"}) for number in range(4)]

    receipts = sorted(at_once(jobs), key=lambda receipt: -receipt.rows_accepted)

    assert [counts(receipt) for receipt in receipts] == [(ROWS, ROWS, 0, 0), *[(ROWS, 0, ROWS, 0)] * 3]
    assert {receipt.status for receipt in receipts} == {"completed"}
    assert len(kept(actor)) == len(ids_taken(actor)) == ROWS
    assert_sound(actor)


def test_b4_of_two_files_that_contradict_one_another_one_is_taken(actor: Actor):
    files = [csv_of(f"e7,acme-calls,2026-01-05,{one}", f"own-{one},acme-calls,2026-01-05,1") for one in (1, 2)]

    receipts = at_once([(send, {"actor": actor, "content": file, "name": "u.csv"}) for file in files])

    taken, refused = sorted(receipts, key=lambda receipt: -receipt.rows_accepted)
    assert (counts(taken), counts(refused)) == ((2, 2, 0, 0), (2, 0, 0, 2))
    assert broken(refused) == [(1, "usage_must_not_change_under_its_id", "e7")]
    assert len(kept(actor)) == 2
    assert_sound(actor)


def test_receipts_of_files_that_come_at_once_are_one_chain(actor: Actor):
    files = [csv_of(f"e{number},acme-calls,2026-01-05,1") for number in range(8)]

    receipts = at_once([(send, {"actor": actor, "content": file, "name": "u.csv"}) for file in files])

    following = {receipt.previous_sha256: receipt.accepted_sha256 for receipt in receipts}
    chain = ["0" * 64]
    while chain[-1] in following:
        chain.append(following.pop(chain[-1]))
    assert (len(chain), following) == (9, {})
    assert_sound(actor)


@pytest.mark.parametrize("place", PLACES)
def test_a1_a5_of_an_import_that_was_killed_nothing_is_there_and_it_can_come_again(
    actor: Actor, place: str, superuser: psycopg.Connection
):
    (told,) = at_once([(send_and_die, {"actor": actor, "content": FILE, "place": place})])

    wait_for_the_end(superuser)
    assert (told, statuses(actor), kept(actor), ids_taken(actor)) == (None, ["pending"], [], [])
    receipt = ingest(actor, FILE)

    assert (statuses(actor), counts(receipt)) == (["failed", "completed"], (ROWS, ROWS, 0, 0))
    assert sum(quantity or 0 for *_, quantity, _ in kept(actor)) == Decimal(10)
    assert_sound(actor)


def test_only_an_import_that_nobody_works_on_is_given_up(actor: Actor, superuser: psycopg.Connection):
    stands = shared("Event")
    with crew_of([(send_and_stop, {"actor": actor, "content": FILE, "stands": stands})]) as crew:
        crew.go()
        assert stands.wait(SECONDS)

        assert fail_abandoned_imports(actor=actor, at=AT) == 0
        assert counts(ingest(actor, csv_of("own,acme-calls,2026-01-05,1"))) == (1, 1, 0, 0)  # nor does it wait
        assert statuses(actor) == ["pending", "completed"]

        crew.processes[0].kill()
        assert crew.answers() == [None]
    wait_for_the_end(superuser)
    assert fail_abandoned_imports(actor=actor, at=AT) == 1
    assert fail_abandoned_imports(actor=actor, at=AT) == 0

    assert statuses(actor) == ["failed", "completed"]
    with books_of(actor):
        entry = rows_of(actor, AuditEntry).latest("id")
    assert (entry.action, entry.after) == ("fail_import", {"reason": "its process ended before it did"})
