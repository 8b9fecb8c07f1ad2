"""The body of a subscription, read with everything that it names."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.api.campfire.schemas.subscriptions import ContractSubscriptionSerializer, SubscriptionLineSerializer
from ratable_server.api.campfire.views.contracts import refuse_other_contract
from ratable_server.api.campfire.views.naming import refuse_unknown, tags_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.json_text import MalformedJsonError, read_json
from ratable_server.queries.contract_lines import subscriptions
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import Asked


def said_subscription(view: CampfireView, contract: Contract, *, is_partial: bool) -> dict[str, Any]:
    """What a body says; lines under either name are under `subscription_lines`, an empty list says nothing.

    Raises:
        ValidationError: something that it names is not there, or its lines cannot be.
    """
    fields = view.read(ContractSubscriptionSerializer, is_partial=is_partial)
    refuse_other_contract(fields, contract.id)
    if "tags" in fields:
        fields["tag_ids"] = tags_of(view.actor, fields.pop("tags"))
    refuse_unknown(view.actor, fields)
    _refuse_other_modified(view, fields, contract)
    told = fields.pop("subscription_lines", None)
    lines = _lines(fields.pop("lines", None)) if told is None else [dict(line) for line in told]
    return {**fields, "subscription_lines": lines} if lines else fields


def _refuse_other_modified(view: CampfireView, fields: dict[str, Any], contract: Contract) -> None:
    wanted = fields.get("modified_subscription")
    if wanted is None:
        return
    if not subscriptions(actor=view.actor, contract_id=contract.id, asked=Asked(ids=[wanted])).rows:
        raise ValidationError({"modified_subscription": [f'Invalid pk "{wanted}" - object does not exist.']})


def _lines(said: Any) -> list[dict[str, Any]]:
    """A list, or its text; the text that was told before says nothing new."""
    if isinstance(said, str):
        try:
            said = read_json(said) if said.lstrip().startswith("[") else None
        except MalformedJsonError:
            raise ValidationError({"lines": ["Value must be valid JSON."]}) from None
    if said is None:
        return []
    reading = SubscriptionLineSerializer(data=said, many=True)
    if not reading.is_valid():
        raise ValidationError({"lines": reading.errors})
    return [dict(line) for line in reading.validated_data]
