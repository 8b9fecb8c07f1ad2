"""Single records and reports of one sender that come at the same moment: one transaction for all of them.

Each is judged as if it came alone; what is refused to one is nobody else's matter. Records share a receipt. The audit
names all of their requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.gathering import Gathering
from ratable_server.operations.usage.receipts import RejectedRecord, Taken
from ratable_server.operations.usage.recording import Manner, take_rows
from ratable_server.operations.usage.reported import report_usage
from ratable_server.operations.usage.reports import Report, ReportOutcome
from ratable_server.store.staging.direct.reading import refuse_malformed
from ratable_server.store.staging.ndjson_rows import Cells, rows_of_records


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One record of somebody."""

    actor: Actor
    cells: Cells
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reported:
    """One report of somebody."""

    actor: Actor
    report: Report
    at: datetime


def record_together(*, actor: Actor, record: Mapping[str, object], at: datetime) -> Taken:
    """Take a record of usage into the books, with others that the same sender sends at this moment.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedRecord`)
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer records usage")
    (cells,) = rows_of_records([record], None)
    refuse_malformed(cells, 1)
    asked = _Asked(actor=actor, cells=cells, at=at)
    return _records.take(asked, place=_sender(actor), name=cells[0] or None)


def report_together(*, actor: Actor, report: Report, at: datetime) -> ReportOutcome:
    """Take a report into the books, with others that the same sender sends at this moment; give what became of it.

    Refuses:
        role_must_allow_it; what `report_usage` refuses is in the outcome
    """
    asked = _Reported(actor=actor, report=report, at=at)
    return _reports.take(asked, place=_sender(actor), name=report.unique_key or None)


def _take(asked: Sequence[_Asked]) -> list[Taken | Exception]:
    """Take the records of a turn; one that is rejected keeps no month from closing."""
    manner = Manner(are_of_many=True)
    actor = _actor([each.actor for each in asked])
    taken = take_rows(actor=actor, rows=[each.cells for each in asked], manner=manner, at=asked[0].at)
    own = [replace(taken, outcomes=[outcome._replace(row=1)]) for outcome in taken.outcomes]
    return [RejectedRecord(each.outcomes[0]) if each.outcomes[0].code else each for each in own]


def _report(asked: Sequence[_Reported]) -> Sequence[ReportOutcome]:
    actor = _actor([each.actor for each in asked])
    return report_usage(actor=actor, reports=[each.report for each in asked], at=asked[0].at)


def _sender(actor: Actor) -> tuple[int, str, str]:
    return actor.tenant_id, actor.name, actor.role


def _actor(actors: Sequence[Actor]) -> Actor:
    """Who does the work of a turn: one sender, in all of these requests."""
    request_id = " ".join(dict.fromkeys(actor.request_id for actor in actors))
    return replace(actors[0], request_id=request_id, is_turn=len(actors) > 1)


_records: Gathering[_Asked, Taken] = Gathering(_take)
_reports: Gathering[_Reported, ReportOutcome] = Gathering(_report)
