"""Usage that comes as the records of a call, not as a file: without a row of its own before the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.direct import MOST_RECORDS, take_directly
from ratable_server.operations.usage.imports import Begun, next_import_id
from ratable_server.operations.usage.once import Attempt
from ratable_server.operations.usage.receipts import Receipt, RejectedFile, Taken
from ratable_server.operations.usage.reports import ReportedFile
from ratable_server.operations.usage.settling import Wish, take
from ratable_server.operations.usage.uploads import OnChange
from ratable_server.store.retrying import retried
from ratable_server.store.staging.ndjson_rows import Cells, rows_of_records
from ratable_server.store.staging.texts import opened_texts


def record_usage(
    *,
    actor: Actor,
    records: Sequence[Mapping[str, object]],
    at: datetime,
    is_partial: bool = False,
    on_change: OnChange = "reject",
    takes_late: bool = True,
) -> Receipt:
    """Take records of usage into the books, all of them or none, and give their receipt.

    A record has the columns of a file: id, item (or prepaid_commit, or contract), used_on or used_at, quantity or
    amount, currency; whatever else it has is a dimension. Numbers are decimals, whole numbers or texts. One without
    an id is new each time; its id is the code of the receipt and its place, as in `import-17.1`. Without `takes_late`
    usage of a closed month is rejected, whatever the policy says.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedFile`)

    Rejects:
        row by row, every code of `ratable.errors.REJECTIONS`, the first that applies in that order
    """
    _refuse_role(actor)
    rows = rows_of_records(records, None)
    manner = Manner(is_partial=is_partial, on_change=on_change, takes_late=takes_late)
    return _recorded(actor, rows, manner, at=at)


def record_reported(
    *,
    actor: Actor,
    records: Sequence[Mapping[str, object]],
    on_change: OnChange,
    file: ReportedFile | None,
    at: datetime,
) -> Receipt:
    """The same of what is reported; what a file reports has the receipt of that file.

    Refuses:
        role_must_allow_it, file_must_be_clean (as `RejectedFile`)
    """
    _refuse_role(actor)
    return _recorded(actor, rows_of_records(records, None), Manner(on_change=on_change, file=file), at=at)


def _recorded(actor: Actor, rows: Sequence[Cells], manner: Manner, *, at: datetime) -> Receipt:
    if 0 < len(rows) <= MOST_RECORDS:
        return take_rows(actor=actor, rows=rows, manner=manner, at=at).receipt
    return _as_a_file(Attempt(actor, at), rows, manner)


def take_records(*, actor: Actor, records: Sequence[Mapping[str, object]], manner: Manner, at: datetime) -> Taken:
    """The same of some thousand records at most, and what became of each.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedFile`)
    """
    return take_rows(actor=actor, rows=rows_of_records(records, None), manner=manner, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How records are to be taken, as `record_usage` has it; `are_of_many` as `take_directly` has it.

    `file` is the one that reports them, where one does.
    """

    is_partial: bool = False
    on_change: OnChange = "reject"
    takes_late: bool = True
    are_of_many: bool = False
    file: ReportedFile | None = None


def take_rows(*, actor: Actor, rows: Sequence[Cells], manner: Manner, at: datetime) -> Taken:
    """Take the rows of a call into the books, and tell what became of each.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedFile`)
    """
    _refuse_role(actor)
    taken = _taken(Attempt(actor, at), rows, manner)
    if taken.receipt.status == "failed":
        raise RejectedFile(taken.receipt, taken.outcomes)
    return taken


@retried
def _taken(attempt: Attempt[Taken], rows: Sequence[Cells], manner: Manner) -> Taken:
    if (done := attempt.done()) is not None:
        return done
    begun = _begun(attempt.actor, rows, manner, at=attempt.at)
    return take_directly(begun, _wish(begun, manner), rows, attempt=attempt, are_of_many=manner.are_of_many)


@retried
def _as_a_file(attempt: Attempt[Receipt], rows: Sequence[Cells], manner: Manner) -> Receipt:
    if (done := attempt.done()) is not None:
        if done.status == "failed":
            raise RejectedFile(done)
        return done
    begun = _begun(attempt.actor, rows, manner, at=attempt.at)
    with opened_texts() as texts:
        texts.add_rows(rows)
        return take(begun, _wish(begun, manner), texts, attempt=attempt)


def _refuse_role(actor: Actor) -> None:
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer records usage")


def _begun(actor: Actor, rows: Sequence[Cells], manner: Manner, *, at: datetime) -> Begun:
    file = manner.file
    return Begun(
        actor=actor,
        at=at,
        import_id=(file.import_id if file else None) or next_import_id(),
        file_name=file.name if file else "",
        sha256=(file.sha256 if file else "") or hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        is_partial=manner.is_partial,
        is_kept=False,
    )


def _wish(begun: Begun, manner: Manner) -> Wish:
    return Wish(item=None, prefix=f"{begun.code}.", on_change=manner.on_change, takes_late=manner.takes_late)
