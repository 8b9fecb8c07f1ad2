"""Changing or taking away what stands on a contract, under its lock; what is gone stays for its id alone.

Owns what every such change has in common. Which change would reach closed months is judged by the module of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ratable.terms import Contract, Milestone, PrepaidCommit, Subscription, UsageItem
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.contract_rows import Lines, names_in, sold_to
from ratable_server.operations.extending import BARE, hold_open, judge_contract
from ratable_server.operations.kept import Beside, Kept, refuse_unfit_beside
from ratable_server.operations.priced_minimums import refuse_repriced
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import told, told_beside
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.load.offered import Names
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

Term = UsageItem | PrepaidCommit | Subscription | Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of line: where it stands on a contract, its table, and what is refused where there is no such line."""

    name: str
    part: str
    model: Any
    row: Callable[[Lines, int, Any, int], Any]
    unknown: str = "item_must_be_known"


USAGE_ITEM = Kind(name="usage_item", part="usage_items", model=models.UsageItem, row=Lines.item)
PREPAID_COMMIT = Kind(
    name="prepaid_commit",
    part="prepaid_commits",
    model=models.PrepaidCommit,
    row=Lines.commit,
    unknown="prepaid_commit_must_be_known",
)
SUBSCRIPTION = Kind(name="subscription", part="subscriptions", model=models.Subscription, row=Lines.subscription)
MILESTONE = Kind(name="milestone", part="milestones", model=models.Milestone, row=Lines.milestone)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """A line that is to be changed: its contract and itself as they were, their rows, the first open day."""

    contract: Contract
    contract_row: int
    was: Any
    row: Any
    open_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """What a line is to be: `name` and `further` None leave these as they are; with `seen` it must still say that."""

    kind: Kind
    contract: str
    line: Any
    name: str | None = None
    further: Any = None
    seen: Any = None


def modify_line(actor: Actor, change: LineChange, judge: Callable[[HeldLine], Term | None], *, at: datetime) -> Any:
    """Change a line of a contract; give what it was.

    `judge` refuses what would reach closed months, and gives the terms to keep where they are not those that were told.

    Refuses:
        contract_must_be_known, item_must_be_known or prepaid_commit_must_be_known, change_must_be_of_what_was_seen,
        contract_must_not_be_terminated, those of `judge`, those of `refuse_repriced`, the rules of terms
    """
    kind, line = change.kind, change.line
    refuse_unfit(line)
    refuse_unfit_beside({("told",): Beside(name=change.name or "", further=change.further or {})})
    with changes_by(actor, names=things_in(change.further), first=keeping_sold(actor, names_of(kind, line))):
        held = hold_line(actor, kind, contract=change.contract, code=line.id)
        if change.seen not in {None, held.was}:
            raise Refused("change_must_be_of_what_was_seen", field=kind.name, detail=line.id)
        if line != held.was:
            refuse_terminated(actor, held)
            hold_tenant(actor)  # no usage comes meanwhile
            line = judge(held) or line
            _judge(actor, held, _with(held, kind, line))
        _rewrite(actor, held, change, line=line, at=at)
        after = told_beside(line, change.further or {})
        audited = Change(f"modify_{kind.name}", "contract", change.contract, before=told(held.was), after=after)
        record_change(actor, audited, at=at)
    return held.was


def delete_line(
    actor: Actor, kind: Kind, contract: str, *, code: str, depends: Callable[[HeldLine], bool], at: datetime
) -> None:
    """Take a line off a contract; `depends` says if something stands on it.

    Refuses:
        contract_must_be_known, item_must_be_known or prepaid_commit_must_be_known, nothing_must_depend_on_it,
        those of `refuse_repriced`, the rules of terms
    """
    with changes_by(actor):
        held = hold_line(actor, kind, contract=contract, code=code)
        hold_tenant(actor)  # no usage comes meanwhile
        if depends(held):
            raise Refused("nothing_must_depend_on_it", field=kind.name, detail=code)
        _judge(actor, held, _with(held, kind, None))
        mark_deleted(held.row, at=at)
        change = Change(f"delete_{kind.name}", "contract", contract, before=told(held.was))
        record_change(actor, change, at=at)


def names_of(kind: Kind, line: Term) -> Names:
    """What of the catalogue a line names."""
    lines: dict[str, Any] = {kind.part: (line,)}
    return names_in(replace(BARE, **lines))


def hold_line(actor: Actor, kind: Kind, *, contract: str, code: str) -> HeldLine:
    """A line of a contract, which nobody else changes until this transaction ends."""
    held = hold_open(actor, contract)
    row = rows_of(actor, kind.model).select_for_update(no_key=True).filter(contract_id=held.row_id, code=code).first()
    was = next((each for each in getattr(held.contract, kind.part) if each.id == code), None)
    if row is None or was is None:
        raise Refused(kind.unknown, field=kind.name, detail=code)
    return HeldLine(contract=held.contract, contract_row=held.row_id, was=was, row=row, open_on=held.open_on)


def refuse_terminated(actor: Actor, held: HeldLine) -> None:
    """Go on, unless the contract has ended before its time."""
    if rows_of(actor, models.Termination).filter(contract_id=held.contract_row).exists():
        raise Refused("contract_must_not_be_terminated", field="contract", detail=held.contract.id)


def mark_deleted(row: Any, *, at: datetime) -> None:
    """The row stays, and no longer counts."""
    row.deleted_at = row.modified_at = at
    row.save()


def _with(held: HeldLine, kind: Kind, line: Any) -> Contract:
    """The contract with another line in the place of the one that is held; None: with none there."""
    lines = (line if each == held.was else each for each in getattr(held.contract, kind.part))
    changes: dict[str, Any] = {kind.part: tuple(each for each in lines if each is not None)}
    return replace(held.contract, **changes)


def _judge(actor: Actor, held: HeldLine, contract: Contract) -> None:
    """A minimum quantity may wait for a usage group, but not lose the one by which closed months have priced it."""
    refuse_repriced(actor, held.contract, contract)
    judge_contract(contract, sold_to(actor, contract))


def _rewrite(actor: Actor, held: HeldLine, change: LineChange, *, line: Term, at: datetime) -> None:
    name = getattr(held.row, "name", "") if change.name is None else change.name
    further = held.row.further if change.further is None else change.further
    kept = Kept(at=at, beside={(change.kind.name, line.id): Beside(name=name, further=further)})
    catalog = sold_to(actor, _with(held, change.kind, line))
    row = change.kind.row(Lines(actor, catalog, kept), held.contract_row, line, held.row.place)
    row.pk, row.created_at = held.row.pk, held.row.created_at
    row.save(force_update=True)
