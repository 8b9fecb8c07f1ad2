"""What a fact of one contract is judged by: its terms, how it would be booked, whether it has ended.

Owns the locks of a fact, in the one order of `store.locks`, and the columns that every fact carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from ratable.facts.booking import Booking
from ratable.facts.documents import Target
from ratable.terms import Contract
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import take_booking
from ratable_server.operations.extending import standing_of
from ratable_server.operations.soundness import refuse_unfit_day
from ratable_server.store import models
from ratable_server.store.locks import hold_commits, hold_contract
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A contract at the moment of a fact; without one, the rules say what is missing."""

    contract: Contract | None
    row_id: int  # 0 without one
    booking: Booking
    terminated_on: date | None = None

    @property
    def of(self) -> Contract:
        """The contract, once a rule has seen that it is there."""
        if self.contract is None:
            raise Refused("contract_must_be_known")
        return self.contract


def matter_of(actor: Actor, contract: str, *, on: date, holds_commits: bool = False) -> Matter:
    """Take up a fact of a contract on a day. Other acts of the contract wait from here to the end of the transaction.

    With `holds_commits` its prepaid commits are locked too: a balance will be judged.
    """
    refuse_unfit_day("on", on)
    booking = take_booking(actor, on)
    row_id = hold_contract(actor, contract)
    if row_id is None:
        return Matter(contract=None, row_id=0, booking=booking)
    if holds_commits:
        hold_commits(actor, [row_id])
    found = standing_of(actor, contract)
    return Matter(contract=found.contract, row_id=row_id, booking=booking, terminated_on=found.terminated_on)


def matter_of_commit(actor: Actor, commit: str, *, on: date, holds_commits: bool = False) -> Matter:
    """The same for the contract that has a prepaid commit."""
    owners = rows_of(actor, models.PrepaidCommit).filter(code=commit).values_list("contract__code", flat=True)
    return matter_of(actor, owners.first() or "", on=on, holds_commits=holds_commits)


def commit_row(actor: Actor, commit: str) -> int:
    """The row of a prepaid commit that is there."""
    return rows_of(actor, models.PrepaidCommit).values_list("id", flat=True).get(code=commit)


def target_rows(actor: Actor, matter: Matter, target: Target) -> dict[str, int]:
    """The columns that name what a document is of."""
    wanted: dict[str, tuple[QuerySet[Any], str | None]] = {
        "prepaid_commit_id": (rows_of(actor, models.PrepaidCommit), target.prepaid_commit_id),
        "subscription_id": (rows_of(actor, models.Subscription), target.subscription_id),
        "milestone_id": (rows_of(actor, models.Milestone), target.milestone_id),
    }
    return {
        column: rows.values_list("id", flat=True).get(contract_id=matter.row_id, code=code)
        for column, (rows, code) in wanted.items()
        if code is not None
    }


def fact_columns(actor: Actor, number: int, *, at: datetime) -> dict[str, Any]:
    """The columns of every fact: whose it is, its place in the order, who told it when."""
    return {
        "tenant_id": actor.tenant_id,
        "number": number,
        "recorded_at": at,
        "recorded_by": actor.name,
        "request_id": actor.request_id,
    }
