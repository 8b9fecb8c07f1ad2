"""An invoice can name the contract's usage: it is of usage alone, where one that names nothing clears the oldest first."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A column; no document of before names usage."""

    dependencies: ClassVar = [("store", "0039_spaces_of_keys")]

    operations: ClassVar = [
        migrations.AddField("document", "is_of_usage", models.BooleanField(db_default=False, default=False)),
        migrations.AddConstraint(
            "document",
            models.CheckConstraint(
                condition=Q(is_of_usage=False)
                | Q(kind="invoice", prepaid_commit=None, subscription=None, milestone=None),
                name="document_is_of_one_source",
            ),
        ),
    ]
