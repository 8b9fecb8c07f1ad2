"""A company whose usage is reported over this API, for its tests."""

from __future__ import annotations

from typing import Any

from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.ids import public_id
from ratable_server.store.models import AuditEntry, ReportedUsage
from ratable_server.store.scope import books_of, rows_of
from tests.server.usage.reporting import how_many
from tests.wire.zuora.calling import Zuora

START = "2026-01-10T12:00:00.000+00:00"


def a_record(**fields: Any) -> dict[str, Any]:
    """Ten calls of Acme, unless it is said otherwise."""
    return {"AccountNumber": "Acme Inc", "UOM": "Call", "Quantity": 10, "StartDateTime": START, **fields}


def created(zuora: Zuora, **fields: Any) -> str:
    """The id of a record that was taken."""
    told = zuora.post("/v1/object/usage", a_record(**fields))
    assert told.status == 200, told.body
    return str(told.body["Id"])


def read(zuora: Zuora, id: str) -> dict[str, Any]:
    """A record as it is told."""
    told = zuora.get(f"/v1/object/usage/{id}")
    assert told.status == 200, told.body
    return dict(told.body)


def stands(actor: Actor) -> tuple[Any, ...]:
    """All that a refusal must leave as it is: reports, records, voids, what the reports say, entries of the audit."""
    with books_of(actor):
        told = list(rows_of(actor, ReportedUsage).order_by("id").values())
        return *how_many(actor), told, rows_of(actor, AuditEntry).count()


def id_of(kind: Any, row_id: int) -> str:
    """An id as the API tells it."""
    return public_id(kind, row_id)
