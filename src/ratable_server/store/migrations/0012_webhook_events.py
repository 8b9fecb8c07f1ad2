"""Events that webhooks are to be told, written with the change that they tell; one more kind of the register."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from ratable_server.store.fields import FurtherField

_KINDS = (
    "entity", "account", "department", "tag", "tag_group", "default_accounts", "webhook", "vendor_custom_field",
)  # fmt: skip
_STATUSES = ("pending", "delivered", "failed")
_GUARDS: list[Any] = [
    "SELECT ratable_guard('webhook_event', 'free')",
    "SELECT ratable_refer('webhook_event', 'webhook_id', 'register_entry')",
    "CREATE POLICY looked_up ON webhook_event FOR SELECT TO CURRENT_USER USING (true)",  # for ratable_due_tenants
    """
    CREATE FUNCTION ratable_due_tenants(due timestamptz) RETURNS TABLE (tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT DISTINCT tenant_id FROM webhook_event WHERE status = 'pending' AND due_at <= due $$
    """,
    "REVOKE ALL ON FUNCTION ratable_due_tenants(timestamptz) FROM PUBLIC",
]


def _link(to: str, *, is_indexed: bool = True) -> Any:
    return models.ForeignKey(
        db_constraint=False,
        db_index=is_indexed,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


class Migration(migrations.Migration):
    """The kinds, then the table, then its guards."""

    dependencies: ClassVar = [("store", "0011_plans_of_posting")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="registerentry", name="register_entry_kind"),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.CheckConstraint(condition=Q(kind__in=_KINDS), name="register_entry_kind"),
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.UniqueConstraint(fields=["tenant", "id"], name="registerentry_id_of_tenant"),
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("webhook", _link("registerentry")),
                ("topic", models.TextField()),
                ("object", FurtherField()),
                ("created_at", models.DateTimeField()),
                ("status", models.TextField(default="pending")),
                ("due_at", models.DateTimeField()),
                ("tries", models.JSONField(default=list)),
                ("tenant", _link("tenant", is_indexed=False)),
            ],
            options={
                "db_table": "webhook_event",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=Q(status__in=_STATUSES), name="webhook_event_status"),
                ],
                "indexes": [
                    models.Index(fields=["due_at"], condition=Q(status="pending"), name="webhook_event_due"),
                ],
            },
        ),
        migrations.RunSQL(_GUARDS),
    ]
