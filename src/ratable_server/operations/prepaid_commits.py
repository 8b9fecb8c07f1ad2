"""Prepaid commits: granted with the contract or later, topped up, estimated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db.models import Sum

from ratable.facts import rules
from ratable.facts.amendments import commit_of
from ratable.facts.booking import Booking
from ratable.money import to_major, to_minor
from ratable.periods import FAR, month_of
from ratable.pools_of_units import priced_grants, to_millionths, unit_pool
from ratable.terms import PrepaidCommit
from ratable.terms_tables import addressed_stream, counts_from
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.balances import drawn_of_commit
from ratable_server.operations.booking import numbered
from ratable_server.operations.changing import PREPAID_COMMIT, HeldLine, LineChange, delete_line, modify_line
from ratable_server.operations.closed_months import refuse_closed
from ratable_server.operations.dependents import drawn_in_closed_months, facts_on_commit, usage_on
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.matters import Matter, commit_row, fact_columns, matter_of_commit
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_number
from ratable_server.operations.told import Created, Filed, told, told_beside
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_added, record_change
from ratable_server.store.load.terms import load_policy
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


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
        row = extension.lines.commit(extension.row_id, commit, place)
        after = {"name": name, **told_beside(commit, further)}
        record_added(actor, row, Change("grant_prepaid_commit", "contract", contract, after=after), at=at)
    return Created(code=commit.id)


@retried
def top_up_prepaid_commit(
    *, actor: Actor, commit: str, amount: Decimal, is_of_units: bool = False, on: date, at: datetime
) -> Filed:
    """More value for a prepaid commit: it counts for the whole month that books it.

    Of a pool of units `amount` is units (`is_of_units`); each costs what the first cost.

    Refuses:
        prepaid_commit_must_be_known, contract_must_not_be_terminated, amount_must_be_in_the_measure_of_the_pool,
        amount_must_be_positive, amount_must_fit_currency, units_must_be_kept_exactly, prepaid_commit_must_not_have_ended
    """
    refuse_unfit_number("amount", amount)
    with changes_by(actor):
        matter = matter_of_commit(actor, commit, on=on, holds_commits=True)
        code = rules.refuses_top_up(
            matter.contract,
            commit,
            amount,
            booking=matter.booking,
            terminated_on=matter.terminated_on,
            is_of_units=is_of_units,
        )
        refuse(code, field="top_up", detail=commit)
        booking = numbered(actor, matter.booking)
        models.TopUp(
            **fact_columns(actor, booking.number, at=at),
            commit_id=commit_row(actor, commit),
            amount_minor=_worth(actor, matter, commit=commit, amount=amount),
            units=amount if is_of_units else None,
            booked_on=booking.booked_on,
        ).save(force_insert=True)
        filed = _filed(commit, booking)
        after = {"units" if is_of_units else "amount": amount, **told(filed)}
        record_change(actor, Change("top_up_prepaid_commit", "top_up", commit, after=after), at=at)
    return filed


def _worth(actor: Actor, matter: Matter, *, commit: str, amount: Decimal) -> int:
    """What is added, in minor units; of units what they cost beside those that were added before."""
    agreed = commit_of(matter.of, commit)
    if agreed.units is None:
        return to_minor(amount, matter.of.currency)
    pool = unit_pool(agreed, matter.of.currency)
    before = rows_of(actor, models.TopUp).filter(commit__code=commit).order_by("number")
    added = [*before.values_list("units", flat=True), amount]
    rows = [{"commit_id": commit, "amount_minor": to_millionths(units or Decimal(0))} for units in added]
    *_, last = priced_grants([pool], rows, rounding=load_policy(actor).rounding)
    return int(str(last["amount_minor"]))


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


@retried
def modify_prepaid_commit(
    *,
    actor: Actor,
    contract: str,
    commit: PrepaidCommit,
    name: str | None = None,
    further: Further | None = None,
    at: datetime,
) -> PrepaidCommit:
    """Change a prepaid commit; give what it was. Name, further fields and priority may always change.

    `total_value` is what it is worth with what was topped up and credited since: where it began in a closed month, more
    is a top-up of the first open one, and less takes a credit memo. Its end moves among open days. Discount, rate, start,
    product and expected breakage stay once a closed month has posted some of it. Whether and how it rolls over may change
    until it ends.

    Refuses:
        contract_must_be_known, prepaid_commit_must_be_known, prepaid_commit_must_cover_its_draws, period_must_be_open,
        contract_must_not_be_terminated, code_must_be_known (product), the rules of terms
    """

    def judge(held: HeldLine) -> PrepaidCommit:
        return _kept_terms(actor, held, commit, at=at)

    change = LineChange(kind=PREPAID_COMMIT, contract=contract, line=commit, name=name, further=further)
    return cast("PrepaidCommit", modify_line(actor, change, judge, at=at))


@retried
def delete_prepaid_commit(*, actor: Actor, contract: str, code: str, at: datetime) -> None:
    """Take a prepaid commit off a contract, as long as nothing depends on it: usage of open months is drawn elsewhere.

    Refuses:
        contract_must_be_known, prepaid_commit_must_be_known, nothing_must_depend_on_it
    """

    def depends(held: HeldLine) -> bool:
        return (
            usage_on(actor, addressed_stream(code)).exists()
            or drawn_in_closed_months(actor, code)
            or facts_on_commit(actor, held.row.id)
        )

    delete_line(actor, PREPAID_COMMIT, contract, code=code, depends=depends, at=at)


def _kept_terms(actor: Actor, held: HeldLine, commit: PrepaidCommit, *, at: datetime) -> PrepaidCommit:
    """The terms to keep, once no closed month would change by them."""
    was: PrepaidCommit = held.was
    added = rows_of(actor, models.TopUp).filter(commit_id=held.row.id).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    more = commit.total_value - was.total_value - to_major(int(added), held.contract.currency)
    _refuse_of_closed(actor, held, commit)
    if more < 0 and commit.total_value < drawn_of_commit(actor, held.contract, was.id, open_on=held.open_on):
        raise Refused("prepaid_commit_must_cover_its_draws", field="total_value", detail=f"{commit.total_value}")
    if more == 0 or held.open_on <= month_of(was.starts_on):
        return replace(commit, total_value=was.total_value + more)
    if more < 0:
        refuse_closed(was.starts_on, held.open_on, field="total_value")
    top_up_prepaid_commit(actor=actor, commit=was.id, amount=more, on=held.open_on, at=at)
    return replace(commit, total_value=was.total_value)


def _refuse_of_closed(actor: Actor, held: HeldLine, commit: PrepaidCommit) -> None:
    was: PrepaidCommit = held.was
    free = replace(
        was,
        priority=commit.priority,
        ends_before=commit.ends_before,
        total_value=commit.total_value,
        rollover=commit.rollover,
    )
    if commit != free and drawn_in_closed_months(actor, was.id):
        raise Refused("period_must_be_open", field="prepaid_commit", detail=f"a closed month has some of {was.id}")
    if commit.starts_on != was.starts_on and month_of(counts_from(held.contract)) < held.open_on:
        refuse_closed(min(was.starts_on, commit.starts_on), held.open_on, field="starts_on")
    if (commit.ends_before, commit.rollover) != (was.ends_before, was.rollover):
        first_end = min(commit.ends_before or FAR, was.ends_before or FAR)
        refuse_closed(first_end - timedelta(days=1), held.open_on, field="ends_before")
