"""Single records of one sender that come at the same moment: one transaction and one receipt for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.gathering import Gathering
from ratable_server.operations.usage.receipts import RejectedRecord, Taken
from ratable_server.operations.usage.recording import Manner, take_rows
from ratable_server.store.staging.direct.reading import refuse_malformed
from ratable_server.store.staging.ndjson_rows import Cells, rows_of_records


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One record of somebody."""

    actor: Actor
    cells: Cells
    at: datetime


def record_together(*, actor: Actor, record: Mapping[str, object], at: datetime) -> Taken:
    """Take a record of usage into the books, with others that the same sender sends at this moment.

    It is judged as if it came alone. The receipt is of all of them, and its audit names all of their requests.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedRecord`)
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer records usage")
    (cells,) = rows_of_records([record], None)
    refuse_malformed(cells, 1)
    asked = _Asked(actor=actor, cells=cells, at=at)
    return _gathering.do(asked, place=(actor.tenant_id, actor.name, actor.role), name=cells[0] or None)


def _take(asked: Sequence[_Asked]) -> list[Taken | Exception]:
    """Take the records of a turn; one that is rejected is nobody else's matter, and keeps no month from closing."""
    ids = dict.fromkeys(each.actor.request_id for each in asked)
    actor = replace(asked[0].actor, request_id=" ".join(ids))
    manner = Manner(is_partial=True, are_of_many=True)
    taken = take_rows(actor=actor, rows=[each.cells for each in asked], manner=manner, at=asked[0].at)
    own = [replace(taken, outcomes=[replace(outcome, row=1)]) for outcome in taken.outcomes]
    return [RejectedRecord(each.outcomes[0]) if each.outcomes[0].code else each for each in own]


_gathering: Gathering[_Asked, Taken] = Gathering(_take)
