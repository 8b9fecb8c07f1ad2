"""A run says how far it has read the audit in a way that outlives a restore.

Runs of before say nothing: their drafts are out of date, and the first close after them computes every contract as a whole.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Three columns."""

    dependencies: ClassVar = [("store", "0020_open_or_closed")]

    operations: ClassVar = [
        migrations.AddField("run", "snapshot", models.TextField(blank=True, default="")),
        migrations.AddField("run", "cluster", models.TextField(blank=True, default="")),
        migrations.AddField("run", "audit_through", models.BigIntegerField(default=0)),
    ]
