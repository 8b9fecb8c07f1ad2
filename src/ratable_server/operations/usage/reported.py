"""Reported usage: what a billing system says of a customer, counted on every item that it means.

A report is kept as it came; what counts of it is usage under ids that begin with that of the report. Many are taken at
once, each by itself, or all of them or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError

from ratable_server.actor import Actor
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.usage.once import Attempt
from ratable_server.operations.usage.reported_changes import RejectedReports, is_taken_key, keep
from ratable_server.operations.usage.reported_planning import Plan, plan_deletions, plan_reports, plan_revisions
from ratable_server.operations.usage.reports import RefusedReports, Report, ReportedFile, ReportOutcome, Revision
from ratable_server.operations.writing import changes_by
from ratable_server.store.retrying import retried

Wish = TypeVar("Wish", Report, Revision, int)
Planner = Callable[[Mapping[int, Wish]], Plan]

_MOST_TAKEN = 5  # rivals who took a key between the look and the write


def report_usage(
    *,
    actor: Actor,
    reports: Sequence[Report],
    at: datetime,
    file: ReportedFile | None = None,
    is_partial: bool = True,
) -> tuple[ReportOutcome, ...]:
    """Take reports into the books; give what became of each, in their order.

    Reports of a `file` revise what is there under their keys and restore what was deleted; others are new, and their keys
    unused. Without `is_partial` all are taken or none.

    Refuses:
        role_must_allow_it; each by itself, or all as `RefusedReports`: code_must_be_known (customer, contract, item),
        unit_of_measure_must_be_sold, report_must_fall_in_an_item, reported_quantity_must_count, text_must_be_short,
        text_must_be_plain, further_must_be_small, number_must_be_exact, date_must_be_in_range, dates_must_ascend,
        period_must_be_open, unique_key_must_be_unused, unique_key_must_be_told_once, unique_key_must_keep_its_place,
        reported_usage_must_not_be_billed, reported_usage_must_be_priced_here
    """
    batch = _Batch(actor, at, is_partial=is_partial, file=file)
    return batch.carry_out(reports, lambda asked: plan_reports(actor, asked, file, at=at))


def revise_reported_usage(*, actor: Actor, revisions: Sequence[Revision], at: datetime) -> tuple[ReportOutcome, ...]:
    """Change reported usage; give what became of each, in their order. What a closed month had counts as late usage.

    Refuses:
        role_must_allow_it; each by itself: reported_usage_must_be_known, those of `report_usage`
    """
    batch = _Batch(actor, at, is_partial=True)
    return batch.carry_out(revisions, lambda asked: plan_revisions(actor, asked, revisions, at=at))


def delete_reported_usage(*, actor: Actor, ids: Sequence[int], at: datetime) -> tuple[ReportOutcome, ...]:
    """Take reported usage back; give what became of each, in their order.

    Refuses:
        role_must_allow_it; each by itself: reported_usage_must_be_known, reported_usage_must_not_be_billed,
        reported_usage_must_be_priced_here, period_must_be_open
    """
    batch = _Batch(actor, at, is_partial=True)
    return batch.carry_out(ids, lambda asked: plan_deletions(actor, asked, at=at))


class _Batch:
    """Many wishes in one transaction; it begins again without those that the books' own rules turn out to reject."""

    def __init__(self, actor: Actor, at: datetime, *, is_partial: bool, file: ReportedFile | None = None) -> None:
        self._actor = actor
        self._at = at
        self._is_partial = is_partial
        self._file = file
        self._last: Attempt[tuple[ReportOutcome, ...]] = Attempt(actor, at)

    @retried
    def carry_out(self, wishes: Sequence[Wish], plan: Planner[Wish]) -> tuple[ReportOutcome, ...]:
        """Do what can be done of them.

        Refuses:
            as `RefusedReports`, where all of them were wanted

        Raises:
            Unavailable: others took keys that these tell, again and again.
        """
        if (done := self._last.done()) is not None:
            return done
        rejected: dict[int, Refused] = {}
        taken = 0
        while taken < _MOST_TAKEN:
            try:
                with changes_by(self._actor):
                    return self._attempt(wishes, plan, rejected)
            except RejectedReports as found:
                rejected |= found.refused
            except IntegrityError as error:
                if not is_taken_key(error):
                    raise
                taken += 1  # somebody has taken a key since it was looked for: once more, and it is known
        raise Unavailable("busy", detail="others take the unique keys of these at the same time")

    def _attempt(
        self, wishes: Sequence[Wish], plan: Planner[Wish], rejected: Mapping[int, Refused]
    ) -> tuple[ReportOutcome, ...]:
        told = {place: ReportOutcome(refused=refused) for place, refused in rejected.items()}
        changed: set[int] = set()
        for asked in _rounds({place: wish for place, wish in enumerate(wishes) if place not in rejected}):
            planned = plan(asked)
            told |= {place: ReportOutcome(refused=refused) for place, refused in planned.refused.items()}
            if not self._is_partial and any(each.refused for each in told.values()):
                continue
            keep(self._actor, planned.changes, file=self._file, at=self._at)
            changed |= {each.row.id for each in planned.changes}
            told |= {each.place: ReportOutcome(id=each.row.id, became=each.became) for each in planned.changes}
            told |= {place: ReportOutcome(id=row_id, became="unchanged") for place, row_id in planned.unchanged.items()}
        outcomes = tuple(told.get(place, ReportOutcome()) for place in range(len(wishes)))
        if not self._is_partial and any(each.refused for each in outcomes):
            raise RefusedReports(outcomes)
        self._last.will_commit_reports(outcomes, ids=changed)
        return outcomes


def _rounds(wishes: Mapping[int, Wish]) -> Iterator[dict[int, Wish]]:
    """The wishes so that none of a round changes the same row as another one; the later round sees the earlier one."""
    left = dict(wishes)
    while left:
        of_row: dict[int, int] = {}
        for place, wish in left.items():
            of_row.setdefault(_row_of(wish) or -1 - place, place)
        chosen = sorted(of_row.values())
        yield {place: left.pop(place) for place in chosen}


def _row_of(wish: object) -> int | None:
    return wish.id if isinstance(wish, Revision) else None
