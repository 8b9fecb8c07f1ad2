"""Who asks: `/users/api/get_user_info`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ratable_server.queries.totals import DEDUCTS

_ROLE_OF = {"viewer": "viewer", "preparer": "clerk", "approver": "clerk", "admin": "admin"}


def from_user(actor: Any, entities: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The owner of a token; the root is the first entity without one above it.

    A year begins in January unless that entity says otherwise; `settings` are those of the default accounts.
    """
    root = next((entity for entity in entities if entity.further.get("parent") is None), None)
    further: Mapping[str, Any] = {} if root is None else root.further
    return {
        "customer_id": actor.tenant_id,
        "email": actor.name,
        "role": _ROLE_OF[actor.role],
        "root_entity": None if root is None else root.id,
        "root_entity_name": further.get("name"),
        "root_currency": None if root is None else further.get("currency") or "USD",
        "fiscal_year_start_month": further.get("fiscal_year_month") or 1,
        "fiscal_year_start_day": further.get("fiscal_year_day") or 1,
        DEDUCTS: bool(settings.get(DEDUCTS)),
    }
