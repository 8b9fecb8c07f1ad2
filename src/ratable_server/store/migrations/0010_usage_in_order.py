"""Prepaid usage is listed commit by commit in the order in which it was learned, however much there is."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The same index, with the id of the record at its end."""

    dependencies: ClassVar = [("store", "0009_document_void")]

    operations: ClassVar = [
        migrations.RunSQL(
            [
                "DROP INDEX usage_record_prepaid",
                "CREATE INDEX usage_record_prepaid ON usage_record (tenant_id, stream, id) WHERE stream LIKE '!%'",
            ]
        ),
    ]
