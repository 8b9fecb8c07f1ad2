"""The receipt before is found by its number, however many there are."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index over receipts that have added something."""

    dependencies: ClassVar = [("store", "0028_rollover")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="usageimport",
            index=models.Index(
                condition=models.Q(("number__isnull", False)),
                fields=["tenant", "number"],
                name="usage_import_number",
            ),
        ),
    ]
