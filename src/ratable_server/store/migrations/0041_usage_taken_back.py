"""What usage was taken back of a stream, and what came last to a prepaid commit, is found without reading that of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.db import migrations, models

_FILL: list[Any] = [  # the owner writes over all tenants: row-level security is not forced on it while this runs
    "ALTER TABLE usage_void NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE usage_record NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE usage_void DISABLE TRIGGER append_only",  # nothing else of a void changes
    """
    UPDATE usage_void AS void SET stream = record.stream
    FROM usage_record AS record
    WHERE record.tenant_id = void.tenant_id AND record.month_on = void.month_on AND record.id = void.record_id
    """,
    "ALTER TABLE usage_void ENABLE TRIGGER append_only",
    "ALTER TABLE usage_record FORCE ROW LEVEL SECURITY",
    "ALTER TABLE usage_void FORCE ROW LEVEL SECURITY",
]


class Migration(migrations.Migration):
    """The stream beside each void, as the record has it, and prepaid usage in the order in which the books learned it."""

    dependencies: ClassVar = [("store", "0040_invoices_of_usage")]

    operations: ClassVar = [
        migrations.AddField("usagevoid", "stream", models.TextField(default="", blank=True)),
        migrations.RunSQL(_FILL),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")),
        migrations.AddIndex("usagevoid", models.Index(fields=["tenant", "stream", "id"], name="usage_void_stream")),
    ]
