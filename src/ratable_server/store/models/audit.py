"""Who changed what, when: entries written with the change, seals written over what is committed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Func, UniqueConstraint

from ratable_server.store.models.rows import Guard, Target, TenantRow, link


class CurrentTransaction(Func):
    """The number of the transaction that writes the row; never used twice by a cluster."""

    template = "(pg_current_xact_id()::text::bigint)"
    arity = 0


class CurrentCluster(Func):
    """The database cluster that writes the row: numbers of transactions begin anew where a dump is restored."""

    template = "((pg_control_system()).system_identifier::text)"
    arity = 0


class AuditEntry(Target):
    """One change: who, when, in which request, what, before and after."""

    guard: ClassVar[Guard] = "append_only"

    recorded_at = models.DateTimeField()
    actor = models.TextField()
    request_id = models.TextField()
    action = models.TextField()
    subject_kind = models.TextField()
    subject_code = models.TextField()
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    state_of = models.TextField(default="", db_default="", blank=True)  # `contract/acme`: what the change left of it
    state = models.TextField(default="", db_default="", blank=True)  # its hash: see `store.states`
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())
    cluster = models.TextField(db_default=CurrentCluster())

    class Meta(Target.Meta):
        db_table = "audit_entry"
        indexes: ClassVar = [models.Index(fields=["tenant", "transaction_id", "id"], name="audit_entry_order")]


class AuditSeal(TenantRow):
    """The place of an entry in the tenant's chain; `hash` covers the entry and the hash before."""

    guard: ClassVar[Guard] = "append_only"

    audit_entry = link("AuditEntry", is_indexed=False)
    position = models.BigIntegerField()
    previous_hash = models.TextField()
    hash = models.TextField()
    sealed_at = models.DateTimeField()

    class Meta(TenantRow.Meta):
        db_table = "audit_seal"
        constraints: ClassVar = [
            UniqueConstraint(fields=["tenant", "position"], name="audit_seal_position"),
            UniqueConstraint(fields=["tenant", "audit_entry"], name="audit_seal_of_entry"),
        ]
