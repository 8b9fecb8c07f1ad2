"""Tokens by which a program proves who it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from ratable_server.actor import ROLES
from ratable_server.store.models.rows import Guard, TenantRow, one_of


class ApiToken(TenantRow):
    """A token: only its digest is here, and its first letters to tell it from others. It does not expire."""

    guard: ClassVar[Guard] = "kept"

    digest = models.TextField()
    hint = models.TextField()
    email = models.TextField()
    role = models.TextField()
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        db_table = "api_token"
        constraints: ClassVar = [
            UniqueConstraint(fields=["digest"], name="api_token_digest"),
            one_of("api_token_role", "role", ROLES),
        ]
