"""`Zuora-Entity-Ids` and `Zuora-Org-Ids`: whoever names an entity must be one who may.

Owns nothing but that: books are not cut by entities, so that what is told is that of the tenant.
"""

from __future__ import annotations

from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request

from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.ids import row_id_of
from ratable_server.queries.oauth_clients import OauthProgram, entity_ids

ENTITY_IDS, ORG_IDS = "Zuora-Entity-Ids", "Zuora-Org-Ids"


def refuse_foreign_entities(request: Request, actor: Actor) -> None:
    """Go on, unless a header names what the caller may not.

    Raises:
        PermissionDenied: an entity is nobody's, or not the caller's to name.
        ValidationError: more than one, where there can be one.
    """
    entities = _named(request, ENTITY_IDS)
    if len(entities) > 1:
        raise ValidationError({ENTITY_IDS: ["One entity can be named."]})
    named = [*entities, *_named(request, ORG_IDS)]
    if not named:
        return
    allowed = _allowed(request, actor)
    for text in named:
        if row_id_of("entity", text.replace("-", "")) not in allowed:
            raise PermissionDenied(f"You do not have access to the entity {text[:50]}.")


def _named(request: Request, header: str) -> list[str]:
    return [text.strip() for text in request.headers.get(header, "").split(",") if text.strip()]


def _allowed(request: Request, actor: Actor) -> frozenset[int]:
    limited = request.auth.entities if isinstance(request.auth, OauthProgram) else ()
    return frozenset(limited) or entity_ids(actor=actor)
