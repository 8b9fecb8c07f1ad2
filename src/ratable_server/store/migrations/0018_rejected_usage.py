"""Usage that was taken once and that a later run cannot take is kept with the run; what was set aside is kept for ever."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

from ratable_server.store.fields import CodeField, ExactField, MonthField

_GUARDS: list[Any] = [
    "SELECT ratable_guard('rejected_usage', 'append_only')",
    "SELECT ratable_guard_run('rejected_usage')",
    "SELECT ratable_guard('draft_rejected_usage', 'free')",
    "SELECT ratable_guard_draft('draft_rejected_usage')",
    "SELECT ratable_guard('usage_set_aside', 'append_only')",
    "ALTER TABLE usage_set_aside ADD CONSTRAINT usage_set_aside_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
]


def _link(to: str, *, is_indexed: bool = True) -> Any:
    return models.ForeignKey(
        db_constraint=False,
        db_index=is_indexed,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


def _id() -> tuple[str, Any]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _rejected(name: str, table: str) -> migrations.CreateModel:
    return migrations.CreateModel(
        name=name,
        fields=[
            _id(),
            ("usage_id", models.TextField()),
            ("item_id", models.TextField()),
            ("batch", models.BigIntegerField()),
            ("row", models.BigIntegerField()),
            ("month_on", MonthField()),
            ("used_on", models.DateField()),
            ("quantity", ExactField(blank=True, null=True)),
            ("amount", ExactField(blank=True, null=True)),
            ("code", models.TextField(blank=True, default="")),
            ("value", models.TextField(blank=True, default="")),
            ("run", _link("run")),
            ("tenant", _link("tenant", is_indexed=False)),
        ],
        options={"db_table": table, "abstract": False, "default_permissions": ()},
    )


class Migration(migrations.Migration):
    """The tables, then their guards."""

    dependencies: ClassVar = [("store", "0017_papers")]

    operations: ClassVar = [
        _rejected("RejectedUsage", "rejected_usage"),
        _rejected("DraftRejectedUsage", "draft_rejected_usage"),
        migrations.CreateModel(
            name="UsageSetAside",
            fields=[
                _id(),
                ("usage_id", CodeField()),
                ("batch", models.BigIntegerField()),
                ("row", models.BigIntegerField()),
                ("code", CodeField()),
                ("reason", models.TextField()),
                ("resolved_at", models.DateTimeField()),
                ("resolved_by", models.TextField()),
                ("request_id", models.TextField()),
                ("tenant", _link("tenant", is_indexed=False)),
            ],
            options={
                "db_table": "usage_set_aside",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "usage_id", "batch", "row", "code"), name="usage_set_aside_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="resolution_must_have_a_reason"
                    ),
                ],
            },
        ),
        migrations.RunSQL(_GUARDS),
    ]
