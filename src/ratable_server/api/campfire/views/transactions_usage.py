"""Revenue that is told as usage: a record of a usage item, under an id of its own in its month."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.api.campfire.problems import CLOSED
from ratable_server.api.campfire.translate import transactions as translate
from ratable_server.api.campfire.translate.usage import to_records, within
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.tiers import wrong_tier
from ratable_server.clock import now_at
from ratable_server.operations.usage import RejectedFile, record_usage
from ratable_server.operations.usage_told import take_back_usage
from ratable_server.queries.contract_lines import UsageItem, usage_items
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.revenue import RevenueTransaction, revenue_of_month
from ratable_server.queries.usage import UsageAsked, UsageRecord, usage_records

_FIELD_OF = {
    "quantity_must_not_be_negative": "quantity",
    "quantity_must_be_in_range": "quantity",
    "usage_must_fall_in_contract": "accounting_period",
    "usage_must_fall_in_item": "accounting_period",
}
_MOST_TIMES = 100  # how often a line can be taken back and told again under the same id


def tell_usage(actor: Actor, fields: Mapping[str, Any]) -> RevenueTransaction:
    """Record usage; the answer is what its month comes to.

    Raises:
        ValidationError: it says too little, or something that cannot be.
    """
    item = _item(actor, fields)
    contract = contract_of(actor, item.contract_id)
    wrong = translate.refuses_usage(fields, item, contract)
    if wrong:
        raise ValidationError(wrong)
    refuse_other_tier(actor, fields, item)
    external_id = fields.get("external_id") or secrets.token_hex(6)
    line = translate.to_line(fields, external_id=external_id, currency=contract.currency)
    there, gone = _known(actor, item, external_id)
    (record,), _ = to_records([line], within(translate.item_of(item), contract), there=there, gone=gone)
    _record(actor, record)
    rows = revenue_of_month(actor=actor, item=item, month_on=month_of(line["period_month"]), on=now_at().date())
    return next((row for row in rows if row.product_id == fields.get("product")), rows[0])


def refuse_other_tier(
    actor: Actor, fields: Mapping[str, Any], item: UsageItem | None, *, was: int | None = None
) -> None:
    """Go on, unless revenue is said to be of a tier by which its usage cannot be priced; one that it `was` of stays.

    Raises:
        ValidationError: it is.
    """
    tier_id = fields.get("usage_tier")
    if tier_id in {None, was}:
        return
    group_id, product_id = (None, None) if item is None else (item.usage_group_id, item.product_id)
    text = wrong_tier(actor, tier_id, group_id=group_id, product_id=product_id)
    if text:
        raise ValidationError({"usage_tier": [text]})


def retell_usage(actor: Actor, row: RevenueTransaction, told: Mapping[str, Any], *, external_id: str | None) -> None:
    """Say another quantity or amount of the one record of a month, or of the one that is named.

    Raises:
        ValidationError: the month has several records.
    """
    records = _records(actor, row)
    named = [each for each in records if external_id and each.data.get("external_id") == external_id] or records
    if len(named) != 1:
        text = f"The month has {len(records)} records of usage: name one by its external_id."
        raise ValidationError({"external_id": [text]})
    was = named[0]
    fields = told if "quantity" in told or was.quantity is None else {**told, "quantity": was.quantity}
    line = translate.to_line(fields, external_id="", currency=row.currency)
    figures: dict[str, object] = {name: line[name] for name in ("quantity", "amount") if name in line}
    _record(actor, {**was.data, "id": was.event_id, "item": was.usage_item, "used_on": was.used_on, **figures})


def untell_usage(actor: Actor, row: RevenueTransaction) -> None:
    """Take back all usage of the month."""
    take_back_usage(actor=actor, event_ids=[each.event_id for each in _records(actor, row)], at=now_at())


def item_of(actor: Actor, row: RevenueTransaction) -> UsageItem | None:
    """The usage line that an amount of revenue is of; None: it is of none."""
    return usage_items(actor=actor, asked=Asked(ids=[row.usage_item_id or 0])).first


def _records(actor: Actor, row: RevenueTransaction) -> tuple[UsageRecord, ...]:
    item = usage_items(actor=actor, asked=Asked(ids=[row.usage_item_id or 0])).rows[0]
    asked = UsageAsked(usage_items=[item.code], month_on=row.service_on, limit=EVERYTHING.limit)
    return usage_records(actor=actor, asked=asked).rows


def _item(actor: Actor, fields: Mapping[str, Any]) -> UsageItem:
    wanted = fields.get("contract_usage")
    if wanted is None:
        text = "This field is required: revenue of subscriptions, milestones and prepaid commits is calculated of them."
        raise ValidationError({"contract_usage": [text]})
    row = usage_items(actor=actor, asked=Asked(ids=[wanted])).first
    if row is None:
        raise ValidationError({"contract_usage": [f'Invalid pk "{wanted}" - object does not exist.']})
    return row


def _known(actor: Actor, item: UsageItem, external_id: str) -> tuple[list[str], list[str]]:
    """Ids of records of this line: those that count, and those that were taken back."""
    name = f"usage:{item.code}:{external_id}"
    codes = [name, *(f"{name}#{time}" for time in range(2, _MOST_TIMES))]
    asked = [UsageAsked(usage_items=[item.code], codes=codes, is_deleted=is_gone) for is_gone in (False, True)]
    there, gone = ([row.event_id for row in usage_records(actor=actor, asked=each).rows] for each in asked)
    return there, gone


def _record(actor: Actor, record: Mapping[str, object]) -> None:
    try:
        record_usage(actor=actor, records=[record], at=now_at(), on_change="revise", takes_late=False)
    except RejectedFile as rejected:
        code = rejected.receipt.rejections[0].code
        if code in {"period_must_be_open", "usage_must_not_change_under_its_id"}:
            raise ValidationError({"error": CLOSED}) from None
        raise ValidationError(
            {_FIELD_OF.get(code, "non_field_errors"): [code.replace("_", " ")], "code": code}
        ) from None
