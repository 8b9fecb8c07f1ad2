"""Changes of reported usage into the books: what counts of them as usage records, their rows, the audit.

Owns the ids of what counts, `<32 letters>/<item>`. Of an id that was taken back nothing counts any more: after that the
letters are followed by the generation, `<32 letters>.2/<item>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.receipts import RejectedFile, Rejection
from ratable_server.operations.usage.recording import record_reported
from ratable_server.operations.usage.reports import Became, ReportedFile
from ratable_server.operations.usage.voiding import void_usage
from ratable_server.store.audit import Change, record_changes
from ratable_server.store.load.billed_items import BilledItem
from ratable_server.store.models import ReportedUsage, UsageImport
from ratable_server.store.public_ids import reported_usage_code
from ratable_server.store.reported_rows import write_reports
from ratable_server.store.scope import rows_of

MOST_COUNTED = 200_000
"""How often all rows of a file count: a row counts once on each item that it means."""

_ACTIONS: dict[Became, str] = {
    "created": "report_usage",
    "revised": "revise_reported_usage",
    "restored": "restore_reported_usage",
    "deleted": "delete_reported_usage",
}
_TOLD = (
    "customer_id", "contract_id", "item_id", "unit_of_measure", "quantity", "started_at", "ended_at", "description",
    "unique_key", "further", "origin", "file_name", "counted",
)  # fmt: skip
_ZERO = Decimal(0)
_REFUSED_AS = {
    "period_must_be_open": ("period_must_be_open", "started_at"),
    "usage_must_have_a_date": ("date_must_be_in_range", "started_at"),
    "usage_must_fall_in_contract": ("report_must_fall_in_an_item", "started_at"),
    "usage_must_fall_in_item": ("report_must_fall_in_an_item", "started_at"),
    "usage_must_name_a_known_item": ("code_must_be_known", "item"),
    "usage_must_carry_its_price": ("number_must_be_exact", "further"),
}


@dataclass(slots=True, kw_only=True)
class Changed:
    """One change: its place among those that were asked for, the row as it will be, what it said before.

    `items` are those on which it counts from now on; None: what counts stays as it is.
    """

    place: int
    row: ReportedUsage
    became: Became
    before: dict[str, Any] | None
    items: tuple[BilledItem, ...] | None


class RejectedReports(Exception):  # noqa: N818 - it is no fault
    """Reports that the books' own rules reject, by their places; the transaction is taken back."""

    def __init__(self, refused: dict[int, Refused]) -> None:
        super().__init__(f"{len(refused)} reports are rejected")
        self.refused = refused


def told_of(row: ReportedUsage) -> dict[str, Any]:
    """What the audit says of a report."""
    return {name: value for name in _TOLD if (value := getattr(row, name)) not in (None, "", {})}


def keep(actor: Actor, changes: Sequence[Changed], *, file: ReportedFile | None = None, at: datetime) -> None:
    """Write changes: usage first, then the rows under the number of that, then the audit; inside `changes_by`.

    What a `file` brings has one receipt: its own.

    Refuses:
        file_must_fan_out_little

    Raises:
        RejectedReports: some of them are usage that the books do not take.
    """
    if not changes:
        return
    if file is not None:
        _refuse_wide(changes)
    taken_back = [(each, _recount(each)) for each in changes if each.items is not None]
    _record(actor, [each for each, _ in taken_back if each.items], file=file, at=at)
    if file is not None:
        keep_receipt(actor, file, at=at)
    for _, event_ids in taken_back:
        for event_id in event_ids:
            _take_back(actor, event_id, at=at)
    write_reports(actor, [each.row for each in changes], counted={each.row.id for each, _ in taken_back}, at=at)
    record_changes(actor, [_entry(each) for each in changes], at=at)


def _refuse_wide(changes: Sequence[Changed]) -> None:
    """Go on, unless a file would become more records than one transaction is to write."""
    counted = sum(len(each.items or ()) for each in changes)
    if counted > MOST_COUNTED:
        detail = f"{len(changes)} rows count {counted} times, {MOST_COUNTED} at most: name contracts or charges, or send parts"
        raise Refused("file_must_fan_out_little", field="file", detail=detail)


def is_taken_key(error: IntegrityError) -> bool:
    """Whether the database has refused a key because other reported usage has it."""
    told = getattr(error.__cause__, "diag", None)
    return told is not None and told.constraint_name == "reported_usage_unique_key"


def _take_back(actor: Actor, event_id: str, *, at: datetime) -> None:
    """What counts no longer; somebody may have voided that record by itself."""
    try:
        void_usage(actor=actor, event_id=event_id, at=at)
    except Refused as refused:
        if refused.code != "usage_must_be_known":
            raise


def _recount(change: Changed) -> list[str]:
    """Say on what it counts now; give the ids of the records that no longer do."""
    row, codes = change.row, [item.code for item in change.items or ()]
    gone = [event_id for code, event_id in row.counted.items() if code not in codes]
    if gone:
        row.generation += 1
    row.counted = {code: row.counted.get(code) or _event_id(row, code) for code in codes}
    row.counts_on = len(codes)
    return gone


def _event_id(row: ReportedUsage, item: str) -> str:
    generation = f".{row.generation}" if row.generation > 1 else ""
    return f"{reported_usage_code(row.id)}{generation}/{item}"


def keep_receipt(actor: Actor, file: ReportedFile, *, at: datetime) -> None:
    """See that a file has its receipt, also where nothing that it says counts anew."""
    if file.import_id is None or rows_of(actor, UsageImport).filter(id=file.import_id).exists():
        return
    UsageImport(
        id=file.import_id,
        tenant_id=actor.tenant_id,
        code=f"import-{file.import_id}",
        recorded_at=at,
        recorded_by=actor.name,
        request_id=actor.request_id,
        status="completed",
        file_name=file.name,
        sha256=file.sha256,
    ).save(force_insert=True)


def _record(actor: Actor, changes: Sequence[Changed], *, file: ReportedFile | None, at: datetime) -> None:
    """Record what counts; a row of the books' receipt is one item of one report."""
    places = [each.place for each in changes for _ in each.items or ()]
    records = [_record_of(each.row, item) for each in changes for item in each.items or ()]
    if not records:
        return
    is_new = all(each.became == "created" for each in changes)
    try:
        record_reported(actor=actor, records=records, on_change="reject" if is_new else "restate", file=file, at=at)
    except RejectedFile as rejected:
        found = rejected.receipt.rejections
        raise RejectedReports({places[each.row - 1]: _refusal(each) for each in reversed(found)}) from rejected


def _record_of(row: ReportedUsage, item: BilledItem) -> dict[str, object]:
    """What counts of a report on one item, with the further fields that its price plan looks at."""
    told = {name: row.further[name] for name in item.dimensions if row.further.get(name) is not None}
    return {
        **{name: _plain(value) if isinstance(value, Decimal) else str(value) for name, value in told.items()},
        "id": row.counted[item.code],
        "item": item.code,
        "used_at": row.started_at.astimezone(UTC).isoformat(),
        "quantity": _plain(row.quantity or _ZERO),
    }


def _refusal(rejection: Rejection) -> Refused:
    code, field = _REFUSED_AS.get(rejection.code, ("reported_quantity_must_count", "quantity"))
    return Refused(code, field=field, detail=f"{rejection.code}: {rejection.value}")


def _plain(quantity: Decimal) -> str:
    """A quantity without an exponent and without zeros at its end."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _entry(change: Changed) -> Change:
    after = None if change.became == "deleted" else told_of(change.row)
    return Change(_ACTIONS[change.became], "reported_usage", reported_usage_code(change.row.id), change.before, after)
