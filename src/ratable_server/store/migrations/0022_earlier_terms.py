"""Terms have a history: what a row of them was before each change. It begins here; what was changed before is told as it is now."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from ratable_server.store.models.audit import CurrentTransaction

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

_TERMS = (
    "contract", "usage_item", "tier_price_override", "prepaid_commit", "subscription", "milestone", "product",
    "usage_group", "tier", "product_bundle", "bundle_line",
)  # fmt: skip
_GUARDS = [
    "SELECT ratable_guard('earlier_term', 'append_only')",
    "ALTER TABLE earlier_term ADD CONSTRAINT earlier_term_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
]


class Migration(migrations.Migration):
    """The table, then what writes it."""

    dependencies: ClassVar = [("store", "0021_horizon_of_runs")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EarlierTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("row_id", models.BigIntegerField()),
                ("state", models.JSONField(null=True, blank=True)),
                ("after_close", models.BigIntegerField()),
                ("stopped_at", models.DateTimeField()),
                ("transaction_id", models.BigIntegerField(db_default=CurrentTransaction())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "earlier_term",
                "abstract": False,
                "default_permissions": (),
                "indexes": [models.Index(fields=["tenant", "after_close", "kind"], name="earlier_term_close")],
            },
        ),
        migrations.RunSQL([FUNCTIONS]),
        migrations.RunSQL([*_GUARDS, *(f"SELECT ratable_keep_history('{table}')" for table in _TERMS)]),
    ]
