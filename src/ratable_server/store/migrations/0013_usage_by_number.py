"""What was learned after a close is found by its number, however much was learned before; public ids cost a sixth."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """A tree in place of summaries of blocks, which are there only once somebody made them.

    It is small: all records of an import share a number.
    """

    dependencies: ClassVar = [("store", "0012_webhook_events")]

    operations: ClassVar = [
        migrations.RunSQL(
            [
                "DROP INDEX usage_record_number",
                "CREATE INDEX usage_record_number ON usage_record (tenant_id, number)",
                Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"),
            ]
        ),
    ]
