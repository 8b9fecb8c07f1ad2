"""Usage of a few items or contracts is found without reading that of all others, however much there is."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """A tree for every month; it is small, since equal keys share their place in it."""

    dependencies: ClassVar = [("store", "0034_lives_of_keys")]

    operations: ClassVar = [
        migrations.RunSQL(["CREATE INDEX usage_record_stream ON usage_record (tenant_id, stream)"]),
    ]
