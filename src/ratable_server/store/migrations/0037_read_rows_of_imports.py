"""An import tells how many rows of its file were read so far, too."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column."""

    dependencies: ClassVar = [("store", "0036_warnings_of_closes")]

    operations: ClassVar = [
        migrations.AddField("usageimport", "read_rows", models.BigIntegerField(db_default=0, default=0)),
    ]
