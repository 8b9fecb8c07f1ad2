"""Milestones: fixed amounts earned on one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

from ratable.terms import Milestone
from ratable_server.actor import Actor
from ratable_server.operations.changing import MILESTONE, HeldLine, LineChange, delete_line, modify_line
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.sources import refuse_posted, source_depends
from ratable_server.operations.told import Created, told_beside
from ratable_server.store.audit import Change, record_added
from ratable_server.store.retrying import retried


@retried
def add_milestone(
    *, actor: Actor, contract: str, milestone: Milestone, further: Further = NOTHING, at: datetime
) -> Created:
    """Add a milestone to a contract. One of a closed month is booked in the first open one.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, code_must_be_known (product), code_must_be_unused,
        the rules of terms
    """
    refuse_unfit(milestone)
    kept = Kept(at=at, beside={("milestone", milestone.id): Beside(further=further)})
    with extension_of(
        actor, contract, lambda was: replace(was, milestones=(*was.milestones, milestone)), kept=kept
    ) as extension:
        place = len(extension.before.milestones)
        row = extension.lines.milestone(extension.row_id, milestone, place)
        added = Change("add_milestone", "contract", contract, after=told_beside(milestone, further))
        record_added(actor, row, added, at=at)
    return Created(code=milestone.id)


@retried
def modify_milestone(
    *,
    actor: Actor,
    contract: str,
    milestone: Milestone,
    further: Further | None = None,
    seen: Milestone | None = None,
    at: datetime,
) -> Milestone:
    """Change a milestone that no closed month has posted; give what it was. Its further fields may always change.

    Its split over products may change once it is posted, too: the difference is booked in the first open month.

    Refuses:
        contract_must_be_known, item_must_be_known, change_must_be_of_what_was_seen, period_must_be_open,
        contract_must_not_be_terminated, code_must_be_known (product), the rules of terms
    """

    def judge(held: HeldLine) -> None:
        was: Milestone = held.was
        if replace(was, allocation=milestone.allocation) != milestone:
            refuse_posted(actor, held, source_kind="milestone")

    change = LineChange(kind=MILESTONE, contract=contract, line=milestone, further=further, seen=seen)
    return cast("Milestone", modify_line(actor, change, judge, at=at))


@retried
def delete_milestone(*, actor: Actor, contract: str, code: str, at: datetime) -> None:
    """Take a milestone off a contract, as long as nothing depends on it.

    Refuses:
        contract_must_be_known, item_must_be_known, nothing_must_depend_on_it
    """
    depends = source_depends(actor, "milestone")
    delete_line(actor, MILESTONE, contract, code=code, depends=depends, at=at)
