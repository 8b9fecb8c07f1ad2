"""Subscriptions: `/rr/api/v1/contracts/{id}/subscriptions`.

What a subscription is worth is told by its lines, by quantity x (rate - discount), by an amount for each billing period
of an evergreen contract, or by what a month brings; the first of these that is sent counts. What it is worth stays as it
was when none of them says anything new. Without a proration it is `standard`, as documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ratable.money import minor_unit_digits
from ratable.periods import schedule_weights
from ratable.terms import BundleLine, Proration, Subscription, SubscriptionLine
from ratable_server.api.campfire.translate.allocations import from_bundle_of_line, kept_bundle
from ratable_server.api.campfire.translate.words import Names, ends_before, last_day

OURS = (
    "contract", "product", "product_bundle", "product_bundle_id", "start_date", "end_date", "lines", "tags",
    "subscription_lines", "use_catchup", "proration_method", "use_daily_accounting",
)  # fmt: skip
USUAL: Proration = "standard"
_MONTH = schedule_weights(date(2026, 1, 1), date(2026, 2, 1), USUAL).total  # the weight of a whole month
_OF_UNITS = frozenset({"quantity", "rate", "discount"})
_MEASURES = _OF_UNITS | {"mrr"}
_EVERY_DIGIT = 100


class UntellableError(ValueError):
    """What is wrong with a body, by its field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def to_subscription(
    fields: Mapping[str, Any],
    code: str,
    *,
    product: str | None,
    allocation: Sequence[BundleLine],
    contract: Any,
    was: Any = None,
) -> Subscription:
    """A subscription; `fields` is all that it is to say, `was` what it was.

    Raises:
        UntellableError: a field is missing, or two say what cannot be together.
    """
    starts_on, ends = _dates(fields, contract)
    lines = _lines(fields.get("subscription_lines"), starts_on, ends, currency=contract.currency)
    anew = _MEASURES if was is None else _told_anew(fields, was)
    if lines:
        total = sum((line.total_value for line in lines), Decimal(0))
    elif was is not None and not anew:
        total, lines = was.total_value, list(was.lines)
    else:
        told = fields if anew & _OF_UNITS else {"mrr": fields["mrr"]}
        total = _worth(told, starts_on, ends, currency=contract.currency)
    return Subscription(
        id=code,
        product_id=product,
        total_value=total,
        starts_on=starts_on,
        ends_before=ends,
        proration=fields["proration_method"],
        catches_up_on=catch_up_of(fields, starts_on, ends),
        lines=tuple(lines) if len(lines) > 1 else (),
        allocation=tuple(allocation),
    )


def said_of(row: Any) -> dict[str, Any]:
    """What a subscription says of itself, in the words of the wire: what a part of it does not change."""
    return {
        **row.further,
        "product": row.product_id,
        "start_date": row.starts_on,
        "end_date": last_day(row.ends_before),
        "proration_method": row.proration,
        "use_catchup": row.catches_up_on is not None,
        "catchup_date": row.catches_up_on,
    }


def from_subscription(row: Any, shares: Sequence[Any], names: Names, *, tenant: int, product: Any) -> dict[str, Any]:
    """A subscription; `product` is what it is of, None for a bundle."""
    bundle = kept_bundle(row.further, row.total_value, shares)
    return {
        "id": row.id,
        "is_deleted": row.deleted_at is not None,
        "deleted_at": row.deleted_at,
        "lines": "\n".join(_as_text(line, row.currency) for line in lines_of(row)),
        "subscription_lines": [_from_line(line) for line in lines_of(row)],
        "product": row.product_id,
        "product_name": row.product_name,
        "product_is_renewable": bool(product is not None and product.further.get("is_renewable")),
        "product_bundle": None if bundle is None else str(bundle.bundle.id),
        "product_bundle_id": None if bundle is None else bundle.bundle.id,
        "product_bundle_name": None if bundle is None else bundle.bundle.name,
        "contract_product_bundle": None if bundle is None else from_bundle_of_line(row, bundle, row.currency),
        "total_value": row.total_value,
        "last_modified_at": row.modified_at,
        "start_date": row.starts_on,
        "end_date": last_day(row.ends_before),
        "mrr": row.mrr,
        "use_daily_accounting": row.proration == "daily",
        "proration_method": row.proration,
        "use_catchup": row.catches_up_on is not None,
        "catchup_date": row.catches_up_on or row.further.get("catchup_date"),
        "created_at": row.created_at,
        **names.of_fields(row.further, "department"),
        "tags": names.tag_text(row.further),
        "tag_details": names.tags(row.further),
        "customer": tenant,
        "contract": row.contract_id,
    }


def lines_of(row: Any) -> Sequence[SubscriptionLine]:
    """Its lines; one of the whole where none were told."""
    whole = SubscriptionLine(starts_on=row.starts_on, ends_before=row.ends_before, total_value=row.total_value)
    return row.lines or (whole,)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount in the digits of its currency, halves away from zero."""
    with localcontext(prec=_EVERY_DIGIT):
        return amount.quantize(Decimal(1).scaleb(-minor_unit_digits(currency)), rounding=ROUND_HALF_UP)


def proration_of(fields: Mapping[str, Any], was: Any = None) -> Proration:
    """The method that is named; else the one that the legacy word says."""
    method: Proration | None = fields.get("proration_method")
    if method is not None:
        return method
    is_daily = fields.get("use_daily_accounting")
    if is_daily is None:
        kept: Proration = USUAL if was is None else was.proration
        return kept
    return "daily" if is_daily else USUAL


def catch_up_of(fields: Mapping[str, Any], starts_on: date, ends: date) -> date | None:
    """The day in whose month earlier months are booked; None: nothing is caught up.

    Raises:
        UntellableError: it is to catch up, and does not say when, or says so too late.
    """
    if not fields.get("use_catchup"):
        return None
    day: date | None = fields.get("catchup_date")
    if day is None:
        raise UntellableError("catchup_date", "This field is required with use_catchup.")
    if ends <= day:
        raise UntellableError("catchup_date", "The subscription has ended by then.")
    return max(starts_on, day)


def _dates(fields: Mapping[str, Any], contract: Any) -> tuple[date, date]:
    """Those of the contract where none are told."""
    starts_on = fields.get("start_date") or contract.starts_on
    ends = ends_before(fields.get("end_date")) or contract.ends_before
    if ends is None:
        raise UntellableError("end_date", "This field is required: the contract has no end.")
    if ends <= starts_on:
        raise UntellableError("end_date", f"It is before the start, {starts_on}.")
    return starts_on, ends


def _told_anew(fields: Mapping[str, Any], was: Any) -> frozenset[str]:
    """What says another worth than before; what is told of a month is no news when it is what was told."""
    then = {**was.further, "mrr": was.mrr}
    return frozenset(name for name in _MEASURES if fields.get(name) is not None and fields[name] != then.get(name))


def _worth(fields: Mapping[str, Any], starts_on: date, ends: date, *, currency: str) -> Decimal:
    quantity, rate, mrr = (fields.get(name) for name in ("quantity", "rate", "mrr"))
    if quantity is not None and rate is not None:
        with localcontext(prec=_EVERY_DIGIT):
            return rounded(Decimal(quantity) * (Decimal(rate) - Decimal(fields.get("discount") or 0)), currency)
    if mrr is not None and ends > starts_on:
        with localcontext(prec=_EVERY_DIGIT):
            return rounded(Decimal(mrr) * schedule_weights(starts_on, ends, USUAL).total / _MONTH, currency)
    raise UntellableError("lines", "Lines with their total_value, a quantity and a rate, or an mrr are needed.")


def _lines(said: Any, starts_on: date, ends: date, *, currency: str) -> list[SubscriptionLine]:
    return list(_each_line(said or (), starts_on, ends, currency=currency))


def _each_line(
    said: Sequence[Mapping[str, Any]], starts_on: date, ends: date, *, currency: str
) -> Iterator[SubscriptionLine]:
    for line in said:
        first_on, last_ends = line.get("start_date") or starts_on, ends_before(line.get("end_date")) or ends
        worth = line.get("total_value")
        if worth is None:
            worth = _worth(line, first_on, last_ends, currency=currency)
        yield SubscriptionLine(starts_on=first_on, ends_before=last_ends, total_value=worth)


def _from_line(line: SubscriptionLine) -> dict[str, Any]:
    return {
        "start_date": line.starts_on,
        "end_date": last_day(line.ends_before),
        "total_value": line.total_value,
    }


def _as_text(line: SubscriptionLine, currency: str) -> str:
    return f"{line.starts_on} to {last_day(line.ends_before)}: {rounded(line.total_value, currency):f}"
