"""Files in other words, from several processes at once: taken once, their adjustments booked once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.contracts import delete_contract
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import delete_prepaid_commit
from ratable_server.operations.usage import Place, Upload, WordedUpload, Words, book_adjustments, ingest_worded
from ratable_server.store.models import Adjustment, ReportedAdjustment
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import asked_again, at_once
from tests.server.concurrency.meeting import meeting
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, agree, refuses
from tests.server.soundness import assert_sound
from tests.server.usage.files import csv_of, kept

WORDS = Words(
    {"key": "id", "day": "used_on", "worth": "amount", "fixes": "corrects", "is_fix": "is_adjustment"},
    needed=(("used_on",), ("amount",)),
)
HEADER = "Key,Day,Worth,Is_fix,Fixes"
POOL = Place(prepaid_commit="pool", ids="e:", adjustment_ids="f:")


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor, replace(ACME, subscriptions=(), milestones=(), usage_items=()))


def upload(*rows: str) -> WordedUpload:
    file = Upload(source=BytesIO(csv_of(*rows, header=HEADER)), format="csv")
    return WordedUpload(file=file, words=WORDS, places={"": POOL}, row_ids="r:")


def send(actor: Actor, rows: tuple[str, ...]) -> tuple[int, int, int]:
    told = ingest_worded(actor=actor, upload=upload(*rows), at=AT)
    return told.usage.rows_accepted, told.usage.rows_duplicate, told.adjustments_accepted


def book(actor: Actor) -> int:
    return book_adjustments(actor=actor, prepaid_commit="pool", at=AT).rows


def test_a_file_from_several_at_once_is_taken_once(actor: Actor):
    rows = ("1,2026-01-05,10,,", "2,2026-01-06,20,no,", "3,,-5,yes,2026-01")
    answers = at_once([(asked_again, {"operation": send, "actor": actor, "rows": rows})] * 3)
    assert sorted(answers) == [(0, 2, 0), (0, 2, 0), (2, 0, 1)]
    assert sorted(each[0] for each in kept(actor)) == ["e:1", "e:2"]
    assert_sound(actor)


def test_adjustments_are_booked_once_whoever_books_them(actor: Actor):
    send(actor, ("1,2026-01-05,100,,", "2,,-30,yes,2026-01-01", "3,,-0.004,yes,2026-01-01"))
    close_period(actor=actor, month_on=date(2026, 1, 1), at=AT)
    assert sorted(at_once([(asked_again, {"operation": book, "actor": actor})] * 3)) == [0, 0, 2]
    with books_of(actor):
        assert list(rows_of(actor, Adjustment).values_list("amount_minor", flat=True)) == [-3_000]
        assert not rows_of(actor, ReportedAdjustment).filter(adjustment=None).exists()
    assert_sound(actor)


def test_parts_of_a_cent_become_one_when_there_are_enough(actor: Actor):
    send(actor, ("1,2026-01-05,100,,", "2,,-0.004,yes,2026-01-01"))
    close_period(actor=actor, month_on=date(2026, 1, 1), at=AT)
    assert book(actor) == 1
    send(actor, ("3,,-0.004,yes,2026-01-01",))
    assert book(actor) == 1
    with books_of(actor):
        amounts = rows_of(actor, Adjustment).order_by("number").values_list("amount_minor", flat=True)
        assert list(amounts) == [0, -1]


def test_a_prepaid_commit_whose_adjustments_wait_is_not_deleted(actor: Actor):
    send(actor, ("2,,-30,yes,2026-01-01",))
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_prepaid_commit(actor=actor, contract="acme", code="pool", at=AT)
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_contract(actor=actor, contract="acme", at=AT)


def test_a_prepaid_commit_that_is_deleted_meanwhile_takes_no_adjustments(actor: Actor):
    delete = lambda: delete_prepaid_commit(actor=actor, contract="acme", code="pool", at=AT)  # noqa: E731 - said where it is used
    told = meeting(actor, delete, send, rows=("2,,-30,yes,2026-01-01",))
    assert told == "prepaid_commit_must_be_known"
    with books_of(actor):
        assert not rows_of(actor, ReportedAdjustment).exists()
    assert_sound(actor)


def test_nobody_without_the_right_reports_or_books(actor: Actor):
    viewer = replace(actor, role="viewer")
    for act in (lambda: send(viewer, ("1,2026-01-05,1,,",)), lambda: book(viewer)):
        with pytest.raises(Refused, match="role_must_allow_it"):
            act()
    assert kept(actor) == []
