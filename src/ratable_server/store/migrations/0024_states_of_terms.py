"""Entries of the audit say what state a change left, so that it can be compared with what stands."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns, empty for what was written before."""

    dependencies: ClassVar = [("store", "0023_locked_months")]

    operations: ClassVar = [
        migrations.AddField("auditentry", "state_of", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField("auditentry", "state", models.TextField(blank=True, db_default="", default="")),
    ]
