"""Programs that draw tokens of short life for themselves, and the tokens that they have drawn."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from ratable_server.actor import ROLES
from ratable_server.store.models.rows import Guard, Target, TenantRow, link, one_of

LOCALES = ("en_US", "en_GB", "en_AU")


class OauthClient(Target):
    """A program; of its secret only the digest is here. `entities` are the ids that it may name; none: any.

    `locale` says how days are written in the files that it sends.
    """

    guard: ClassVar[Guard] = "kept"

    client_id = models.TextField()
    secret_digest = models.TextField()
    name = models.TextField()
    role = models.TextField()
    entities = models.JSONField(default=list, blank=True)
    locale = models.TextField(default="en_US", db_default="en_US")
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(Target.Meta):
        db_table = "oauth_client"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["client_id"], name="oauth_client_client_id"),
            one_of("oauth_client_role", "role", ROLES),
            one_of("oauth_client_locale", "locale", LOCALES),
        ]


class OauthToken(TenantRow):
    """A token: only its digest is here. It goes once it has expired."""

    client = link("OauthClient")
    digest = models.TextField()
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantRow.Meta):
        db_table = "oauth_token"
        constraints: ClassVar = [UniqueConstraint(fields=["digest"], name="oauth_token_digest")]
