"""What was learned after a close is found by its number, however many records were learned before."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Summaries of blocks are there only once they were made; a tree is there at once, and small: imports share a number."""

    dependencies: ClassVar = [("store", "0012_webhook_events")]

    operations: ClassVar = [
        migrations.RunSQL(
            [
                "DROP INDEX usage_record_number",
                "CREATE INDEX usage_record_number ON usage_record (tenant_id, number)",
            ]
        ),
    ]
