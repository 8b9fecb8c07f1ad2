"""What rows have together: a tenant, a public id, how the books learned of them, what may happen to them.

Owns the abstract models and the guards that the database keeps. Foreign keys are drawn here without
a constraint of Django's: migrations add one over (tenant, id), so that no row points across tenants.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Now

from ratable_server.store.fields import CodeField, FurtherField

Guard = Literal["append_only", "kept", "free"]
"""append_only: never changed nor removed. kept: changed, never removed. free: a draft or a term, may go."""


def link(to: str, *, optional: bool = False, is_indexed: bool = True) -> Any:
    """A foreign key within the tenant; the constraint over (tenant, id) is added by a migration."""
    return models.ForeignKey(
        f"store.{to}",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=is_indexed,
        null=optional,
        blank=optional,
        related_name="+",
    )


def one_of(name: str, column: str, choices: tuple[str, ...]) -> models.CheckConstraint:
    """The column holds one of the words."""
    return models.CheckConstraint(condition=Q(**{f"{column}__in": choices}), name=name)


def ascending(name: str) -> models.CheckConstraint:
    """A range that ends, ends after its start."""
    return models.CheckConstraint(condition=Q(ends_before=None) | Q(ends_before__gt=models.F("starts_on")), name=name)


class Told(models.Model):
    """What somebody told and may change or take away: with `deleted_at` it is there for its id alone."""

    further = FurtherField()
    created_at = models.DateTimeField(db_default=Now())
    modified_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class TenantRow(models.Model):
    """Any row of the books."""

    guard: ClassVar[Guard] = "free"

    tenant = link("Tenant", is_indexed=False)

    class Meta:
        abstract = True
        default_permissions = ()


class Target(TenantRow):
    """A row that others point to."""

    class Meta(TenantRow.Meta):
        abstract = True
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "id"], name="%(class)s_id_of_tenant")]


class Coded(Target):
    """A row with a public id, unique among its kind within the tenant."""

    code = CodeField()

    class Meta(Target.Meta):
        abstract = True
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "code"], name="%(class)s_code_of_tenant"),
        ]


class Fact(Target):
    """What the books learned, once; a correction is another fact. `number` is the order, counted per tenant."""

    guard: ClassVar[Guard] = "append_only"

    number = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    request_id = models.TextField()

    class Meta(Target.Meta):
        abstract = True
