"""Receipts of imports: what came, what was taken, and a hash that is chained to the receipt before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ratable_server.actor import Actor
from ratable_server.store.models import UsageImport, UsageRejection
from ratable_server.store.scope import rows_of

SHOWN_REJECTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A row that was not taken, by the first rule that it breaks; rows count from 1, below the header."""

    row: int
    event_id: str
    stream: str
    code: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a file. Rows and quantity: received = accepted + duplicate + rejected.

    `quantity` is a control total: the amounts, and where a row has none its quantity. `rejection_count` is how many
    rows broke a rule; a file that is refused for one of them has all its new rows rejected. `repeats` is an earlier
    import of the same bytes, where this one added nothing.
    """

    import_code: str
    status: str
    file_name: str
    sha256: str
    is_partial: bool
    rows_received: int
    rows_accepted: int
    rows_duplicate: int
    rows_rejected: int
    quantity_received: Decimal
    quantity_accepted: Decimal
    quantity_duplicate: Decimal
    quantity_rejected: Decimal
    accepted_sha256: str
    previous_sha256: str
    recorded_at: datetime
    recorded_by: str
    rejection_count: int
    rejections: tuple[Rejection, ...]
    repeats: str = ""


def receipt_of(actor: Actor, row: UsageImport) -> Receipt:
    """The receipt of an import; inside `books_of`."""
    found = rows_of(actor, UsageRejection).filter(usage_import_id=row.id)
    columns = ("row", "event_id", "stream", "code", "value")
    first = found.order_by("row", "id").values(*columns)[:SHOWN_REJECTIONS]
    return receipt_with(actor, row, [Rejection(**rejection) for rejection in first], count=found.count())


def receipt_with(actor: Actor, row: UsageImport, rejections: Sequence[Rejection], *, count: int) -> Receipt:
    """The same where the first rejections are at hand; `count` is how many there are in all."""
    return Receipt(
        import_code=row.code,
        status=row.status,
        file_name=row.file_name,
        sha256=row.sha256,
        is_partial=row.is_partial,
        **counts_of(row),
        accepted_sha256=row.accepted_sha256,
        previous_sha256=row.previous_sha256,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        rejection_count=count,
        rejections=tuple(rejections[:SHOWN_REJECTIONS]),
        repeats=_repeated(actor, row),
    )


def counts_of(row: UsageImport) -> dict[str, Any]:
    """Rows and quantity by what became of them."""
    outcomes = ("received", "accepted", "duplicate", "rejected")
    return {
        f"{kind}_{outcome}": getattr(row, f"{kind}_{outcome}") for kind in ("rows", "quantity") for outcome in outcomes
    }


def _repeated(actor: Actor, row: UsageImport) -> str:
    if row.status != "completed" or row.rows_accepted or not row.rows_duplicate:
        return ""
    same = rows_of(actor, UsageImport).filter(sha256=row.sha256, status="completed", id__lt=row.id)
    return same.order_by("id").values_list("code", flat=True).first() or ""
