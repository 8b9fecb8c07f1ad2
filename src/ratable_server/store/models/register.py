"""Things that only give names and dimensions: entities, accounts, departments, tags and the like."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from ratable_server.store.fields import CodeField
from ratable_server.store.models.rows import Target, Told, one_of

REGISTER_KINDS = (
    "entity", "account", "department", "tag", "tag_group", "default_accounts", "webhook", "vendor_custom_field",
    "contract_bundle", "revenue_note",
)  # fmt: skip


class RegisterEntry(Told, Target):
    """One thing of a kind, told by its code; no calculation reads it."""

    kind = models.TextField()
    code = CodeField()

    class Meta(Target.Meta):
        db_table = "register_entry"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "kind", "code"], name="register_entry_code"),
            one_of("register_entry_kind", "kind", REGISTER_KINDS),
        ]
