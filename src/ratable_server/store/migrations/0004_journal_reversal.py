"""Reversals of posted entries: facts, kept for ever, never booked in a closed month."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import ratable_server.store.fields

_GUARDS = [
    "SELECT ratable_guard('journal_reversal', 'append_only')",
    "SELECT ratable_refer('journal_reversal', 'contract_id', 'contract')",
    "SELECT ratable_refer('journal_reversal', 'entry_id', 'journal_entry')",
    "SELECT ratable_guard_period('journal_reversal', 'booked_on')",
]


class Migration(migrations.Migration):
    """The table, then its guards."""

    dependencies: ClassVar = [("store", "0003_usage_revisions")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="JournalReversal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("entry_code", ratable_server.store.fields.CodeField()),
                ("reason", models.TextField()),
                ("on", models.DateField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.journalentry",
                    ),
                ),
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
                "db_table": "journal_reversal",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="journalreversal_id_of_tenant"),
                    models.UniqueConstraint(fields=("tenant", "entry_code"), name="journal_reversal_of_entry"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="reversal_must_have_a_reason"
                    ),
                ],
            },
        ),
        migrations.RunSQL([*_GUARDS]),
    ]
