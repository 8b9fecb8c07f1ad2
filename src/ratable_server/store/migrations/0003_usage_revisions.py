"""A void names the record that no longer counts; records are found by number; one hash of their content."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations, models

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """Voids by record, then the function and the indexes."""

    dependencies: ClassVar = [("store", "0002_guards")]

    operations: ClassVar = [
        migrations.AddField("usagevoid", "record_id", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField("usagevoid", "is_revision", models.BooleanField(default=False)),
        migrations.RemoveConstraint("usagevoid", "usage_void_event_id"),
        migrations.AddConstraint(
            "usagevoid", models.UniqueConstraint(fields=["tenant", "record_id"], name="usage_void_of_record")
        ),
        migrations.AddIndex("usagevoid", models.Index(fields=["tenant", "month_on"], name="usage_void_month")),
        migrations.RunSQL([FUNCTIONS]),
    ]
