"""Requests that were answered, and ids that other systems use for our things."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Index, UniqueConstraint

from ratable_server.store.models.rows import TenantRow


class IdempotencyKey(TenantRow):
    """The answer to a request, kept under the caller's key for a while, written in the transaction of its effect."""

    key = models.TextField()
    route = models.TextField()
    body_sha256 = models.TextField()
    status = models.IntegerField()
    headers = models.JSONField(default=dict, db_default={}, blank=True)
    body = models.JSONField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantRow.Meta):
        db_table = "idempotency_key"
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "route", "key"], name="idempotency_key_of_route")]
        indexes: ClassVar = [
            Index(fields=["tenant", "key"], name="idempotency_key_by_key"),  # whatever its route was
            Index(fields=["tenant", "expires_at"], name="idempotency_key_expiring"),
        ]


class Reference(TenantRow):
    """A dialect's id for something of ours."""

    dialect = models.TextField()
    kind = models.TextField()
    their_id = models.TextField()
    our_kind = models.TextField()
    our_id = models.TextField()

    class Meta(TenantRow.Meta):
        db_table = "reference"
        constraints: ClassVar = [
            UniqueConstraint(fields=["tenant", "dialect", "kind", "their_id"], name="reference_theirs"),
            UniqueConstraint(fields=["tenant", "dialect", "our_kind", "our_id"], name="reference_ours"),
        ]
