"""Acts after signing that end a contract or correct its closed months: facts, each filed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max

from ratable.facts import rules
from ratable.facts.amendments import adjustment_row
from ratable.facts.booking import Booking
from ratable.money import to_minor
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.balances import held_for_refund, used_of_commit
from ratable_server.operations.booking import numbered
from ratable_server.operations.closed_months import first_day_open
from ratable_server.operations.matters import Matter, commit_row, fact_columns, matter_of, matter_of_commit
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Filed, told
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionAdjustment:
    """A correction of the list value that was drawn from a prepaid commit in a closed month; below zero it gives back."""

    prepaid_commit: str
    period: date
    amount: Decimal
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTermination:
    """The last day of service, and what is paid back of what was paid in advance."""

    contract: str
    on: date
    refund: Decimal = Decimal(0)


@retried
def adjust_consumption(*, actor: Actor, adjustment: ConsumptionAdjustment, on: date, at: datetime) -> Filed:
    """Correct a closed month of a prepaid commit; the difference is booked in an open one.

    Refuses:
        prepaid_commit_must_be_known, adjustment_must_name_a_closed_period, amount_must_fit_currency,
        adjustment_must_not_make_usage_negative, code_must_be_unused
    """
    refuse_unfit(adjustment)
    service_on = month_of(adjustment.period)
    with changes_by(actor):
        matter = matter_of_commit(actor, adjustment.prepaid_commit, on=on, holds_commits=True)
        open_on = first_day_open(actor)
        code = rules.refuses_adjustment(
            matter.contract, adjustment.prepaid_commit, adjustment.amount, service_on=service_on, open_on=open_on
        )
        refuse(code, field="adjustment")
        _refuse_below_nothing(actor, matter, adjustment, service_on=service_on)
        booking = numbered(actor, matter.booking)
        filed = _filed(adjustment.code or f"#{booking.number}", booking)
        _adjust(actor, matter, adjustment, booking=booking, filed=filed, at=at)
        after = {**told(adjustment), **told(filed)}
        record_change(actor, Change("adjust_consumption", "adjustment", filed.code, after=after), at=at)
        return filed


@retried
def terminate_contract(*, actor: Actor, termination: ContractTermination, at: datetime) -> Filed:
    """End a contract with its last day of service; what is left of each source leaves on the day that books it.

    That day is no earlier than those of the documents filed before: what is left is what they have left.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, dates_must_ascend, amount_must_be_positive,
        amount_must_fit_currency, refund_must_not_exceed_liability
    """
    refuse_unfit(termination)
    with changes_by(actor):
        matter = _after_documents(actor, termination)
        code = rules.refuses_termination(
            matter.contract, termination.refund, on=termination.on, terminated_on=matter.terminated_on
        )
        refuse(code, field="termination")
        refuse(_refuses_refund(actor, matter, termination, at=at), field="refund")
        filed = _terminate(actor, matter, termination, at=at)
        after = {**told(termination), **told(filed)}
        record_change(actor, Change("terminate_contract", "termination", matter.of.id, after=after), at=at)
        return filed


def _after_documents(actor: Actor, termination: ContractTermination) -> Matter:
    """The contract, on the day that books its end; a document that was filed meanwhile counts, too."""
    on = termination.on
    while True:
        matter = matter_of(actor, termination.contract, on=on, holds_commits=True)
        filed = rows_of(actor, models.Document).filter(contract_id=matter.row_id).aggregate(on=Max("on"))["on"]
        if filed is None or filed <= matter.booking.on:
            return matter
        on = filed


def _filed(code: str, booking: Booking) -> Filed:
    return Filed(code=code, number=booking.number, booked_on=booking.booked_on, on=booking.on)


def _refuse_below_nothing(actor: Actor, matter: Matter, adjustment: ConsumptionAdjustment, *, service_on: date) -> None:
    if adjustment.amount >= 0:
        return
    commit = adjustment.prepaid_commit
    used = used_of_commit(actor, matter.of, commit, month_on=service_on, through=matter.booking.booked_on)
    detail = f"{-adjustment.amount:f} of {used.normalize():f} that {service_on:%Y-%m} used of {commit}"
    refuse(rules.refuses_adjusted_usage(used, adjustment.amount), field="amount", detail=detail)


def _adjust(
    actor: Actor,
    matter: Matter,
    adjustment: ConsumptionAdjustment,
    *,
    booking: Booking,
    filed: Filed,
    at: datetime,
) -> None:
    row = adjustment_row(
        matter.of,
        adjustment.prepaid_commit,
        to_minor(adjustment.amount, matter.of.currency),
        adjustment_id=filed.code,
        service_on=month_of(adjustment.period),
        booking=booking,
    )
    models.Adjustment(
        **fact_columns(actor, booking.number, at=at),
        commit_id=commit_row(actor, adjustment.prepaid_commit),
        **{column: row[column] for column in ("service_on", "used_on", "on", "booked_on", "amount_minor")},
        code=filed.code,
    ).save(force_insert=True)


def _refuses_refund(actor: Actor, matter: Matter, termination: ContractTermination, *, at: datetime) -> str | None:
    if termination.refund == 0:
        return None
    without_refund = ContractTermination(contract=termination.contract, on=termination.on)
    held = held_for_refund(
        actor,
        matter.of,
        through=matter.booking.booked_on,
        terminate=lambda: _terminate(actor, matter, without_refund, at=at),
    )
    return rules.refuses_refund(termination.refund, held)


def _terminate(actor: Actor, matter: Matter, termination: ContractTermination, *, at: datetime) -> Filed:
    booking = numbered(actor, matter.booking)
    models.Termination(
        **fact_columns(actor, booking.number, at=at),
        contract_id=matter.row_id,
        on=termination.on,
        refund_minor=to_minor(termination.refund, matter.of.currency),
        booked_on=booking.booked_on,
        released_on=booking.on,
    ).save(force_insert=True)
    return _filed(matter.of.id, booking)
