"""What a file leaves in the books: all of it or nothing, once, with what came before under the same ids."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.policies import set_policy
from ratable_server.operations.usage import Receipt, RejectedFile, record_usage, resolve_rejection, void_usage
from ratable_server.store.models import AuditEntry, UsageRecord, UsageRejection, UsageVoid
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, agree, close_months, held
from tests.server.usage.files import broken, counts, csv_of, ids_taken, ingest, kept, quantities

GOOD = ("e1,acme-calls,2026-01-05,3", "e2,acme-calls,2026-01-06,4")
ORIGIN = "0" * 64


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)


def current(actor: Actor) -> dict[str, Decimal | None]:
    """The quantity of every record that counts."""
    with books_of(actor):
        gone = rows_of(actor, UsageVoid).values("record_id")
        found = rows_of(actor, UsageRecord).exclude(id__in=gone)
        return dict(found.order_by("event_id").values_list("event_id", "quantity"))


def voids(actor: Actor) -> list[tuple[str, bool]]:
    with books_of(actor):
        return list(rows_of(actor, UsageVoid).order_by("id").values_list("event_id", "is_revision"))


def last_audit(actor: Actor) -> AuditEntry:
    with books_of(actor):
        return rows_of(actor, AuditEntry).latest("id")


# ── all or nothing, or what is good ──────────────────────────────────────────────────────────


def test_one_bad_row_keeps_the_whole_file_out(actor: Actor):
    before = held(actor)

    receipt = ingest(actor, csv_of(*GOOD, "e3,acme-calls,2026-01-32,5"))

    assert (receipt.status, counts(receipt), quantities(receipt)) == ("failed", (3, 0, 0, 3), (12, 0, 0, 12))
    assert broken(receipt) == [(3, "usage_must_have_a_date", "2026-01-32")]
    added = {table: count - before.get(table, 0) for table, count in held(actor).items() if count != before.get(table)}
    assert added == {"audit_entry": 1, "usage_import": 1, "usage_rejection": 1}
    assert (last_audit(actor).action, receipt.accepted_sha256) == ("fail_import", "")


def test_the_same_ids_may_come_again_after_a_file_was_kept_out(actor: Actor):
    ingest(actor, csv_of(*GOOD, "e3,acme-calls,2026-01-32,5"))

    assert counts(ingest(actor, csv_of(*GOOD, "e3,acme-calls,2026-01-31,5"))) == (3, 3, 0, 0)
    assert ids_taken(actor) == ["e1", "e2", "e3"]


def test_a_partial_import_keeps_the_good_rows_and_shows_the_bad_ones(actor: Actor):
    receipt = ingest(actor, csv_of(*GOOD, "e3,acme-calls,2026-01-32,5", "e4,nowhere,x,-1"), is_partial=True)

    assert (receipt.status, counts(receipt), quantities(receipt)) == ("completed", (4, 2, 0, 2), (11, 7, 0, 4))
    assert broken(receipt) == [
        (3, "usage_must_have_a_date", "2026-01-32"),
        (4, "usage_must_name_a_known_item", "nowhere"),
    ]
    assert current(actor) == {"e1": Decimal(3), "e2": Decimal(4)}
    with books_of(actor):
        rows = list(rows_of(actor, UsageRejection).order_by("row"))
    assert [(row.raw, row.is_blocking) for row in rows] == [
        ({"id": "e3", "item": "acme-calls", "used_on": "2026-01-32", "quantity": "5"}, True),
        ({"id": "e4", "item": "nowhere", "used_on": "x", "quantity": "-1"}, True),
    ]


def test_records_of_a_request_are_taken_whole_or_not_at_all(actor: Actor):
    rows: list[dict[str, object]] = [
        {"id": "r1", "item": "acme-calls", "used_on": date(2026, 1, 5), "quantity": Decimal("1.50")},
        {"item": "acme-calls", "used_on": "2026-01-05", "quantity": 2, "region": "eu"},
        {"id": "r3", "item": "acme-suite", "used_on": "2026-01-05", "quantity": "2"},
    ]
    with pytest.raises(RejectedFile, match="item_must_take_amounts 'acme-suite'"):
        record_usage(actor=actor, records=rows, at=AT)
    assert kept(actor) == []

    receipt = record_usage(actor=actor, records=rows[:2], at=AT)

    assert quantities(receipt) == (Decimal("3.5"), Decimal("3.5"), 0, 0)
    assert current(actor) == {"r1": Decimal("1.5"), f"{receipt.import_code}.2": Decimal(2)}


def test_a_viewer_takes_nothing_in_and_nothing_back(actor: Actor):
    viewer = Actor(tenant_id=actor.tenant_id, name="v", role="viewer", request_id="r")
    before = held(actor)
    for act in (
        lambda: ingest(viewer, csv_of(*GOOD)),
        lambda: record_usage(actor=viewer, records=[], at=AT),
        lambda: void_usage(actor=viewer, event_id="e1", at=AT),
        lambda: resolve_rejection(actor=viewer, import_code="x", row=1, reason="y", at=AT),
    ):
        with pytest.raises(Refused, match="role_must_allow_it"):
            act()
    assert held(actor) == before


# ── the same record again ────────────────────────────────────────────────────────────────────


def test_g15_an_id_twice_in_a_file_is_one_record_or_a_contradiction(actor: Actor):
    same = ingest(actor, csv_of(*GOOD, GOOD[0].replace(",3", ",3.000")))
    assert (counts(same), quantities(same)) == ((3, 2, 1, 0), (10, 7, 3, 0))

    other = ingest(
        actor, csv_of("e9,acme-calls,2026-01-05,1", "e8,acme-calls,2026-01-05,1", "e9,acme-calls,2026-01-05,2")
    )
    assert (counts(other), current(actor).get("e9")) == ((3, 0, 0, 3), None)
    assert broken(other) == [
        (1, "usage_must_not_change_under_its_id", "e9 in rows 1, 3"),
        (3, "usage_must_not_change_under_its_id", "e9 in rows 1, 3"),
    ]


def test_a_bad_record_of_an_id_that_may_be_revised_is_told_as_it_is(actor: Actor):
    ingest(actor, csv_of(*GOOD))
    bad = "e1,acme-calls,2026-01-05,x"
    assert broken(ingest(actor, csv_of(bad), on_change="revise")) == [(1, "quantity_must_be_a_number", "x")]
    row = {"id": "e1", "item": "acme-calls", "used_on": "2026-01-05", "quantity": "x"}
    with pytest.raises(RejectedFile) as refused:
        record_usage(actor=actor, records=[row], at=AT, on_change="revise")
    assert broken(refused.value.receipt) == [(1, "quantity_must_be_a_number", "x")]
    assert broken(ingest(actor, csv_of(bad))) == [(1, "usage_must_not_change_under_its_id", "e1")]
    assert current(actor) == {"e1": Decimal(3), "e2": Decimal(4)}


def test_g18_a_file_that_overlaps_adds_what_is_new(actor: Actor):
    ingest(actor, csv_of(*GOOD))

    receipt = ingest(actor, csv_of(*GOOD, "e3,acme-calls,2026-01-07,1234.5"))

    assert (counts(receipt), quantities(receipt)) == ((3, 1, 2, 0), (Decimal("1241.5"), Decimal("1234.5"), 7, 0))
    assert receipt.repeats == ""


def test_other_content_under_a_known_id_is_refused(actor: Actor):
    ingest(actor, csv_of(*GOOD))

    receipt = ingest(actor, csv_of("e1,acme-calls,2026-01-05,3.1", "e5,acme-calls,2026-01-05,1"))

    assert broken(receipt) == [(1, "usage_must_not_change_under_its_id", "e1")]
    assert current(actor) == {"e1": Decimal(3), "e2": Decimal(4)}


def test_rows_without_an_id_are_known_by_their_file_and_place(actor: Actor):
    file = csv_of("acme-calls,2026-01-05,3", "acme-calls,2026-01-05,3", header="item,used_on,quantity")

    assert counts(ingest(actor, file)) == (2, 2, 0, 0)
    assert counts(ingest(actor, file, "again.csv")) == (2, 0, 2, 0)
    assert counts(ingest(actor, file + b"acme-calls,2026-01-06,1\n")) == (3, 3, 0, 0)  # another file
    prefix = hashlib.sha256(file).hexdigest()[:16]
    assert {f"{prefix}.1", f"{prefix}.2"} < set(ids_taken(actor))


def test_the_item_of_all_rows_is_part_of_what_a_row_is(actor: Actor):
    file = csv_of("2026-01-05,3", header="used_on,amount")

    assert counts(ingest(actor, file, item="acme-calls")) == (1, 1, 0, 0)
    assert counts(ingest(actor, file, item="acme-suite")) == (1, 1, 0, 0)
    assert counts(ingest(actor, file, item="acme-suite")) == (1, 0, 1, 0)


def test_two_tenants_may_use_the_same_ids(actor: Actor, new_actor: Callable[..., Actor]):
    other = new_actor()
    agree(other)
    ingest(actor, csv_of(*GOOD))

    assert counts(ingest(other, csv_of("e1,acme-calls,2026-01-05,99"))) == (1, 1, 0, 0)
    assert (current(actor)["e1"], current(other)["e1"]) == (Decimal(3), Decimal(99))


# ── corrections ──────────────────────────────────────────────────────────────────────────────


def test_a_revision_takes_the_place_of_the_record(actor: Actor):
    ingest(actor, csv_of(*GOOD))

    receipt = ingest(actor, csv_of("e1,acme-calls,2026-02-05,5", GOOD[1]), on_change="revise")
    again = ingest(actor, csv_of("e1,acme-calls,2026-01-05,3"), on_change="revise")  # and back

    assert [counts(receipt), counts(again)] == [(2, 1, 1, 0), (1, 1, 0, 0)]
    assert current(actor) == {"e1": Decimal(3), "e2": Decimal(4)}
    assert voids(actor) == [("e1", True), ("e1", True)]
    assert [event_id for event_id, *_ in kept(actor)] == ["e1", "e2", "e1", "e1"]


def test_a_revision_of_a_closed_month_is_refused(actor: Actor):
    ingest(actor, csv_of(*GOOD))
    close_months(actor, JANUARY)

    receipt = ingest(actor, csv_of("e1,acme-calls,2026-01-05,5"), on_change="revise")

    assert broken(receipt) == [(1, "usage_must_not_change_under_its_id", "e1")]
    assert (current(actor)["e1"], voids(actor)) == (Decimal(3), [])


def test_what_was_taken_back_stays_away(actor: Actor):
    ingest(actor, csv_of(*GOOD))

    void_usage(actor=actor, event_id="e1", at=AT)

    assert current(actor) == {"e2": Decimal(4)}
    assert last_audit(actor).action == "void_usage"
    for event_id in ("e1", "nobody"):
        with pytest.raises(Refused, match="usage_must_be_known"):
            void_usage(actor=actor, event_id=event_id, at=AT)
    assert counts(ingest(actor, csv_of(*GOOD))) == (2, 0, 2, 0)
    assert counts(ingest(actor, csv_of("e1,acme-calls,2026-01-05,5"), on_change="revise")) == (1, 0, 0, 1)
    assert voids(actor) == [("e1", False)]


def test_a_revised_record_can_be_taken_back(actor: Actor):
    ingest(actor, csv_of(*GOOD))
    ingest(actor, csv_of("e1,acme-calls,2026-01-05,5"), on_change="revise")

    void_usage(actor=actor, event_id="e1", at=AT)

    assert current(actor) == {"e2": Decimal(4)}
    assert voids(actor) == [("e1", True), ("e1", False)]


# ── rejections are settled ───────────────────────────────────────────────────────────────────


def test_a_row_that_comes_right_settles_its_rejection(actor: Actor):
    ingest(actor, csv_of(*GOOD, "e3,acme-cals,2026-01-05,1", "e4,acme-cals,2026-01-05,1"), is_partial=True)

    ingest(actor, csv_of("e3,acme-calls,2026-01-05,1"))

    assert open_rejections(actor) == ["e4"]


def test_a_rejection_is_set_aside_once_with_a_reason(actor: Actor):
    code = ingest(actor, csv_of(*GOOD, "e3,acme-cals,2026-01-05,1"), is_partial=True).import_code

    with pytest.raises(Refused, match="resolution_must_have_a_reason"):
        resolve_rejection(actor=actor, import_code=code, row=3, reason="", at=AT)
    with pytest.raises(Refused, match="code_must_be_known"):
        resolve_rejection(actor=actor, import_code=code, row=2, reason="a test", at=AT)
    assert open_rejections(actor) == ["e3"]
    resolve_rejection(actor=actor, import_code=code, row=3, reason="a test", at=AT)

    assert open_rejections(actor) == []
    assert (last_audit(actor).action, last_audit(actor).after) == ("resolve_rejection", {"reason": "a test"})


def open_rejections(actor: Actor) -> list[str]:
    with books_of(actor):
        found = rows_of(actor, UsageRejection).filter(is_blocking=True, resolved_at=None).order_by("row")
        return list(found.values_list("event_id", flat=True))


# ── closed months ────────────────────────────────────────────────────────────────────────────


def test_late_usage_counts_in_the_first_open_month(actor: Actor):
    ingest(actor, csv_of(*GOOD))
    close_months(actor, date(2026, 2, 1))

    ingest(actor, csv_of("late,acme-calls,2026-01-20,7", "now,acme-calls,2026-03-20,8"))

    with books_of(actor):
        found = rows_of(actor, UsageRecord).order_by("number", "row").values_list("event_id", "month_on", "open_on")
        told = [(event_id, f"{month_on:%m}", f"{open_on:%m}") for event_id, month_on, open_on in found]
    assert told == [("e1", "01", "01"), ("e2", "01", "01"), ("late", "01", "03"), ("now", "03", "03")]


def test_late_usage_is_rejected_where_the_policy_says_so(actor: Actor):
    set_policy(actor=actor, policy=Policy(late_usage="reject"), at=AT)
    ingest(actor, csv_of(*GOOD))
    close_months(actor, date(2026, 2, 1))
    file = csv_of("late,acme-calls,2026-01-20,7", "now,acme-calls,2026-03-20,8")

    whole = ingest(actor, file)
    part = ingest(actor, file, is_partial=True)

    assert broken(whole) == broken(part) == [(1, "period_must_be_open", "2026-01-20")]
    assert (counts(whole), counts(part)) == ((2, 0, 0, 2), (2, 1, 0, 1))
    assert current(actor) == {"e1": Decimal(3), "e2": Decimal(4), "now": Decimal(8)}
    with pytest.raises(Refused, match="period_must_be_open"):
        void_usage(actor=actor, event_id="e1", at=AT)


# ── receipts ─────────────────────────────────────────────────────────────────────────────────


def told_hash(event_id: str, stream: str, used: str, quantity: str, amount: str, rest: str) -> bytes:
    """The content of a record, written down by hand."""
    words = f"{len(event_id)}:{event_id}|{len(stream)}:{stream}|{used}|{quantity}|{amount}|{rest}"
    return hashlib.sha256(words.encode()).digest()


def test_receipts_are_a_chain_that_anybody_can_follow(actor: Actor):
    first = ingest(actor, csv_of("é1,acme-calls,2026-01-05,03.50", "e2,acme-calls,2026-01-06,0.000"))
    nothing = ingest(actor, csv_of("x,nowhere,2026-01-06,1"))
    second = ingest(
        actor,
        b"id,item,used_at,amount,currency,zone,a\n"
        b'e3,acme-suite,2026-01-05T10:30:00.25+02:00,7,USD,"say ""hi"" \\ \t",ok\n'
        b"bad,acme-suite,never,7,USD,,\n",
        is_partial=True,
    )

    digest = hashlib.sha256(
        told_hash("é1", "acme-calls", "2026-01-05", "3.5", "", "|")
        + told_hash("e2", "acme-calls", "2026-01-06", "0", "", "|")
    ).digest()
    expected = hashlib.sha256(ORIGIN.encode() + digest).hexdigest()
    assert (first.previous_sha256, first.accepted_sha256) == (ORIGIN, expected)
    assert (nothing.previous_sha256, nothing.accepted_sha256) == ("", "")
    dimensions = '{"a": "ok", "zone": "say \\"hi\\" \\\\"}'
    digest = hashlib.sha256(told_hash("e3", "acme-suite", "@1767601800.25", "", "7", f"USD|{dimensions}")).digest()
    assert second.previous_sha256 == first.accepted_sha256
    assert second.accepted_sha256 == hashlib.sha256(first.accepted_sha256.encode() + digest).hexdigest()


def test_the_audit_has_the_receipt(actor: Actor):
    receipt: Receipt = ingest(actor, csv_of(*GOOD))

    entry = last_audit(actor)
    assert (entry.action, entry.subject_code) == ("ingest_usage", receipt.import_code)
    assert entry.after is not None
    assert (entry.after["rows_accepted"], entry.after["accepted_sha256"]) == (2, receipt.accepted_sha256)
