"""A key of a request says until when it counts, and its answer has headers; which tenants have keys that no longer count.

Keys of before count as long as those of today, from when they were recorded.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models

_FILL: list[Any] = [  # the owner writes over all tenants: row-level security is not forced on it while this runs
    "ALTER TABLE idempotency_key NO FORCE ROW LEVEL SECURITY",
    """
    UPDATE idempotency_key SET expires_at = recorded_at + CASE
        WHEN starts_with(key, 'zuora:') THEN interval '24 hours'
        WHEN starts_with(key, 'zuora-query ') THEN interval '15 minutes'
        ELSE interval '7 days'
    END
    """,
    "ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY",
]
_LOOK_UP: list[Any] = [
    "CREATE POLICY looked_up ON idempotency_key FOR SELECT TO CURRENT_USER USING (true)",  # for the function below
    """
    CREATE FUNCTION ratable_forgetting_tenants(due timestamptz) RETURNS TABLE (tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        SELECT id FROM tenant
        WHERE EXISTS (SELECT FROM idempotency_key AS key WHERE key.tenant_id = tenant.id AND key.expires_at <= due)
    $$
    """,
    "REVOKE ALL ON FUNCTION ratable_forgetting_tenants(timestamptz) FROM PUBLIC",
]


class Migration(migrations.Migration):
    """Two columns, an index, the look-up."""

    dependencies: ClassVar = [("store", "0033_turns")]

    operations: ClassVar = [
        migrations.AddField("idempotencykey", "headers", models.JSONField(blank=True, db_default={}, default=dict)),
        migrations.AddField("idempotencykey", "expires_at", models.DateTimeField(null=True)),
        migrations.RunSQL(_FILL),
        migrations.AlterField("idempotencykey", "expires_at", models.DateTimeField()),
        migrations.AddIndex(
            "idempotencykey", models.Index(fields=["tenant", "expires_at"], name="idempotency_key_expiring")
        ),
        migrations.RunSQL(_LOOK_UP),
    ]
