"""Entries say whether they are what an adjustment of a closed month changes."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

_TABLES = ("appliedmove", "draftappliedmove", "journalentry", "draftjournalentry")


class Migration(migrations.Migration):
    """The column. No release has posted entries without it, so there is nothing to fill in."""

    dependencies: ClassVar = [("store", "0005_posting")]

    operations: ClassVar = [
        migrations.AddField(table, "is_adjusted", models.BooleanField(db_default=False)) for table in _TABLES
    ]
