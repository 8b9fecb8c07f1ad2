"""Whose books these are: tenants, their accounting policy, their members."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint
from typing_extensions import override

from ratable_server.actor import ROLES
from ratable_server.store.fields import CodeField
from ratable_server.store.models.rows import Fact, Guard, TenantRow, one_of


class Tenant(models.Model):
    """One set of books; `fact_number` is the number of the last fact, counted up by its writers."""

    guard: ClassVar[Guard] = "kept"

    code = CodeField(unique=True)
    name = models.TextField()
    timezone = models.TextField(default="UTC")
    two_person_close = models.BooleanField(default=False)
    fact_number = models.BigIntegerField(default=0)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "tenant"
        default_permissions = ()

    @override
    def __str__(self) -> str:
        return self.code


class PolicyVersion(Fact):
    """The accounting policy from its recording on; fields as in `ratable.terms.Policy`. The latest counts."""

    rounding = models.TextField()
    residue = models.TextField()
    breakage = models.TextField()
    late_usage = models.TextField()
    cascade = models.BooleanField()
    minimum_partial_month = models.TextField()
    zero_usage_flat_fee = models.BooleanField()
    proration = models.TextField()

    class Meta(Fact.Meta):
        db_table = "policy_version"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "number"], name="policy_version_number"),
        ]


class Member(TenantRow):
    """Somebody who may act for the tenant, and as what."""

    guard: ClassVar[Guard] = "kept"

    email = models.TextField()
    role = models.TextField()
    is_active = models.BooleanField(default=True)

    class Meta(TenantRow.Meta):
        db_table = "member"
        constraints: ClassVar = [
            UniqueConstraint(fields=["tenant", "email"], name="member_email"),
            one_of("member_role", "role", ROLES),
        ]
