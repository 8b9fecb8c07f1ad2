"""A month is open or closed; that it is in review is told by its drafts, and was never kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One word less."""

    dependencies: ClassVar = [("store", "0019_written_entries")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="period", name="period_status"),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("open", "closed"))), name="period_status"
            ),
        ),
    ]
