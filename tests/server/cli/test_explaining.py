"""`ratable explain`: an entry or revenue as an indented tree, a record of usage up, and JSON for programs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command
from tests.server.stories import FEBRUARY, found_company

LATE = "acme/prepaid_commit/pool/drawdown/2026-01/2026-02/2026-02-28"


@pytest.fixture(scope="module")
def ratable(books: None, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command line over the small company, closed through February."""
    return Command(found_company(tmp_path_factory.mktemp("story"), closed_through=FEBRUARY))


def test_an_entry_is_printed_as_a_tree(ratable: Command):
    told = ratable("explain", LATE)

    assert told.exit_code == DONE
    lines = told.stdout.splitlines()
    assert lines[0] == "credit revenue on 2026-02-28  -25.00 USD: revenue is a credit"
    assert ("      + less what is booked in 2026-01  -945.00 USD: dated 2026-01-31") in lines
    assert "                + usage late-1 on 2026-01-25  500 units: as recorded" in lines
    assert lines[-2].startswith("debit contract_liability on 2026-02-28  25.00 USD: prepaid_commit pool, billed less ")


def test_a_record_of_usage_is_printed_upwards(ratable: Command):
    assert ratable("explain", "jan-3").stdout.splitlines() == [
        "usage jan-3 on 2026-01-31  500 units: as recorded",
        "  share: 500 of 500 units",
        "  of: bolt-calls in 2026-01, rated  50.00 EUR: 500: 500 x 0.10 = 50.00",
        ("    in: credit revenue on 2026-01-31  -50.00 EUR: in entry bolt/usage/bolt/usage/2026-01/2026-01/2026-01-31"),
        (
            "    in: debit unbilled_revenue on 2026-01-31  50.00 EUR: "
            "in entry bolt/usage/bolt/usage/2026-01/2026-01/2026-01-31"
        ),
    ]


def test_revenue_is_named_in_the_words_of_the_reports(ratable: Command):
    keys = "contract=acme,period=2026-02,service_period=2026-01,product=api,type=drawdown,prepaid_commit=pool"
    told = ratable("explain", "--revenue", f"{keys},item=acme-calls,source=pool")

    assert told.exit_code == DONE
    assert told.stdout.splitlines()[1] == (
        "  + drawdown revenue of acme-calls for 2026-01, booked in 2026-02  25.00 USD: "
        "the whole of 2026-01 is 970.00; of it 945.00 is booked at other times: 25.00"
    )


def test_records_beyond_those_asked_for_are_summed(ratable: Command):
    told = ratable("explain", LATE, "--records", "1")

    assert "                + usage jan-1 on 2026-01-10  12,000 units: as recorded" in told.stdout.splitlines()
    assert "                + and 2 more records  1,000 units: summed" in told.stdout.splitlines()


def test_programs_get_the_tree_with_exact_numbers(ratable: Command):
    def leaves(step: dict[str, Any]) -> list[tuple[str, str]]:
        below = [leaf for child in (*step["children"], *step["basis"]) for leaf in leaves(child)]
        return below or [(step["key"], step["value"])]

    (step,) = ratable.json("explain", "--revenue", "contract=bolt,period=2026-01")
    assert (step["kind"], step["value"], step["unit"]) == ("figure", "50.00", "EUR")
    assert ("jan-3", "500") in leaves(step)
    trace = ratable.json("explain", "late-1")
    assert (trace["part"], trace["whole"], trace["month"]["value"]) == ("500", "13000", "970.00")
    assert len(trace["lines"]) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (LATE, "--revenue", "contract=acme"),
        ("--revenue", "period=2026-01"),
        ("--revenue", "contract=acme,colour=red"),
        ("--revenue", "contract=acme,period=March"),
        (LATE, "--run", "1", "--as-of", "2026-02-01"),
    ],
)
def test_a_question_that_cannot_be_read_is_told(ratable: Command, arguments: tuple[str, ...]):
    assert ratable("explain", *arguments).exit_code == MALFORMED


def test_an_id_of_nothing_is_refused(ratable: Command):
    told = ratable("explain", "nothing")

    assert (told.exit_code, told.stdout) == (REFUSED, "")
    assert told.stderr == (
        "refused: entry_must_be_known: ID: neither a journal entry that counts nor a record of usage is called nothing\n"
    )
    assert ratable("explain", LATE, "--as-of", "2026-02-20").exit_code == REFUSED
