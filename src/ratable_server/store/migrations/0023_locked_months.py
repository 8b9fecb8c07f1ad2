"""A month is closed because a close of it stands, and the database holds the one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """Functions with their triggers."""

    dependencies: ClassVar = [("store", "0022_earlier_terms")]

    operations: ClassVar = [migrations.RunSQL([FUNCTIONS])]
