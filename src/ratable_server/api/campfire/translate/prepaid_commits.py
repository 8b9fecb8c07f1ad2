"""Prepaid commits and their consumption: `/rr/api/v1/contracts/{id}/prepaid-commits`.

Their expiration date is the last day. Consumption is prepaid usage in list value, one record for each commit and month,
under an id of ours: `consumption:<commit>:<month>`. A month that is the sum of its events has none: what describes it
is kept as a note of revenue.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ratable.terms import PrepaidCommit, Rollover
from ratable_server.api.campfire.translate.words import Names, ends_before, last_day, last_of

OURS = (
    "product", "name", "currency", "total_value", "discount_percentage", "rate", "start_date", "expiration_date",
    "priority", "units", "unit_of_measure", "rollover_months", "rollover_times", "rollover_apply", "rollover_cap",
    "rollover_cap_percentage",
)  # fmt: skip
_FAR = date(2999, 12, 31)


def to_prepaid_commit(fields: Mapping[str, Any], code: str, *, product: str | None) -> PrepaidCommit:
    """A pool; without a currency it has its contract's."""
    return PrepaidCommit(
        id=code,
        product_id=product,
        currency=fields.get("currency") or None,
        total_value=fields["total_value"],
        discount_percentage=fields.get("discount_percentage") or Decimal(0),
        rate=fields.get("rate"),
        starts_on=fields["start_date"],
        ends_before=ends_before(fields.get("expiration_date")),
        priority=1 if fields.get("priority") is None else fields["priority"],
        rollover=_rollover(fields),
        units=fields.get("units"),
        unit_of_measure=fields.get("unit_of_measure") or None,
    )


def kind_after(contract: str, last: int) -> str:
    """What the code of a pool begins with that is granted after the one with the id `last`; 0: there is none.

    Of pools that are alike in all else the code tells which one is drawn first: it ascends as they were granted, after the
    numbers of those that were signed with the contract.
    """
    return f"{contract}/commit-n{last:015}"


def _rollover(fields: Mapping[str, Any]) -> Rollover | None:
    """What is left lives on if it is said for how long; a cap is in what the pool holds."""
    if fields.get("rollover_months") is None:
        return None
    cap, of_units = fields.get("rollover_cap"), fields.get("units") is not None
    return Rollover(
        months=fields["rollover_months"],
        times=fields.get("rollover_times") or 1,
        applies=fields.get("rollover_apply") or "first",
        cap_amount=None if of_units else cap,
        cap_units=cap if of_units else None,
        cap_percentage=fields.get("rollover_cap_percentage"),
    )


def _of_rollover(commit: Any) -> dict[str, Any]:
    rollover = commit.rollover
    cap = None if rollover is None else rollover.cap_amount if commit.units is None else rollover.cap_units
    return {
        "units": commit.units,
        "unit_of_measure": commit.unit_of_measure,
        "rollover_months": rollover and rollover.months,
        "rollover_times": rollover and rollover.times,
        "rollover_apply": rollover and rollover.applies,
        "rollover_cap": cap,
        "rollover_cap_percentage": rollover and rollover.cap_percentage,
    }


def from_prepaid_commit(commit: Any, balance: Any, names: Names) -> dict[str, Any]:
    """A pool with what is left of it."""
    return {
        "id": commit.id,
        "contract": commit.contract_id,
        **names.of_fields(commit.further, "entity", "department"),
        "product": commit.product_id,
        "product_name": commit.product_name,
        "name": commit.name or commit.code,
        "currency": commit.currency,
        "total_value": commit.total_value + commit.added,
        "remaining_value": balance.remaining,
        "discount_percentage": commit.discount_percentage,
        "rate": commit.rate,
        "start_date": commit.starts_on,
        "expiration_date": last_day(commit.ends_before),
        "status": balance.status,
        "priority": commit.priority,
        **_of_rollover(commit),
        "is_invoiced": bool(commit.invoices),
        "invoice": commit.invoices[-1] if commit.invoices else None,
        "tags": names.tag_text(commit.further),
        "tag_details": names.tags(commit.further),
        "created_at": commit.created_at,
        "last_modified_at": commit.changed_at,
    }


def from_summary(summary: Any, contract: Any, share: Callable[[Any], Decimal]) -> dict[str, Any]:
    """All pools of a contract; `share` gives how much of one is drawn, in percent."""
    return {
        "contract": contract.id,
        "currency": contract.currency,
        "total_value": summary.granted,
        "consumed_value": summary.drawn,
        "remaining_value": summary.remaining,
        "expired_value": summary.lapsed,
        "overage_total": summary.overage,
        "overage_uninvoiced": summary.uninvoiced,
        "discount_total": summary.discount,
        "gross_total": summary.gross,
        "active_count": summary.active_count,
        "commits": [_of_summary(commit, balance, share(balance)) for commit, balance in summary.commits],
    }


def _of_summary(commit: Any, balance: Any, share: Decimal) -> dict[str, Any]:
    months = [month.month_on for month in balance.consumptions]
    return {
        "id": commit.id,
        "name": commit.name or commit.code,
        "status": balance.status,
        "priority": commit.priority,
        "total_value": balance.granted,
        "remaining_value": balance.remaining,
        "utilization_percentage": share,
        "start_date": commit.starts_on,
        "expiration_date": last_day(commit.ends_before),
        "last_period": max(months, default=None),
    }


def changed(fields: Mapping[str, Any], was: Any, *, product: str | None, is_partial: bool) -> PrepaidCommit:
    """A pool after a change: what was sent, and of a part of it the rest as it was."""
    said = {
        "total_value": was.total_value + was.added,
        "start_date": was.starts_on,
        "priority": was.priority,
        **({"discount_percentage": was.discount_percentage, "rate": was.rate,
            "expiration_date": last_day(was.ends_before)} if is_partial else {}),
        **_of_rollover(was),
        **fields,
    }  # fmt: skip
    if said.get("currency") in {None, was.currency}:  # terms without one have their contract's, and stay so
        said["currency"] = was.said_currency
    kept = was.product if is_partial and "product" not in fields else product
    commit = to_prepaid_commit(said, was.code, product=kept)
    until = was.rollover is not None and was.rollover.months is None  # which the wire does not say
    rollover = was.rollover if until and commit.rollover is None else commit.rollover
    return replace(commit, expected_breakage_percentage=was.expected_breakage_percentage, rollover=rollover)


def event_id(commit_id: int, month_on: date | None) -> str:
    """The id under which a month's consumption of a commit is recorded; without a month, how all of them begin."""
    return f"consumption:{commit_id}:{month_on:%Y-%m}" if month_on else f"consumption:{commit_id}:"


def to_consumption(
    fields: Mapping[str, Any], commit: Any, month_on: date, *, contract: Any, times: int
) -> dict[str, Any]:
    """A month's consumption as a record of usage, on a day that commit and contract are there if the month has one.

    An id stays taken when its record is taken back; `times` is how many ids of the month are.
    """
    own = event_id(commit.id, month_on)
    used_on = _day_of(commit, contract, month_on)
    return _record(fields, commit, used_on, event_id=f"{own}#{times + 1}" if times else own)


def to_revision(fields: Mapping[str, Any], commit: Any, month: Any, *, contract: Any) -> dict[str, Any]:
    """A month's consumption under the same id; what is not said stays, and so does what is said as the month tells it.

    That is not always what was recorded: usage lines draw on a pool, too, and other pools cover what it cannot.
    """
    was, told = month.record, {"gross_usage_amount": month.consumption.gross, "total_events": month.events}
    said = {
        "gross_usage_amount": was.amount,
        "total_events": was.dimensions.get("total_events"),
        "description": was.dimensions.get("description", ""),
        **{name: each for name, each in fields.items() if name not in told or each != told[name]},
    }
    return _record(said, commit, _day_of(commit, contract, month.consumption.month_on), event_id=was.event_id)


def _record(fields: Mapping[str, Any], commit: Any, used_on: date, *, event_id: str) -> dict[str, Any]:
    record = {
        "id": event_id,
        "prepaid_commit": commit.code,
        "used_on": used_on,
        "amount": fields["gross_usage_amount"],
        "total_events": str(fields.get("total_events") or 0),
    }
    return {**record, "description": fields["description"]} if fields.get("description") else record


def note_of(month: Any) -> str:
    """The code of the note that describes a month of a pool."""
    return f"consumption:{month.consumption.id}"


def from_consumption(month: Any, commit: Any, note: Any) -> dict[str, Any]:
    """A month of a pool; texts are those of the record that was told for it, if one was, else of its note.

    What was told for the pool is its gross, less what it covers for others, and what others cover for it.
    """
    drawn, record = month.consumption, month.record
    told = {} if note is None else note.further
    texts = record.dimensions if record is not None else told
    modified_at = month.moments.modified_at
    return {
        "id": drawn.id,
        "prepaid_commit": commit.id,
        "entity": commit.further.get("entity"),
        "period_start": drawn.month_on,
        "period_end": _month_end(drawn.month_on),
        "period_month": drawn.month_on,
        "description": texts.get("description", "" if record is not None else _of_cascade(month.share)),
        "currency": commit.currency,
        "gross_usage_amount": drawn.gross,
        "discount_amount": drawn.discount,
        "net_consumption_amount": drawn.net,
        "overage_amount": drawn.overage,
        "total_events": month.events,
        "balance_before": drawn.balance_before,
        "balance_after": drawn.balance_after,
        "revenue_transaction": month.revenue_id,
        "overage_revenue_transaction": month.overage_revenue_id,
        "adjustments": [_from_correction(each, month.adjusted) for each in drawn.corrections],
        "cascaded_amount": month.share.cascaded,
        "covered_for_others_amount": month.share.of_others,
        "created_at": month.moments.created_at,
        "last_modified_at": modified_at if note is None else max(modified_at, note.modified_at),
    }


def told_of(month: Any) -> Decimal:
    """What a month was told for its pool: what the pool has of it, and what other pools cover."""
    told: Decimal = month.consumption.gross - month.share.of_others + month.share.cascaded
    return told


def _of_cascade(share: Any) -> str:
    """What describes a month that is nothing but what other pools could not cover."""
    ids = [str(id) for id in share.cascade_of]
    return f"Cascade from commit{'s' if len(ids) > 1 else ''} {', '.join(ids)}" if ids else ""


def _from_correction(correction: Any, adjusted: Mapping[date, Any]) -> dict[str, Any]:
    told = adjusted.get(correction.service_on) if correction.is_adjustment else None
    return {
        "original_period_month": correction.service_on,
        "is_adjustment": correction.is_adjustment,
        "gross_amount": correction.gross,
        "discount_amount": correction.discount,
        "net_amount": correction.net,
        "overage_amount": correction.overage,
        "total_events": 0 if told is None else told.events,
        "credit_memo": None if told is None else told.memo_id,
    }


def _day_of(commit: Any, contract: Any, month_on: date) -> date:
    """The last day of the month that the contract serves and the commit can be drawn; where these end before, its end."""
    last_on = min(_month_end(month_on), max(last_of(contract), month_on))
    ends_on = last_day(commit.ends_before) or _FAR
    return ends_on if month_on <= ends_on < last_on else last_on


def _month_end(month_on: date) -> date:
    return month_on + timedelta(days=monthrange(month_on.year, month_on.month)[1] - 1)
