"""The body of a usage line of a contract, read with everything that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import APIException, ValidationError

from ratable import terms
from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.usage import ContractUsageSerializer, UsageLineSerializer
from ratable_server.api.campfire.translate import usage as translate
from ratable_server.api.campfire.views.allocations_agreed import bundle_of
from ratable_server.api.campfire.views.contracts import contract_of, refuse_other_contract
from ratable_server.api.campfire.views.naming import refuse_unknown, tags_of
from ratable_server.api.campfire.views.tiers import refuse_other_tiers
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.json_text import MalformedJsonError, read_json
from ratable_server.queries.contract_lines import UsageItem
from ratable_server.queries.usage_naming import (
    Catalogued,
    Named,
    Signed,
    catalogued,
    contract_signed,
    signed_and_catalogued,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a body says: its fields, what of the catalogue it names, and its lines; None: none were told."""

    fields: dict[str, Any]
    named: Catalogued
    lines: list[dict[str, Any]] | None


def said_usage(view: CampfireView, contract_id: int, *, was: UsageItem | None = None) -> Said:
    """A body; with `was` it is a part, and what it leaves out is as it was.

    Raises:
        ValidationError: something that it names is not there, or its lines cannot be.
    """
    sent, lines = _sent(view, contract_id, is_partial=was is not None)
    fields = sent if was is None else {**translate.said_of(was), **sent}
    return _said(view.actor, fields, catalogued(actor=view.actor, **_named_in(fields)), lines=lines)


def agreed_usage(
    view: CampfireView, contract_id: int, usable: Callable[[Signed | None], Signed]
) -> tuple[Signed, Said]:
    """The contract that a path names and a body, asked for together; `usable` refuses a contract.

    Raises:
        APIException: that of `usable` before all others; something that the body names is not there, or it cannot be.
    """
    try:
        fields, lines = _sent(view, contract_id, is_partial=False)
    except APIException:
        usable(contract_signed(actor=view.actor, id=contract_id))
        raise
    contract, named = signed_and_catalogued(actor=view.actor, contract=contract_id, **_named_in(fields))
    return usable(contract), _said(view.actor, fields, named, lines=lines)


def _said(actor: Actor, fields: dict[str, Any], found: Catalogued, *, lines: list[dict[str, Any]] | None) -> Said:
    """All of it, once what it names goes together."""
    named = _fit(found, fields)
    group_id, product_id = (None if each is None else each.id for each in (named.group, named.product))
    refuse_other_tiers(actor, lines or (), group_id=group_id, product_id=product_id)
    return Said(fields=fields, named=named, lines=lines)


def _sent(
    view: CampfireView, contract_id: int, *, is_partial: bool
) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    """The fields of a body and its lines."""
    sent = view.read(ContractUsageSerializer, is_partial=is_partial)
    refuse_other_contract(sent, contract_id)
    if "tags" in sent:
        sent["tag_ids"] = tags_of(view.actor, sent.pop("tags"))
    refuse_unknown(view.actor, sent)
    bundle_id = bundle_of(sent)
    if bundle_id is not None:
        sent["product_bundle_id"] = bundle_id
    return sent, _lines(sent)


def _named_in(fields: Mapping[str, Any]) -> dict[str, int | None]:
    return {
        "group": fields.get("usage_group"),
        "product": fields.get("product"),
        "bundle": fields.get("product_bundle_id"),
    }


def _fit(found: Catalogued, fields: Mapping[str, Any]) -> Catalogued:
    """What was found of what is named; a usage group names its product too.

    Raises:
        ValidationError: something is not there, or does not go with the rest.
    """
    group_id, product_id, bundle_id = _named_in(fields).values()
    _refuse_missing(found.group, "usage_group", group_id)
    if found.group is not None and product_id not in {None, found.product_id}:
        raise ValidationError({"usage_group": ["It is of another product."]})
    _refuse_missing(found.product, "product", product_id if found.group is None else found.product_id)
    _refuse_missing(found.bundle, "product_bundle", bundle_id)
    _refuse_none_or_both(found.product, found.bundle)
    return found


def _refuse_none_or_both(product: Any, bundle: Any) -> None:
    if product is None and bundle is None:
        raise ValidationError({"product": ["A product, a usage group or a product bundle is needed."]})
    if product is not None and bundle is not None:
        raise ValidationError({"product_bundle": ["Usage is of a product or of a bundle, not of both."]})


def _refuse_missing(found: Named | None, field: str, id: int | None) -> None:
    if id is not None and found is None:
        raise ValidationError({field: [f'Invalid pk "{id}" - object does not exist.']})


def _lines(sent: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Lines under either name.

    Raises:
        ValidationError: one cannot be.
    """
    told = sent.get("usage_lines")
    lines = _lines_of_text(sent.get("lines")) if told is None else [dict(line) for line in told]
    wrong = translate.refuses_lines(lines or ())
    if wrong:
        raise ValidationError({"lines": [wrong]})
    return lines


def _lines_of_text(said: Any) -> list[dict[str, Any]] | None:
    """A list, or its text; the text that was told before says nothing new."""
    if isinstance(said, str):
        try:
            said = read_json(said) if said.lstrip().startswith("[") else None
        except MalformedJsonError:
            raise ValidationError({"lines": ["Value must be valid JSON."]}) from None
    if said is None:
        return None
    reading = UsageLineSerializer(data=said, many=True)
    if not reading.is_valid():
        raise ValidationError({"lines": reading.errors})
    return [dict(line) for line in reading.validated_data]


def recorded_item(actor: Actor, item: terms.UsageItem, *, contract_id: int, lines: Any) -> terms.UsageItem:
    """The item on whose days the usage of lines is recorded."""
    return translate.within(item, contract_of(actor, contract_id)) if lines else item
