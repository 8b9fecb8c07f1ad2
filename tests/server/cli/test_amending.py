"""`ratable adjust`, `top-up`, `expect-breakage`, `allocate`, `terminate`, `policy`: corrections and decisions by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import Adjustment, AllocationChange, BreakageEstimate, Termination, TopUp
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command
from tests.server.operations.agreements import agree, held
from tests.server.stories import JANUARY, company, fill


@pytest.fixture
def ratable(actor: Actor, tmp_path: Path) -> Command:
    """The command line over the small company, January closed: 945.00 are drawn of a pool of 1,000.00."""
    fill(actor, company(tmp_path, closed_through=JANUARY))
    return Command(actor)


def pool(ratable: Command, run: int) -> list[str]:
    """Granted before, added, drawn and left in February, as a draft has it."""
    (row,) = ratable.rows("burn_down", "--run", str(run), "--period", "2026-02")
    return [str(row[name]) for name in ("opening", "topped_up", "drawn", "remaining")]


def test_a_closed_month_is_corrected_and_the_pool_filled_by_hand(ratable: Command):
    """55.00 left, 500.00 more; drawn are 25.00 late, 100.00 of February, and 30.00 of 40.00 that January had used more.

    That is what the pool had left then: 1,000.00 less 970.00. The other 10.00 are overage.
    """
    adjusted = ratable("adjust", "pool", "2026-01", "40.00", "--on", "2026-02-11", "--id", "ADJ-1")
    added = ratable.json("top-up", "pool", "500", "--on", "2026-02-12")
    run = ratable.json("draft", "2026-02")["run"]

    assert adjusted.stdout == "adjustment ADJ-1 of 2026-02-11 is filed, and booked in 2026-02\n"
    assert (added["code"], added["booked_on"]) == ("pool", "2026-02-01")
    assert pool(ratable, run) == ["55.00", "500.00", "155.00", "400.00"]
    again = ratable("adjust", "pool", "2026-01", "-10.00", "--on", "2026-02-11", "--id", "ADJ-1")
    assert (again.exit_code, "code_must_be_unused" in again.stderr) == (REFUSED, True)
    with books_of(ratable.actor):
        assert list(rows_of(ratable.actor, Adjustment).values_list("code", "amount_minor")) == [("ADJ-1", 4000)]
        assert list(rows_of(ratable.actor, TopUp).values_list("amount_minor", flat=True)) == [50000]


def test_an_adjustment_below_zero_is_an_amount_and_no_option(ratable: Command):
    ratable("adjust", "pool", "2026-01", "40", "--on", "2026-02-11")

    taken = ratable("adjust", "pool", "2026-01", "-15.50", "--on", "2026-02-12", "--id", "ADJ-2")

    assert taken.exit_code == DONE, taken.output
    with books_of(ratable.actor):
        amounts = rows_of(ratable.actor, Adjustment).order_by("number").values_list("amount_minor", flat=True)
        assert list(amounts) == [4000, -1550]


def test_a_contract_is_ended_by_hand(ratable: Command):
    """After 2026-02-10 nothing of Acme is usage: 1,000 calls of the 14th have no place any more."""
    told = ratable("terminate", "acme", "2026-02-10", "--refund", "20.00")
    drafted = ratable.json("draft", "2026-02")

    assert told.stdout == "termination of acme of 2026-02-10 is filed, and booked in 2026-02\n"
    assert drafted["rows"]["rejected"] == 1
    assert [row["event_id"] for row in ratable.json("rejections")] == ["feb-1"]
    with books_of(ratable.actor):
        assert rows_of(ratable.actor, Termination).get().refund_minor == 2000
    again = ratable("terminate", "acme", "2026-02-11")
    assert (again.exit_code, "contract_must_not_be_terminated" in again.stderr) == (REFUSED, True)


def test_a_bundle_is_split_otherwise_and_another_breakage_expected(actor: Actor):
    agree(actor)
    ratable = Command(actor)

    split = ratable.json("allocate", "acme-suite", "api=60%", "support=40%", "--on", "2026-01-10")
    expected = ratable("expect-breakage", "pool", "12.5", "--on", "2026-01-10")

    assert split["code"] == "acme-suite"
    assert expected.stdout == "estimate of pool of 2026-01-10 is filed, and booked in 2026-01\n"
    with books_of(actor):
        (lines,) = rows_of(actor, AllocationChange).values_list("lines", flat=True)
        assert [(line["product_id"], str(line["percentage"])) for line in lines] == [("api", "60"), ("support", "40")]
        assert str(rows_of(actor, BreakageEstimate).get().percentage) == "12.5"


def test_the_policy_is_shown_and_changed_until_a_month_is_closed(actor: Actor, tmp_path: Path):
    ratable = Command(actor)
    assert ratable.json("policy")["late_usage"] == "next_open_period"

    changed = ratable("policy", "late_usage=reject", "cascade=false")

    assert "late_usage             reject" in changed.stdout.splitlines()
    with books_of(actor):
        assert load_policy(actor) == Policy(late_usage="reject", cascade=False)
    ratable("policy", "late_usage=next_open_period", "cascade=true")
    fill(actor, company(tmp_path, closed_through=JANUARY))
    refused = ratable("policy", "late_usage=reject")
    assert (refused.exit_code, "policy_must_stay_after_a_close" in refused.stderr) == (REFUSED, True)
    assert ratable.json("policy")["late_usage"] == "next_open_period"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("adjust", "pool", "2026-1", "5"), MALFORMED, "is not a month such as 2026-03"),
        (("adjust", "nothing", "2026-01", "5", "--on", "2026-02-01"), REFUSED, "prepaid_commit_must_be_known"),
        (("top-up", "pool", "1,000"), MALFORMED, "is not a decimal number"),
        (("top-up", "pool", "0", "--on", "2026-02-01"), REFUSED, "amount_must_be_positive"),
        (("terminate", "nobody", "2026-02-01"), REFUSED, "contract_must_be_known"),
        (("allocate", "acme-suite", "api"), MALFORMED, "such as api=70% or api=80"),
        (("allocate", "acme-suite", "api=60%", "support=30%", "--on", "2026-01-10"), REFUSED, "allocation_must_sum"),
        (("policy", "rounding=up"), REFUSED, "policy_must_be_sound"),
        (("policy", "tax=none"), MALFORMED, "there is no policy tax"),
        (("policy", "reject"), MALFORMED, "such as late_usage=reject"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_kept(actor: Actor, arguments: tuple[str, ...], status: int, words: str):
    agree(actor)
    before = held(actor)

    told = Command(actor)(*arguments)

    assert told.exit_code == status, told.output
    assert words in " ".join(told.stderr.replace("│", " ").split())
    assert held(actor) == before
