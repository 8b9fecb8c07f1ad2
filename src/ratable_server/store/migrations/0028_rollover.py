"""What is left of a prepaid commit may live on."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column, empty for every commit there is."""

    dependencies: ClassVar = [("store", "0029_progress_of_imports")]

    operations: ClassVar = [migrations.AddField("prepaidcommit", "rollover", models.JSONField(blank=True, null=True))]
