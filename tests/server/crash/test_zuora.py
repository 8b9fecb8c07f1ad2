"""Usage over Zuora's API when processes are killed: nothing that was answered is lost, and nothing counts twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.api.zuora.importing import import_waiting_files
from ratable_server.operations.tokens import create_token
from ratable_server.store.models import IdempotencyKey, ReportedUsage, ReportFile, UsageImport, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once
from tests.server.conftest import AT
from tests.server.crash.sending import (
    HALF,
    PLACES,
    import_all_and_die,
    import_and_die,
    send,
    send_and_die,
    send_but_for_the_commit_and_die,
)
from tests.server.operations.agreements import held
from tests.server.soundness import assert_sound
from tests.server.usage.reporting import agree_on_reports, how_many
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.test_imports import csv_of, upload

CALLS = {
    "AccountNumber": "Acme Inc",
    "ChargeNumber": "acme-calls",
    "UOM": "Call",
    "Quantity": 3,
    "StartDateTime": "2026-01-10T12:00:00.000+00:00",
}
KEYED = {**CALLS, "UniqueKey": "u-1"}
PATIENCE_SECONDS = 60


@pytest.fixture
def zuora(actor: Actor) -> Zuora:
    agree_on_reports(actor)
    return zuora_of(actor)


def zuora_of(actor: Actor) -> Zuora:
    issued = create_token(actor=actor, email="billing@example.test", role="preparer", at=AT)
    return Zuora(token=issued.token, actor=actor)


# ── one record ───────────────────────────────────────────────────────────────────────────────


def test_a3_a_record_whose_answer_was_lost_is_told_again_under_its_key(zuora: Zuora):
    job = {"zuora": zuora, "body": CALLS, "key": "k-a3"}
    assert at_once([(send_and_die, job)]) == [None]
    before = held(zuora.actor)

    status, text, is_replayed = send(zuora, CALLS, "k-a3")

    assert (status, is_replayed) == (200, True)
    with books_of(zuora.actor):
        (row,) = rows_of(zuora.actor, ReportedUsage)
    assert json.loads(text) == {"Success": True, "Id": f"8ad00001{row.id:024x}"}
    assert held(zuora.actor) == before
    assert how_many(zuora.actor) == (1, 1, 0)
    assert_sound(zuora.actor)


def test_a3_a_record_whose_answer_was_lost_is_a_duplicate_under_its_unique_key(zuora: Zuora):
    assert at_once([(send_and_die, {"zuora": zuora, "body": KEYED})]) == [None]

    status, text, is_replayed = send(zuora, KEYED)

    assert (status, json.loads(text)["Errors"][0]["Code"], is_replayed) == (400, "DUPLICATE_VALUE", False)
    assert how_many(zuora.actor) == (1, 1, 0)
    assert_sound(zuora.actor)


def test_c11_a_key_without_its_record_is_not_there(zuora: Zuora):
    """The class of faults in which a key says that something is done that never was."""
    before = held(zuora.actor)
    job = {"zuora": zuora, "body": CALLS, "key": "k-c11"}
    assert at_once([(send_but_for_the_commit_and_die, job)]) == [None]
    assert held(zuora.actor) == before

    status, _, is_replayed = send(zuora, CALLS, "k-c11")

    assert (status, is_replayed) == (200, False)
    assert how_many(zuora.actor) == (1, 1, 0)
    with books_of(zuora.actor):
        assert rows_of(zuora.actor, IdempotencyKey).count() == 1
    assert_sound(zuora.actor)


def test_c1_c2_the_same_key_counts_once_and_keeps_its_request(zuora: Zuora):
    told = [send(zuora, CALLS, "k-c1") for _ in range(5)]
    assert {(status, text) for status, text, _ in told} == {(200, told[0][1])}
    assert [is_replayed for _, _, is_replayed in told] == [False, True, True, True, True]
    assert send(zuora, {**CALLS, "Quantity": 4}, "k-c1")[0] == 422
    assert how_many(zuora.actor) == (1, 1, 0)


def test_c3_of_many_at_once_with_one_key_one_counts(zuora: Zuora):
    jobs = [(send, {"zuora": zuora, "body": CALLS, "key": "k-c3"}) for _ in range(3)]
    told = at_once(jobs)
    assert {status for status, _, _ in told} <= {200, 409}
    assert [status for status, _, is_replayed in told if not is_replayed].count(200) == 1
    assert how_many(zuora.actor) == (1, 1, 0)
    assert send(zuora, CALLS, "k-c3")[2]


def test_c4_the_same_key_of_two_tenants_is_two_keys(zuora: Zuora, new_actor: Callable[..., Actor]):
    agree_on_reports(other := new_actor())
    ours, theirs = send(zuora, CALLS, "k-c4"), send(zuora_of(other), CALLS, "k-c4")
    assert (ours[0], theirs[0], ours[2], theirs[2]) == (200, 200, False, False)
    assert ours[1] != theirs[1]
    assert how_many(zuora.actor) == how_many(other) == (1, 1, 0)


def test_c7_a_key_keeps_its_refusal_and_nothing_is_written(zuora: Zuora):
    wrong = {**CALLS, "Quantity": "much"}
    first, again = send(zuora, wrong, "k-c7"), send(zuora, wrong, "k-c7")
    assert (first[0], again[0], first[1], again[2]) == (400, 400, again[1], True)
    assert send(zuora, CALLS, "k-c7")[0] == 422
    assert how_many(zuora.actor) == (0, 0, 0)


# ── a file ───────────────────────────────────────────────────────────────────────────────────


def hundredths(rows: int) -> bytes:
    """Rows of a hundredth of a call."""
    return csv_of(*(f"Acme Inc,Call,0.01,01/{number % 28 + 1:02}/2026,,,acme-calls," for number in range(rows)))


def worked_on(zuora: Zuora, path: str) -> Any:
    """The status once a worker has done it; the lock of one that was killed goes when the database notices."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        import_waiting_files()
        told = zuora.get(path)
        if told["importStatus"] in {"Completed", "Failed"}:
            return told
        time.sleep(1 / 10)
    raise AssertionError("nobody takes the file up again")


def assert_all_there(actor: Actor, rows: int) -> None:
    with books_of(actor):
        quantities = [record.quantity or Decimal(0) for record in rows_of(actor, UsageRecord)]
        assert rows_of(actor, ReportedUsage).count() == len(quantities) == rows
        assert rows_of(actor, UsageImport).filter(status="pending").count() == 0
    assert sum(quantities, Decimal(0)) == Decimal("0.01") * rows
    assert_sound(actor)


def sent(zuora: Zuora, content: bytes) -> str:
    told = upload(zuora, content)
    assert told.status == 200, told.text
    return str(told["checkImportStatus"])


@pytest.mark.parametrize("place", [each for each in PLACES if each != HALF])
def test_a1_a_file_whose_worker_is_killed_is_taken_up_again(zuora: Zuora, place: str):
    path = sent(zuora, csv_of(*["Acme Inc,Call,0.01,01/10/2026,,,acme-calls,"] * 3))
    assert at_once([(import_and_die, {"place": place})]) == [None]
    assert zuora.get(path)["importStatus"] == "Processing"
    assert how_many(zuora.actor) == (0, 0, 0)

    told = worked_on(zuora, path)

    assert (told["importStatus"], told["ImportedCount"]) == ("Completed", 3)
    with books_of(zuora.actor):
        assert rows_of(zuora.actor, ReportFile).get().tries == 2
    assert_all_there(zuora.actor, 3)


@pytest.mark.parametrize("rows", [2_000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a1_all_rows_count_once_after_a_kill_in_their_middle(zuora: Zuora, rows: int):
    path = sent(zuora, hundredths(rows))
    assert at_once([(import_and_die, {"place": HALF, "rows": rows // 2})]) == [None]
    assert zuora.get(path)["importStatus"] == "Processing"
    assert how_many(zuora.actor) == (0, 0, 0)

    told = worked_on(zuora, path)

    assert (told["importStatus"], told["TotalCount"], told["ImportedCount"]) == ("Completed", rows, rows)
    assert_all_there(zuora.actor, rows)


def test_a1_a_file_that_is_done_is_not_done_again(zuora: Zuora):
    path = sent(zuora, csv_of("Acme Inc,Call,0.01,01/10/2026,,,acme-calls,"))
    assert at_once([(import_all_and_die, {})]) == [None]
    before = held(zuora.actor)
    assert worked_on(zuora, path)["importStatus"] == "Completed"
    assert held(zuora.actor) == before
    assert_all_there(zuora.actor, 1)
