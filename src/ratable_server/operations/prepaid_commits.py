"""Prepaid commits: granted with the contract or later, topped up, estimated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from ratable.facts import rules
from ratable.facts.booking import Booking
from ratable.money import to_minor
from ratable.periods import month_of
from ratable.terms import PrepaidCommit
from ratable.terms_tables import counts_from
from ratable_server.actor import Actor
from ratable_server.operations.booking import numbered
from ratable_server.operations.closed_months import refuse_closed
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.matters import commit_row, fact_columns, matter_of_commit
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_number
from ratable_server.operations.told import Created, Filed, told, told_beside
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried


@retried
def grant_prepaid_commit(
    *, actor: Actor, contract: str, commit: PrepaidCommit, name: str = "", further: Further = NOTHING, at: datetime
) -> Created:
    """Add a prepaid commit to a contract.

    Where a month of the contract is closed it starts in an open one: what was drawn in closed months stays as it is.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, period_must_be_open, code_must_be_known (product),
        code_must_be_unused, the rules of terms
    """
    refuse_unfit(commit)
    kept = Kept(at=at, beside={("prepaid_commit", commit.id): Beside(name=name, further=further)})
    with extension_of(
        actor, contract, lambda was: replace(was, prepaid_commits=(*was.prepaid_commits, commit)), kept=kept
    ) as extension:
        if month_of(counts_from(extension.before)) < extension.open_on:
            refuse_closed(commit.starts_on, extension.open_on, field="starts_on")
        place = len(extension.before.prepaid_commits)
        extension.lines.commit(extension.row_id, commit, place).save(force_insert=True)
        after = {"name": name, **told_beside(commit, further)}
        record_change(actor, Change("grant_prepaid_commit", "contract", contract, after=after), at=at)
    return Created(code=commit.id)


@retried
def top_up_prepaid_commit(*, actor: Actor, commit: str, amount: Decimal, on: date, at: datetime) -> Filed:
    """More value for a prepaid commit: it counts for the whole month that books it.

    Refuses:
        prepaid_commit_must_be_known, contract_must_not_be_terminated, amount_must_be_positive,
        amount_must_fit_currency, prepaid_commit_must_not_have_ended
    """
    refuse_unfit_number("amount", amount)
    with changes_by(actor):
        matter = matter_of_commit(actor, commit, on=on, holds_commits=True)
        code = rules.refuses_top_up(
            matter.contract, commit, amount, booking=matter.booking, terminated_on=matter.terminated_on
        )
        refuse(code, field="top_up", detail=commit)
        booking = numbered(actor, matter.booking)
        models.TopUp(
            **fact_columns(actor, booking.number, at=at),
            commit_id=commit_row(actor, commit),
            amount_minor=to_minor(amount, matter.of.currency),
            booked_on=booking.booked_on,
        ).save(force_insert=True)
        filed = _filed(commit, booking)
        after = {"amount": amount, **told(filed)}
        record_change(actor, Change("top_up_prepaid_commit", "top_up", commit, after=after), at=at)
    return filed


@retried
def estimate_breakage(*, actor: Actor, commit: str, percentage: Decimal, on: date, at: datetime) -> Filed:
    """Expect another part of a prepaid commit to lapse, from the month that books it on.

    Refuses:
        prepaid_commit_must_be_known, contract_must_not_be_terminated, percentage_must_be_between_0_and_100
    """
    refuse_unfit_number("percentage", percentage)
    with changes_by(actor):
        matter = matter_of_commit(actor, commit, on=on)
        code = rules.refuses_estimate(
            matter.contract, percentage, booking=matter.booking, terminated_on=matter.terminated_on
        )
        refuse(code, field="breakage_estimate", detail=commit)
        booking = numbered(actor, matter.booking)
        models.BreakageEstimate(
            **fact_columns(actor, booking.number, at=at),
            commit_id=commit_row(actor, commit),
            percentage=percentage,
            booked_on=booking.booked_on,
        ).save(force_insert=True)
        filed = _filed(commit, booking)
        after = {"percentage": percentage, **told(filed)}
        record_change(actor, Change("estimate_breakage", "breakage_estimate", commit, after=after), at=at)
    return filed


def _filed(commit: str, booking: Booking) -> Filed:
    return Filed(code=commit, number=booking.number, booked_on=booking.booked_on, on=booking.on)
