"""What was told beside the terms is kept with them; what is deleted stays for its id; a register of names.

Posted revenue has ids that come of its key.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from ratable_server.store.at_once import AtOnce
from ratable_server.store.fields import CodeField, FurtherField

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

_TOLD = (
    "contract", "customer", "milestone", "prepaidcommit", "product", "productbundle", "subscription", "tier",
    "tierpriceoverride", "usagegroup", "usageitem",
)  # fmt: skip
_REVENUE_KEY = (
    "contract_id", "source_kind", "source_id", "item_id", "product_id", "commit_id", "kind", "service_on", "booked_on",
    "adjusted_on",
)  # fmt: skip
_KINDS = ("entity", "account", "department", "tag", "tag_group", "default_accounts", "webhook")
_GUARDS = [
    "SELECT ratable_guard('register_entry', 'free')",
    "ALTER TABLE register_entry ADD CONSTRAINT register_entry_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
]


class Migration(migrations.Migration):
    """Columns of terms, the register, then ids of revenue."""

    dependencies: ClassVar = [("store", "0006_adjusted_entries")]

    operations: ClassVar = [
        AtOnce(
            [
                *(migrations.AddField(model, "further", FurtherField()) for model in (*_TOLD, "document")),
                *(
                    migrations.AddField(model, column, models.DateTimeField(db_default=Now()))
                    for model in _TOLD
                    for column in ("created_at", "modified_at")
                ),
                *(
                    migrations.AddField(model, "deleted_at", models.DateTimeField(null=True, blank=True))
                    for model in _TOLD
                ),
            ]
        ),
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("further", FurtherField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("modified_at", models.DateTimeField(db_default=Now())),
                ("deleted_at", models.DateTimeField(null=True, blank=True)),
                ("kind", models.TextField()),
                ("code", CodeField()),
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
                "db_table": "register_entry",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "kind", "code"], name="register_entry_code"),
                    models.CheckConstraint(condition=Q(kind__in=_KINDS), name="register_entry_kind"),
                ],
            },
        ),
        migrations.RunSQL([FUNCTIONS, *_GUARDS]),
        migrations.AddField(
            "revenuetransaction",
            "public_id",
            models.GeneratedField(
                expression=Func(*map(F, _REVENUE_KEY), function="ratable_revenue_id"),
                output_field=models.BigIntegerField(),
                db_persist=True,
            ),
        ),
        migrations.AddIndex(
            "revenuetransaction", models.Index(fields=["tenant", "public_id"], name="revenue_transaction_public")
        ),
    ]
