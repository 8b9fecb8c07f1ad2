"""Adjustments as rows of files told them, kept until they are processed."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

from ratable_server.store.fields import CodeField, ExactField, MonthField

_GUARDS: list[Any] = [
    "SELECT ratable_guard('reported_adjustment', 'kept')",
    "SELECT ratable_refer('reported_adjustment', 'commit_id', 'prepaid_commit')",
    "SELECT ratable_refer('reported_adjustment', 'usage_import_id', 'usage_import')",
    "SELECT ratable_refer('reported_adjustment', 'adjustment_id', 'adjustment')",
]


def _link(to: str, *, is_optional: bool = False, is_indexed: bool = True) -> Any:
    return models.ForeignKey(
        blank=is_optional,
        db_constraint=False,
        db_index=is_indexed,
        null=is_optional,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


class Migration(migrations.Migration):
    """The table, then its guards."""

    dependencies: ClassVar = [("store", "0014_lines_and_splits")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ReportedAdjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", CodeField()),
                ("service_on", MonthField()),
                ("on", models.DateField(blank=True, null=True)),
                ("used_on", models.DateField(blank=True, null=True)),
                ("amount", ExactField(decimal_places=12, max_digits=38)),
                ("dimensions", models.JSONField(blank=True, null=True)),
                ("content_hash", models.TextField()),
                ("row", models.BigIntegerField()),
                ("adjustment", _link("adjustment", is_optional=True)),
                ("commit", _link("prepaidcommit")),
                ("tenant", _link("tenant", is_indexed=False)),
                ("usage_import", _link("usageimport", is_indexed=False)),
            ],
            options={
                "db_table": "reported_adjustment",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "event_id"), name="reported_adjustment_id"),
                ],
            },
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
