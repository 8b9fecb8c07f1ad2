"""Tokens of programs, and the one function that tells whose a token is before the tenant is known."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

_GUARDS = [
    "SELECT ratable_guard('api_token', 'kept')",
    "ALTER TABLE api_token ADD CONSTRAINT api_token_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
    "CREATE POLICY looked_up ON api_token FOR SELECT TO CURRENT_USER USING (true)",  # for ratable_token
    """
    CREATE FUNCTION ratable_token(wanted text) RETURNS TABLE (tenant_id bigint, email text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT tenant_id, email, role FROM api_token WHERE digest = wanted AND revoked_at IS NULL $$
    """,
    "REVOKE ALL ON FUNCTION ratable_token(text) FROM PUBLIC",
]


class Migration(migrations.Migration):
    """The table, its guards, the look-up."""

    dependencies: ClassVar = [("store", "0007_told")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.TextField()),
                ("hint", models.TextField()),
                ("email", models.TextField()),
                ("role", models.TextField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                "db_table": "api_token",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("digest",), name="api_token_digest"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("viewer", "preparer", "approver", "admin"))),
                        name="api_token_role",
                    ),
                ],
            },
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
