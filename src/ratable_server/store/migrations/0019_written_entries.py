"""Journal entries written by hand: facts of the ledger, balanced by the database, never booked in a closed month."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from ratable_server.store.fields import CodeField, CurrencyField, ExactDecoder, ExactEncoder, FurtherField, MonthField

GUARDS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """The table, then its guards."""

    dependencies: ClassVar = [("store", "0018_rejected_usage")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WrittenEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("code", CodeField()),
                ("revision", models.IntegerField()),
                ("kind", models.TextField()),
                ("currency", CurrencyField()),
                ("on", models.DateField()),
                ("booked_on", MonthField()),
                ("is_removed", models.BooleanField(default=False)),
                ("lines", models.JSONField(default=list, encoder=ExactEncoder, decoder=ExactDecoder)),
                ("posts", models.JSONField(default=list)),
                ("further", FurtherField()),
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
                "db_table": "written_entry",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "id"], name="writtenentry_id_of_tenant"),
                    models.UniqueConstraint(fields=["tenant", "code", "revision"], name="written_entry_revision"),
                    models.CheckConstraint(
                        condition=Q(is_removed=True, lines=[]) | (Q(is_removed=False) & (Q(lines=[]) ^ Q(posts=[]))),
                        name="written_entry_has_lines_or_posts",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS),
    ]
