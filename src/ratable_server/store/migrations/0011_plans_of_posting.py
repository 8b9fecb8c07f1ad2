"""The entry of a line that is added is looked up by its id alone, whatever the planner knows of the tables by then."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from django.db import migrations

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """The index of a run finds each of its entries, and was taken for each of them in the first close of large books."""

    dependencies: ClassVar = [("store", "0010_usage_in_order")]

    operations: ClassVar = [migrations.RunSQL([FUNCTIONS])]
