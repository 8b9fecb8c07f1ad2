"""The body of a usage line of a contract, read with everything that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.usage import ContractUsageSerializer, UsageLineSerializer
from ratable_server.api.campfire.translate import usage as translate
from ratable_server.api.campfire.views.contracts import refuse_other_contract
from ratable_server.api.campfire.views.naming import refuse_unknown, tags_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.json_text import MalformedJsonError, read_json
from ratable_server.queries.catalog import product_bundles, products, usage_groups
from ratable_server.queries.contract_lines import UsageItem
from ratable_server.queries.listing import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a body says: its fields, our ids of what it names, and its lines; None: none were told."""

    fields: dict[str, Any]
    named: Mapping[str, str | None]
    lines: list[dict[str, Any]] | None


def said_usage(view: CampfireView, contract_id: int, *, was: UsageItem | None = None) -> Said:
    """A body; with `was` it is a part, and what it leaves out is as it was.

    Raises:
        ValidationError: something that it names is not there, or its lines cannot be.
    """
    sent = view.read(ContractUsageSerializer, is_partial=was is not None)
    refuse_other_contract(sent, contract_id)
    if "tags" in sent:
        sent["tag_ids"] = tags_of(view.actor, sent.pop("tags"))
    refuse_unknown(view.actor, sent)
    if sent.get("product_bundle") not in {None, ""} and sent.get("product_bundle_id") is None:
        sent["product_bundle_id"] = _id(sent["product_bundle"])
    lines = _lines(sent)
    fields = sent if was is None else {**translate.said_of(was), **sent}
    return Said(fields=fields, named=_named(view.actor, fields), lines=lines)


def _named(actor: Actor, fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Our ids; a usage group names its product too."""
    group_id, product_id, bundle_id = (fields.get(name) for name in ("usage_group", "product", "product_bundle_id"))
    group = _one(usage_groups, actor, field="usage_group", id=group_id)
    if group is not None and product_id not in {None, group.product_id}:
        raise ValidationError({"usage_group": ["It is of another product."]})
    product = _one(products, actor, field="product", id=product_id if group is None else group.product_id)
    bundle = _one(product_bundles, actor, field="product_bundle", id=bundle_id)
    _refuse_none_or_both(product, bundle)
    found = {"product": product, "usage_group": group, "bundle": bundle}
    return {name: None if row is None else row.code for name, row in found.items()}


def _refuse_none_or_both(product: Any, bundle: Any) -> None:
    if product is None and bundle is None:
        raise ValidationError({"product": ["A product, a usage group or a product bundle is needed."]})
    if product is not None and bundle is not None:
        raise ValidationError({"product_bundle": ["Usage is of a product or of a bundle, not of both."]})


def _one(query: Any, actor: Actor, *, field: str, id: int | None) -> Any:
    if id is None:
        return None
    row = query(actor=actor, asked=Asked(ids=[id])).first
    if row is None:
        raise ValidationError({field: [f'Invalid pk "{id}" - object does not exist.']})
    return row


def _id(said: Any) -> int:
    if isinstance(said, bool) or not str(said).isdecimal():
        raise ValidationError({"product_bundle": ["A valid id is required."]})
    return int(said)


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
