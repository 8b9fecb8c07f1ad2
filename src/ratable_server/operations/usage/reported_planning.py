"""What reports, revisions and deletions come to: a change of one row each, or the rule that it breaks.

Reads what is needed for all of them at once, and holds the rows that are there and the months that their usage is booked
in. Nothing is written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.reported_changes import Changed
from ratable_server.operations.usage.reported_fit import instant
from ratable_server.operations.usage.reported_items import Customers
from ratable_server.operations.usage.reported_judging import Judge
from ratable_server.operations.usage.reports import Report, ReportedFile, Revision
from ratable_server.operations.usage.settling import hold_books
from ratable_server.store.load.billed_items import Within, before_reports
from ratable_server.store.load.reported_usage import billed_among, held_reports, held_reports_by_key
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import ReportedUsage
from ratable_server.store.public_ids import reported_usage_code

_Judged = Callable[[], Changed | None]


@dataclass(slots=True)
class Plan:
    """Changes in the order in which they were asked for; by place the rows of what stays, and what is refused."""

    changes: list[Changed] = field(default_factory=list)
    unchanged: dict[int, int] = field(default_factory=dict)
    refused: dict[int, Refused] = field(default_factory=dict)

    def take(self, place: int, judged: _Judged, *, row_id: int = 0) -> None:
        """Judge one: a change, a row that stays as it is, or a refusal."""
        try:
            change = judged()
        except Refused as refused:
            self.refused[place] = refused
            return
        if change is None:
            self.unchanged[place] = row_id
        else:
            self.changes.append(change)


def plan_reports(actor: Actor, reports: Mapping[int, Report], file: ReportedFile | None, *, at: datetime) -> Plan:
    """New reports; of a file those that are there under their keys are revised or restored."""
    named = {each.customer for each in reports.values()}
    zone, ids, found = before_reports(actor, len(reports), named, within=_within(reports.values()))
    customers = Customers(found)
    keys = _Keys(actor, reports.values(), is_file=file is not None)
    told = [each.started_at for each in reports.values() if each.unique_key in keys.revised]
    first_on = _first_month(actor, _months(keys.revised.values(), told, zone), at=at) if keys.revised else date.min
    billed = billed_among(actor, [row.id for row in keys.revised.values()]) if keys.revised else set()
    judge = Judge(zone=zone, customers=customers, first_on=first_on, billed=billed, file=file)
    plan = Plan()
    for row_id, (place, report) in zip(ids, reports.items(), strict=True):
        row = ReportedUsage(id=row_id, tenant_id=actor.tenant_id, created_at=at, created_by=actor.name)
        known = keys.known(report)
        plan.take(place, partial(_reported, judge, keys, Asked(place, report, known or row)), row_id=(known or row).id)
    return plan


def plan_revisions(actor: Actor, revisions: Mapping[int, Revision], every: Iterable[Revision], *, at: datetime) -> Plan:
    """Changes of reports that are there; no row is among them twice.

    Of `every` revision of the call, also of those whose turn comes later, the months are held from the first time on.
    """
    rows = held_reports(actor, {each.id for each in revisions.values()})
    zone, _, found = before_reports(actor, 0, {row.customer_id for row in rows.values()})
    customers = Customers(found)
    told = [each.fields["started_at"] for each in every if "started_at" in each.fields]
    first_on = _first_month(actor, _months(rows.values(), told, zone), at=at) if rows else date.min
    judge = Judge(zone=zone, customers=customers, first_on=first_on, billed=billed_among(actor, rows))
    owners = _owners(actor, {key for each in revisions.values() if (key := each.fields.get("unique_key"))})
    plan = Plan()
    for place, revision in revisions.items():
        judged = partial(_revised, judge, place, revision, row=rows.get(revision.id), owners=owners)
        plan.take(place, judged, row_id=revision.id)
    return plan


def plan_deletions(actor: Actor, ids: Mapping[int, int], *, at: datetime) -> Plan:
    """Reports that are taken back; what is taken back twice is not there the second time."""
    rows = held_reports(actor, set(ids.values()))
    zone, _, found = before_reports(actor, 0, {row.customer_id for row in rows.values()})
    customers = Customers(found)
    first_on = _first_month(actor, [row.month_on for row in rows.values()], at=at) if rows else date.min
    judge = Judge(zone=zone, customers=customers, first_on=first_on, billed=billed_among(actor, rows))
    plan = Plan()
    for place, row_id in ids.items():
        plan.take(place, partial(_deleted, judge, place, row_id, row=rows.pop(row_id, None), at=at))
    return plan


@dataclass(frozen=True, slots=True)
class Asked:
    """A report at its place, with the row that it is to be: a new one, or the one under its key."""

    place: int
    report: Report
    row: ReportedUsage


class _Keys:
    """The keys of reports: what is there under them, and which are told more than once."""

    def __init__(self, actor: Actor, reports: Iterable[Report], *, is_file: bool) -> None:
        self._is_file = is_file
        self._told = Counter(each.unique_key for each in reports if each.unique_key)
        self._rows = held_reports_by_key(actor, self._told) if self._told else {}
        self._used = {key for key, row in self._rows.items() if row.deleted_at is None}
        self.revised = {key: self._rows[key] for key in self._used} if is_file else {}

    def known(self, report: Report) -> ReportedUsage | None:
        """What a report of a file revises or restores."""
        return self._rows.get(report.unique_key) if self._is_file else None

    def refuse(self, key: str) -> None:
        """Go on, unless a key is taken: twice in a file, or by a report that is there or was told just now.

        Refuses:
            unique_key_must_be_told_once, unique_key_must_be_unused
        """
        if self._is_file and self._told[key] > 1:
            raise Refused("unique_key_must_be_told_once", field="unique_key", detail=key)
        if not self._is_file and key in self._used:
            raise Refused("unique_key_must_be_unused", field="unique_key", detail=key)
        if key:
            self._used.add(key)


def _reported(judge: Judge, keys: _Keys, asked: Asked) -> Changed | None:
    keys.refuse(asked.report.unique_key)
    if keys.known(asked.report) is None:
        return judge.reported(asked.place, asked.row, asked.report)
    return judge.reported_again(asked.place, asked.row, asked.report)


def _revised(
    judge: Judge, place: int, revision: Revision, *, row: ReportedUsage | None, owners: dict[str, int]
) -> Changed | None:
    if row is None:
        raise _unknown(revision.id)
    key = revision.fields.get("unique_key", "")
    if owners.get(key, row.id) != row.id:
        raise Refused("unique_key_must_be_unused", field="unique_key", detail=key)
    change = judge.revised(place, row, revision.fields)
    if key:
        owners[key] = row.id  # of two that want a new key the second is too late
    return change


def _deleted(judge: Judge, place: int, row_id: int, *, row: ReportedUsage | None, at: datetime) -> Changed:
    if row is None:
        raise _unknown(row_id)
    return judge.deleted(place, row, at=at)


def _within(reports: Iterable[Report]) -> Within | None:
    """The contracts and items that reports name; None: one of them names neither."""
    places = {(each.contract, each.item) for each in reports}
    if (None, None) in places:
        return None
    contracts = {contract for contract, _ in places if contract is not None}
    return Within(contracts, {item for _, item in places if item is not None})


def _unknown(row_id: int) -> Refused:
    return Refused("reported_usage_must_be_known", field="id", detail=reported_usage_code(row_id))


def _owners(actor: Actor, keys: set[str]) -> dict[str, int]:
    """Whose keys these are."""
    rows = held_reports_by_key(actor, keys) if keys else {}
    return {key: row.id for key, row in rows.items() if row.deleted_at is None}


def _months(rows: Iterable[ReportedUsage], told: Iterable[datetime], zone: ZoneInfo) -> list[date]:
    """The months in which usage was, and is to be; a time that cannot be is refused later."""
    months = [row.month_on for row in rows]
    for at in told:
        try:
            months.append(month_of(instant(at, zone).astimezone(zone).date()))
        except (Refused, OverflowError):
            continue
    return months


def _first_month(actor: Actor, months: list[date], *, at: datetime) -> date:
    """The first month whose usage may change, and these months stay open until the transaction ends."""
    open_on = hold_books(actor, months, at=at)
    return open_on if load_policy(actor).late_usage == "reject" else date.min
