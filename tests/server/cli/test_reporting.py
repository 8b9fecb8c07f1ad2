"""`ratable report` on the worked chain: a pool of 80,000 at 20 percent that runs dry in March."""

from __future__ import annotations

import pytest

from ratable_server.actor import Actor
from tests.server.cli.asking import DONE, Command, golden
from tests.server.stories import fill


@pytest.fixture
def ratable(actor: Actor) -> Command:
    """The command line over the books of the chain, closed through April."""
    fill(actor, golden("chain/ledger"))
    return Command(actor)


def test_the_waterfall_of_closed_books(ratable: Command):
    rows = ratable.rows("waterfall", "--period", "2026-01:2026-03")

    assert [(row["booked"], row["period"], row["amount"]) for row in rows] == [
        ("2026-01", "2026-01", "24000.00"),
        ("2026-01", "2026-02", "40000.00"),
        ("2026-01", "2026-03", "16000.00"),
        ("2026-03", "2026-03", "20000.00"),
    ]


def test_a_table_for_people(ratable: Command):
    told = ratable("report", "revenue_by_customer", "--period", "2026-03")

    assert told.exit_code == DONE
    assert "Revenue by customer, product and month" in told.stdout
    assert "36,000.00" in told.stdout
