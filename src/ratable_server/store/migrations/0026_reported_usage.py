"""Usage as billing systems report it, and whether an item is priced by the system that reports."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

from ratable_server.store.fields import ExactField, FurtherField, MonthField

_GUARDS: list[Any] = [
    "SELECT ratable_guard('reported_usage', 'kept')",
    "SELECT ratable_refer('reported_usage', 'customer_id', 'customer')",
    "SELECT ratable_refer('reported_usage', 'contract_id', 'contract')",
    "SELECT ratable_refer('reported_usage', 'item_id', 'usage_item')",
    "SELECT ratable_refer('reported_usage', 'usage_import_id', 'usage_import')",
]
_ITS_OWN = models.Q(("unique_key", ""), _negated=True) & models.Q(("deleted_at", None))


def _link(to: str, *, is_optional: bool = False) -> Any:
    return models.ForeignKey(
        blank=is_optional,
        db_constraint=False,
        db_index=False,
        null=is_optional,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


class Migration(migrations.Migration):
    """The table with its guards, and a column of usage items."""

    dependencies: ClassVar = [("store", "0024_states_of_terms")]

    operations: ClassVar = [
        migrations.AddField("usageitem", "prices_dynamically", models.BooleanField(db_default=False, default=False)),
        migrations.CreateModel(
            name="ReportedUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("unit_of_measure", models.TextField()),
                ("quantity", ExactField(decimal_places=12, max_digits=38)),
                ("started_at", models.DateTimeField()),
                ("month_on", MonthField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("description", models.TextField(blank=True, default="")),
                ("unique_key", models.TextField(blank=True, default="")),
                ("further", FurtherField()),
                ("origin", models.TextField(default="api")),
                ("file_name", models.TextField(blank=True, default="")),
                ("counted", models.JSONField(default=dict)),
                ("counts_on", models.IntegerField(default=0)),
                ("generation", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
                ("modified_at", models.DateTimeField()),
                ("modified_by", models.TextField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("contract", _link("contract", is_optional=True)),
                ("customer", _link("customer")),
                ("item", _link("usageitem", is_optional=True)),
                ("tenant", _link("tenant")),
                ("usage_import", _link("usageimport", is_optional=True)),
            ],
            options={
                "db_table": "reported_usage",
                "abstract": False,
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["tenant", "customer", "-started_at", "-id"], name="reported_usage_of_customer"
                    ),
                    models.Index(
                        condition=models.Q(("counts_on__gt", 1)),
                        fields=["tenant", "month_on"],
                        name="reported_usage_on_several",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="reportedusage_id_of_tenant"),
                    models.UniqueConstraint(
                        condition=_ITS_OWN, fields=("tenant", "unique_key"), name="reported_usage_unique_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("origin__in", ("api", "import"))), name="reported_usage_origin"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("unit_of_measure", ""), _negated=True), name="reported_usage_has_a_unit"
                    ),
                ],
            },
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
