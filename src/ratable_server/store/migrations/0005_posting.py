"""Results are looked up once for each statement that adds them: their run, and of lines their entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from django.db import migrations

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

RESULTS = """
    draw demand breakage revenue_transaction applied_move rated_line allocation journal_entry journal_line
""".split()  # noqa: SIM905 - as the lists of 0002


def _statements() -> Iterator[str]:
    for table in RESULTS:
        for each in (table, f"draft_{table}"):
            yield f"ALTER TABLE {each} DROP CONSTRAINT {each}_run_id_of_tenant"
        yield f"SELECT ratable_guard_draft('draft_{table}')"
    for table in ("journal_line", "draft_journal_line"):
        yield f"ALTER TABLE {table} DROP CONSTRAINT {table}_entry_id_of_tenant"


class Migration(migrations.Migration):
    """Functions, then what they replace."""

    dependencies: ClassVar = [("store", "0004_journal_reversal")]

    operations: ClassVar = [
        migrations.RunSQL([FUNCTIONS]),
        migrations.RunSQL(list(_statements())),
    ]
