"""A close keeps what it has told that may surprise, so that the report of its month says the same for ever."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column, empty for closes of before."""

    dependencies: ClassVar = [("store", "0035_usage_by_stream")]

    operations: ClassVar = [
        migrations.AddField("periodclose", "warnings", models.JSONField(blank=True, db_default=[], default=list)),
    ]
