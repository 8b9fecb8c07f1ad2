"""Files of reported usage that a worker imports, whose there are, and how a program writes days in its files."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

_STATUSES = ("pending", "processing", "completed", "failed")
_UNDER_WAY = ("pending", "processing")
_LOCALES = ("en_US", "en_GB", "en_AU")
_GUARDS: list[Any] = [
    "SELECT ratable_guard('report_file', 'kept')",
    "ALTER TABLE report_file ADD CONSTRAINT report_file_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)",
    "CREATE POLICY looked_up ON report_file FOR SELECT TO CURRENT_USER USING (true)",  # for the function below
    """
    CREATE FUNCTION ratable_filing_tenants() RETURNS TABLE (tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT DISTINCT tenant_id FROM report_file WHERE status IN ('pending', 'processing') $$
    """,
    "REVOKE ALL ON FUNCTION ratable_filing_tenants() FROM PUBLIC",
]


class Migration(migrations.Migration):
    """The table with its guards and its look-up, and a column of programs."""

    dependencies: ClassVar = [("store", "0025_oauth")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("import_id", models.BigIntegerField()),
                ("file_name", models.TextField(blank=True, default="")),
                ("name", models.TextField(blank=True, default="")),
                ("content", models.BinaryField(default=b"")),
                ("size", models.BigIntegerField()),
                ("md5", models.TextField()),
                ("dates", models.TextField()),
                ("status", models.TextField(default="pending")),
                ("tries", models.IntegerField(default=0)),
                ("message", models.TextField(blank=True, default="")),
                ("rows_total", models.BigIntegerField(default=0)),
                ("rows_imported", models.BigIntegerField(default=0)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("changed_at", models.DateTimeField()),
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
                "db_table": "report_file",
                "abstract": False,
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", _UNDER_WAY)),
                        fields=["tenant", "id"],
                        name="report_file_under_way",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="reportfile_id_of_tenant"),
                    models.UniqueConstraint(fields=("tenant", "import_id"), name="report_file_import"),
                    models.CheckConstraint(condition=models.Q(("status__in", _STATUSES)), name="report_file_status"),
                ],
            },
        ),
        migrations.AddField("oauthclient", "locale", models.TextField(db_default="en_US", default="en_US")),
        migrations.AddConstraint(
            model_name="oauthclient",
            constraint=models.CheckConstraint(condition=models.Q(("locale__in", _LOCALES)), name="oauth_client_locale"),
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
