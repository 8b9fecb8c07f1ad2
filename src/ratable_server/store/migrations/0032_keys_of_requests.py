"""A key of a request is found without its route: a program that sends a key with each request has as many as requests."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The index."""

    dependencies: ClassVar = [("store", "0028_units_of_commits")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["tenant", "key"], name="idempotency_key_by_key"),
        ),
    ]
