"""Programs that draw tokens of short life, and the functions that tell whose one is before the tenant is known."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

_GUARDS = [
    "SELECT ratable_guard('oauth_client', 'kept')",
    "SELECT ratable_guard('oauth_token', 'free')",
    "ALTER TABLE oauth_client ADD CONSTRAINT oauth_client_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
    "SELECT ratable_refer('oauth_token', 'client_id', 'oauth_client')",
    "CREATE POLICY looked_up ON oauth_client FOR SELECT TO CURRENT_USER USING (true)",  # for the functions below
    "CREATE POLICY looked_up ON oauth_token FOR SELECT TO CURRENT_USER USING (true)",
    """
    CREATE FUNCTION ratable_oauth_client(wanted text, secret text)
    RETURNS TABLE (id bigint, tenant_id bigint, name text, role text, entities bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT id, tenant_id, name, role, ARRAY(SELECT jsonb_array_elements_text(entities)::bigint)
        FROM oauth_client WHERE client_id = wanted AND secret_digest = secret AND revoked_at IS NULL
    $$
    """,
    """
    CREATE FUNCTION ratable_oauth_token(wanted text, at timestamptz)
    RETURNS TABLE (id bigint, tenant_id bigint, name text, role text, entities bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT client.id, client.tenant_id, client.name, client.role,
            ARRAY(SELECT jsonb_array_elements_text(client.entities)::bigint)
        FROM oauth_token AS token
        JOIN oauth_client AS client ON (client.tenant_id, client.id) = (token.tenant_id, token.client_id)
        WHERE token.digest = wanted AND token.expires_at > at AND client.revoked_at IS NULL
    $$
    """,
    "REVOKE ALL ON FUNCTION ratable_oauth_client(text, text), ratable_oauth_token(text, timestamptz) FROM PUBLIC",
]


def _tenant() -> models.ForeignKey[models.Model, models.Model]:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="store.tenant",
    )


class Migration(migrations.Migration):
    """The tables, their guards, the look-ups."""

    dependencies: ClassVar = [("store", "0026_reported_usage")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="OauthClient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.TextField()),
                ("secret_digest", models.TextField()),
                ("name", models.TextField()),
                ("role", models.TextField()),
                ("entities", models.JSONField(blank=True, default=list)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("tenant", _tenant()),
            ],
            options={
                "db_table": "oauth_client",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="oauthclient_id_of_tenant"),
                    models.UniqueConstraint(fields=("client_id",), name="oauth_client_client_id"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("viewer", "preparer", "approver", "admin"))),
                        name="oauth_client_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OauthToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.TextField()),
                ("recorded_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.oauthclient",
                    ),
                ),
                ("tenant", _tenant()),
            ],
            options={
                "db_table": "oauth_token",
                "abstract": False,
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("digest",), name="oauth_token_digest")],
            },
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
