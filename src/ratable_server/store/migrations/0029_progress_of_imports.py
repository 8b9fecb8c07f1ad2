"""An import tells how large its file is, and how much of it was read so far."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns."""

    dependencies: ClassVar = [("store", "0027_rating_options")]

    operations: ClassVar = [
        migrations.AddField("usageimport", "content_bytes", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("usageimport", "read_bytes", models.BigIntegerField(db_default=0, default=0)),
    ]
