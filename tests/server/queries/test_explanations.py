"""Explanations out of the books: every posted line down to its usage, every record up, at any moment of knowledge."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ratable.cases.reading import read_case
from ratable.cases.records import Case
from ratable.money import to_major
from ratable.periods import month_of
from ratable.reports.explanation import Step, explanation_text
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period
from ratable_server.operations.runs import run_period
from ratable_server.queries.explanations import Moment, explain_entry, explain_revenue, trace_usage
from ratable_server.queries.reports import report
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.scope import books_of
from tests.server.stories import APRIL, FEBRUARY, JANUARY, MARCH, company, fill, found_company, void

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
LATE = "acme/prepaid_commit/pool/drawdown/2026-01/2026-02/2026-02-28"
OVERAGE = "acme/usage/acme/overage/2026-02/2026-02/2026-02-28"


@pytest.fixture(scope="module")
def admin(books: None, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    """The admin of the small company, closed through March; nobody changes it."""
    return found_company(tmp_path_factory.mktemp("story"))


@pytest.fixture
def writer(actor: Actor, tmp_path: Path) -> Actor:
    """The same, for a test that goes on with it."""
    fill(actor, company(tmp_path))
    return actor


def usage_in(step: Step) -> dict[str, Decimal]:
    return {one.key: one.value for one in step.every() if one.kind == "usage"}


def assert_explained(actor: Actor) -> int:
    """Every line of every posted entry is explained to its last digit; gives how many entries there are."""
    posted: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in report(actor=actor, name="journal").table.to_pylist():
        amount = to_major(line["debit_minor"] - line["credit_minor"], line["currency"])
        posted[line["entry_id"]][line["account"]] += amount
    for entry_id, amounts in posted.items():
        told: dict[str, Decimal] = defaultdict(Decimal)
        for step in explain_entry(actor=actor, entry_id=entry_id):
            told[step.title.split()[1]] += step.value
            for one in step.every():
                assert not one.children or one.value == sum(child.value for child in one.children), one
        assert told == amounts, entry_id
    return len(posted)


def next_open(actor: Actor, case: Case) -> date:
    """The month after the last closed one; in the beginning the first of a contract."""
    with books_of(actor):
        found = first_open_month(actor)
    return found or min(month_of(contract.starts_on) for contract in case.terms.contracts)


def test_every_line_that_is_posted_is_explained_to_its_last_digit(admin: Actor):
    assert assert_explained(admin) == 11  # two documents, a settled invoice, eight of revenue


@pytest.mark.parametrize(
    "name",
    [
        "allocation/reallocated-after-close",
        "breakage/proportional",
        "corrections/closed-month-by-adjustment",
        "journal/termination",
        "minimums/prepaid-counts",
    ],
)
def test_golden_cases_are_explained_out_of_the_books(actor: Actor, name: str):
    case = read_case(GOLDEN / f"{name}.yaml")
    fill(actor, case)
    last_on = max(entry.on for entry in case.entries)
    while (month_on := next_open(actor, case)) <= last_on:
        close_period(actor=actor, month_on=month_on, at=datetime(2030, 1, 1, tzinfo=UTC))

    assert assert_explained(actor) > 0


def test_a_pool_is_told_with_what_a_credit_memo_could_take_of_it(actor: Actor):
    """A memo of 80 finds 40: usage of the month before has drawn 60 of 100, and was learned later. Then 30 are added."""
    fill(actor, read_case(GOLDEN / "corrections" / "credit-memo-overtaken.yaml"))

    def had(month_on: date) -> set[str]:
        step = explain_revenue(actor=actor, contract="c", keys={"service_on": month_on})
        return {part for one in step.every() for part in one.formula.split(", ") if part.startswith("pool had")}

    assert had(MARCH) == {"pool had 0.00: covered 0.00"}
    assert had(APRIL) == {"pool had 30.00: covered 20.00"}
    assert assert_explained(actor) > 0


def test_every_revenue_of_usage_ends_in_usage(admin: Actor):
    """What is told of a month's usage are all of its records, and they sum to the month's quantity."""
    records = {
        "acme/prepaid_commit/pool/drawdown/2026-01/2026-01/2026-01-31": {"jan-1": 12000, "jan-2": 500, "late-1": 500},
        LATE: {"jan-1": 12000, "jan-2": 500, "late-1": 500},
        "acme/prepaid_commit/pool/drawdown/2026-02/2026-02/2026-02-28": {"feb-1": 1000},
        OVERAGE: {"feb-1": 1000},
        "bolt/usage/bolt/usage/2026-01/2026-01/2026-01-31": {"jan-3": 500},
    }
    for entry_id, expected in records.items():
        (revenue,) = [step for step in explain_entry(actor=admin, entry_id=entry_id) if "revenue" in step.title.split()]
        assert usage_in(revenue) == expected, entry_id


def test_overage_is_told_in_words_and_numbers(admin: Actor):
    revenue, position = explain_entry(actor=admin, entry_id=OVERAGE)

    assert explanation_text(revenue).splitlines() == [
        "credit revenue on 2026-02-28  -70.00 USD: revenue is a credit",
        "  + overage revenue of acme-calls for 2026-02  -70.00 USD: credited",
        "    <- overage revenue of acme-calls for 2026-02  70.00 USD: the whole of 2026-02",
        "      + overage of pool for 2026-02  70.00 USD: 70.00 list value that no prepaid commit covered",
        (
            "        <- pool in 2026-02  100.00 USD: 100.00 list value, discount 0 %, pool had 30.00: "
            "covered 30.00, net 30.00, overage 70.00"
        ),
        "          + covered  30.00 USD: 30.00 list value, 30.00 net",
        "          + overage  70.00 USD: 70.00 list value, 70.00 net",
        "          <- acme-calls in 2026-02, rated  100.00 USD: 1,000: 1,000 x 0.10 = 100.00",
        "            + tier 1  100.00 USD: 1,000 x 0.10 = 100.00",
        "            <- acme-calls in 2026-02, metered  1,000 units: 1 record, 1,000 units",
        "              + usage feb-1 on 2026-02-14  1,000 units: as recorded",
    ]
    assert position.formula == (
        "usage acme, billed less recognized: 0.00 before, -70.00 after; above zero it is liability, below zero unbilled"
    )


def test_revenue_of_a_month_is_the_sum_of_its_rows(admin: Actor):
    step = explain_revenue(actor=admin, contract="acme", keys={"booked_on": FEBRUARY, "product_id": "api"})

    assert (step.value, step.unit) == (Decimal(125), "USD")
    assert [(child.title, child.value) for child in step.children] == [
        ("overage revenue of acme-calls for 2026-02", Decimal(70)),
        ("drawdown revenue of acme-calls for 2026-01, booked in 2026-02", Decimal(25)),
        ("drawdown revenue of acme-calls for 2026-02", Decimal(30)),
    ]
    assert step.children[1].formula == "the whole of 2026-01 is 970.00; of it 945.00 is booked at other times: 25.00"


def test_a_record_is_traced_to_the_lines_of_both_closes(admin: Actor):
    trace = trace_usage(actor=admin, usage_id="late-1")

    assert [trace.part, trace.whole, trace.month.value] == [Decimal(500), Decimal(13000), Decimal(970)]
    assert [(line.key, line.value) for line in trace.lines if "revenue" in line.title.split()] == [
        ("acme/prepaid_commit/pool/drawdown/2026-01/2026-01/2026-01-31", Decimal(-945)),
        (LATE, Decimal(-25)),
    ]


def test_an_explanation_as_of_a_moment_knows_what_was_known(admin: Actor):
    """Before February was closed January was 945.00, whole, and the late record not part of it."""
    then = Moment(as_of=datetime(2026, 2, 20, tzinfo=UTC))

    step = explain_revenue(actor=admin, contract="acme", keys={"booked_on": JANUARY, "kind": "drawdown"}, moment=then)

    assert step.children[0].formula == "the whole of 2026-01"
    assert usage_in(step) == {"jan-1": 12000, "jan-2": 500}
    with pytest.raises(Refused, match="entry_must_be_known"):
        explain_entry(actor=admin, entry_id=LATE, moment=then)
    with pytest.raises(Refused, match="usage_must_be_posted"):
        trace_usage(actor=admin, usage_id="late-1", moment=then)


def test_facts_after_the_last_close_change_no_explanation_of_what_is_posted(writer: Actor):
    before = explain_revenue(actor=writer, contract="acme", keys={"service_on": FEBRUARY})
    void(writer, "feb-1", date(2026, 4, 5))

    assert explain_revenue(actor=writer, contract="acme", keys={"service_on": FEBRUARY}) == before


def test_a_draft_is_explained_as_if_posted(writer: Actor):
    void(writer, "feb-1", date(2026, 4, 5))
    run_id = run_period(actor=writer, month_on=APRIL, at=datetime(2026, 5, 2, tzinfo=UTC)).run_id

    step = explain_revenue(
        actor=writer,
        contract="acme",
        keys={"booked_on": APRIL, "service_on": FEBRUARY},
        moment=Moment(run_id=run_id),
    )

    assert step.value == -100
    assert [(child.value, child.formula) for child in step.children] == [
        (Decimal(-70), "the whole of 2026-02 is 0.00; of it 70.00 is booked at other times: -70.00"),
        (Decimal(-30), "the whole of 2026-02 is 0.00; of it 30.00 is booked at other times: -30.00"),
    ]
    with pytest.raises(Refused, match="usage_must_be_posted: usage: 0 usage records that count have the id feb-1"):
        trace_usage(actor=writer, usage_id="feb-1", moment=Moment(run_id=run_id))


def test_what_is_not_there_is_refused_by_name(admin: Actor, new_actor: object):
    with pytest.raises(Refused, match="entry_must_be_known: entry: nothing"):
        explain_entry(actor=admin, entry_id="nothing")
    with pytest.raises(Refused, match="contract_must_be_known: contract: nobody"):
        explain_revenue(actor=admin, contract="nobody", keys={})
    with pytest.raises(Refused, match="revenue_must_be_known"):
        explain_revenue(actor=admin, contract="acme", keys={"booked_on": date(2020, 1, 1)})
    with pytest.raises(Refused, match="usage_must_be_known: usage: nothing"):
        trace_usage(actor=admin, usage_id="nothing")
    with pytest.raises(Refused, match="run_must_be_known"):
        explain_entry(actor=admin, entry_id=OVERAGE, moment=Moment(run_id=10**9))


def test_another_tenant_explains_nothing_of_it(admin: Actor, new_actor: object):
    stranger = replace(admin, tenant_id=admin.tenant_id + 10**6)
    with pytest.raises(Refused, match="entry_must_be_known"):
        explain_entry(actor=stranger, entry_id=OVERAGE)
    assert explain_entry(actor=admin, entry_id=OVERAGE)[0].value == -70


def test_the_month_of_a_subscription_needs_no_usage(admin: Actor):
    step = explain_revenue(actor=admin, contract="acme", keys={"booked_on": MARCH})

    assert step.value == 310
    assert usage_in(step) == {}
