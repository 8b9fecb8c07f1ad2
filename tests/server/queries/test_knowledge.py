"""What a closed month was told by stays: terms that are added, changed or taken away later reach none of its reports.

Acme's January: 1,200.00 of seats over 365 days, of which 31 are 101.92; a pool of 1,000.00 and a milestone of 500.00. To
be earned after it: 1,098.08 + 1,000.00 + 500.00 = 2,598.08.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from ratable.reports import CATALOGUE
from ratable.reports.explanation import Step
from ratable.terms import (
    BundleLine,
    Milestone,
    PrepaidCommit,
    Subscription,
    Terms,
    Tier,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.catalog_changes import modify_product_bundle
from ratable_server.operations.contracts import ContractHead, create_contract, delete_contract, modify_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.milestones import add_milestone, delete_milestone, modify_milestone
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.prepaid_commits import (
    delete_prepaid_commit,
    grant_prepaid_commit,
    modify_prepaid_commit,
    top_up_prepaid_commit,
)
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.runs import run_period
from ratable_server.operations.subscriptions import add_subscription, delete_subscription, modify_subscription
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage_items import add_usage_item, delete_usage_item, modify_usage_item
from ratable_server.queries.explanations import NOW, Moment, explain_entry, explain_revenue
from ratable_server.queries.reports import preview, report
from tests.server.operations.agreements import ACME, API, CALLS, SUITE, SUPPORT, TERMS, agree
from tests.server.usage.files import csv_of, ingest

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
WITH_AMOUNTS = "id,item,used_on,quantity,amount"
LAST_DAY = date(2026, 1, 31)
NEXT_YEAR = date(2027, 2, 1)
SEATS = ACME.subscriptions[0]
LATE_SEATS = Subscription(id="late-seats", total_value=Decimal(2400), starts_on=FEBRUARY, ends_before=NEXT_YEAR)
SECOND_POOL = PrepaidCommit(
    id="pool-2", product_id="api", total_value=Decimal(7000), starts_on=FEBRUARY, ends_before=NEXT_YEAR
)


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


THEN = at(2, 3)


def rows(actor: Actor, name: str, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report(actor=actor, name=name, **asked).table.to_pylist()
    return found


def to_be_earned(actor: Actor, **asked: Any) -> int:
    return sum(row["amount_minor"] for row in rows(actor, "rpo", day=LAST_DAY, **asked))


def granted(actor: Actor, **asked: Any) -> list[tuple[str, int]]:
    found = rows(actor, "burn_down", periods=(JANUARY, JANUARY), **asked)
    return [(row["commit_id"], row["remaining_minor"]) for row in found]


def imported(actor: Actor) -> None:
    agree(actor)


def created(actor: Actor) -> None:
    import_terms(actor=actor, terms=replace(TERMS, contracts=()), at=at(1, 15))
    create_customer(actor=actor, code="Acme Inc", name="Acme Inc", at=at(1, 15))
    create_contract(actor=actor, contract=ACME, at=at(1, 15))


# ── single changes ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sign", [imported, created])
def test_what_is_signed_later_is_not_of_the_closed_month(actor: Actor, sign: Callable[[Actor], None]):
    sign(actor)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))
    assert (to_be_earned(actor), granted(actor)) == (259808, [("pool", 100000)])

    add_subscription(actor=actor, contract="acme", subscription=LATE_SEATS, at=at(2, 10))
    grant_prepaid_commit(actor=actor, contract="acme", commit=SECOND_POOL, at=at(2, 10))
    beta = replace(
        ACME,
        id="beta",
        customer="Beta",
        usage_items=(),
        milestones=(),
        prepaid_commits=(replace(ACME.prepaid_commits[0], id="beta-pool"),),
    )
    import_terms(actor=actor, terms=Terms(contracts=(beta,)), at=at(2, 10))

    for asked in ({}, {"as_of": THEN}, {"as_of": at(2, 20)}):
        assert (to_be_earned(actor, **asked), granted(actor, **asked)) == (259808, [("pool", 100000)])
    close_period(actor=actor, month_on=FEBRUARY, at=at(3, 2))
    assert to_be_earned(actor, as_of=THEN) == 259808
    assert {row["commit_id"] for row in rows(actor, "burn_down")} == {"pool", "pool-2", "beta-pool"}


def test_what_is_changed_or_taken_away_later_is_told_as_it_was(actor: Actor):
    agree(actor)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))

    modify_subscription(
        actor=actor, contract="acme", subscription=replace(SEATS, total_value=Decimal(9999)), at=at(2, 11)
    )
    modify_milestone(
        actor=actor, contract="acme", milestone=replace(ACME.milestones[0], amount=Decimal(1)), at=at(2, 11)
    )
    assert to_be_earned(actor) == to_be_earned(actor, as_of=THEN) == 259808
    delete_milestone(actor=actor, contract="acme", code="setup", at=at(2, 12))
    delete_prepaid_commit(actor=actor, contract="acme", code="pool", at=at(2, 12))
    assert to_be_earned(actor) == to_be_earned(actor, as_of=THEN) == 259808
    assert granted(actor) == [("pool", 100000)]

    close_period(actor=actor, month_on=FEBRUARY, at=at(3, 2))
    assert to_be_earned(actor, as_of=at(3, 3)) == 259808  # of January, by what January's close knew
    assert rows(actor, "burn_down") == []
    then = rows(actor, "rpo", day=date(2026, 2, 28))
    assert sum(row["amount_minor"] for row in then) == 999900 - 161628  # 59 of 365 days


def test_revenue_of_a_closed_month_stays_with_its_customer(actor: Actor):
    agree(actor)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))
    create_customer(actor=actor, code="Other", name="Other", at=at(2, 12))
    head = ContractHead(
        name="", customer="Other", currency="USD", starts_on=ACME.starts_on, ends_before=ACME.ends_before
    )
    modify_contract(actor=actor, contract="acme", head=head, at=at(2, 12))
    close_period(actor=actor, month_on=FEBRUARY, at=at(3, 2))

    def customers(**asked: Any) -> list[tuple[str, int]]:
        return [(row["customer_id"], row["amount_minor"]) for row in rows(actor, "revenue_by_customer", **asked)]

    january = {"periods": (JANUARY, JANUARY)}
    assert customers(as_of=THEN) == customers(**january) == [("Acme Inc", 10192)]
    assert customers(periods=(FEBRUARY, FEBRUARY)) == [("Other", 9205 + 50000)]


# ── what a close knew ────────────────────────────────────────────────────────────────────────


def test_a_close_knows_what_its_run_has_read_whatever_the_clock_says(actor: Actor):
    """A top-up and a subscription are told a second after the moment of the close, and before it has read."""
    agree(actor)
    late = at(2, 2) + timedelta(seconds=1)
    top_up_prepaid_commit(actor=actor, commit="pool", amount=Decimal(500), on=date(2026, 1, 20), at=late)
    add_subscription(actor=actor, contract="acme", subscription=LATE_SEATS, at=late)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))

    assert granted(actor) == [("pool", 150000)]
    assert to_be_earned(actor) == 259808 + 50000 + 240000


def test_a_draft_is_looked_at_by_what_it_has_read(actor: Actor):
    agree(actor)
    run_id = run_period(actor=actor, month_on=JANUARY, at=at(2, 2)).run_id
    add_subscription(actor=actor, contract="acme", subscription=LATE_SEATS, at=at(2, 2))

    found = preview(actor=actor, run_id=run_id, name="rpo", day=LAST_DAY).table.to_pylist()
    assert sum(row["amount_minor"] for row in found) == 259808


def test_a_reopened_month_is_told_by_the_close_that_counts(actor: Actor):
    agree(actor)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))
    reopen_period(actor=actor, month_on=JANUARY, reason="seats are missing", at=at(2, 10))
    add_subscription(actor=actor, contract="acme", subscription=LATE_SEATS, at=at(2, 11))
    close_period(actor=actor, month_on=JANUARY, at=at(2, 12))

    assert to_be_earned(actor, as_of=THEN) == 259808
    assert to_be_earned(actor) == 259808 + 240000


def test_before_anything_is_closed_a_moment_is_one_of_the_clock(actor: Actor):
    agree(actor)
    add_subscription(actor=actor, contract="acme", subscription=LATE_SEATS, at=at(1, 20))
    modify_milestone(
        actor=actor, contract="acme", milestone=replace(ACME.milestones[0], amount=Decimal(1)), at=at(1, 25)
    )

    assert to_be_earned(actor, as_of=at(1, 14)) == 0
    assert to_be_earned(actor, as_of=at(1, 18)) == 270000
    assert to_be_earned(actor, as_of=at(1, 22)) == 510000
    assert to_be_earned(actor) == 510000 - 49900


# ── explanations ─────────────────────────────────────────────────────────────────────────────

_AMOUNT = r"([\d,.]+)"
_PROGRESS = re.compile(_AMOUNT + r": (\d+) of (\d+) parts to date less (\d+) of \d+ parts before")
_PRICED = re.compile(r": ((?:[\d,.]+ x [\d,.]+(?: \+ )?)+) = " + _AMOUNT)
_SPLIT = re.compile(r"([\d.]+) of ([\d.]+) parts of " + _AMOUNT + " = " + _AMOUNT)


def evaluated(step: Step) -> list[bool]:
    """Each formula that can be computed, computed again: is it what its step says?"""
    return [is_true for one in step.every() for is_true in _computed(one)]


def _computed(step: Step) -> list[bool]:
    progress = [_earned(*match) for match in _PROGRESS.findall(step.formula)]
    priced = [sum(map(_product, terms.split(" + "))) == _number(told) for terms, told in _PRICED.findall(step.formula)]
    split = [
        abs(_number(total) * Decimal(part) / Decimal(parts) - _number(told)) < Decimal("0.01")  # by largest remainder
        for part, parts, total, told in _SPLIT.findall(step.formula)
    ]
    return [*([sum(progress) == step.value] if progress else []), *priced, *split]


def _earned(total: str, to_date: str, parts: str, before: str) -> Decimal:
    """The part to date less the part before, each rounded."""
    return _rounded(_number(total) * int(to_date) / int(parts)) - _rounded(_number(total) * int(before) / int(parts))


def _rounded(exact: Decimal) -> Decimal:
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _product(term: str) -> Decimal:
    one, other = map(_number, term.split(" x "))
    return one * other


def test_an_explanation_states_the_equation_that_was_true(actor: Actor):
    agree(actor)
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))

    def told(moment: Moment = NOW) -> Step:
        keys = {"service_on": JANUARY, "booked_on": JANUARY}
        return explain_revenue(actor=actor, contract="acme", keys=keys, moment=moment)

    before = told()
    assert evaluated(before) == [True]
    assert any("1,200.00: 31 of 365 parts" in one.formula for one in before.every())
    modify_subscription(
        actor=actor, contract="acme", subscription=replace(SEATS, total_value=Decimal(9999)), at=at(2, 11)
    )
    assert told() == told(Moment(as_of=THEN)) == before
    close_period(actor=actor, month_on=FEBRUARY, at=at(3, 2))
    assert told(Moment(as_of=THEN)) == before
    now = told()
    assert evaluated(now) == [True]
    assert [one.formula for one in now.every()][1] == (
        "the whole of 2026-01 is 849.23; of it 747.31 is booked at other times: 101.92"
    )


# ── everything at once ───────────────────────────────────────────────────────────────────────

DATA = UsageGroup(id="data", pricing_model="unit_based", tiers=(Tier(number=1, price=Decimal("0.50")),))
STORAGE = UsageItem(id="acme-data", product_id="api", usage_group_id="calls", starts_on=MARCH)
SPLIT = (
    BundleLine(product_id="api", standalone_price=Decimal(60)),
    BundleLine(product_id="support", standalone_price=Decimal(40)),
)
EVERY_KIND = replace(
    ACME,
    usage_items=(*ACME.usage_items, STORAGE),
    prepaid_commits=(
        *ACME.prepaid_commits,
        replace(ACME.prepaid_commits[0], id="spare", starts_on=MARCH, priority=2),
    ),
    subscriptions=(SEATS, replace(SEATS, id="desk", allocation=SPLIT), replace(SEATS, id="unused", starts_on=MARCH)),
    milestones=(*ACME.milestones, Milestone(id="done", on=date(2026, 1, 20), amount=Decimal(90), product_id="api")),
    tier_price_overrides=(
        TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=1, price=Decimal("0.20")),
    ),
)
IDLE = replace(
    ACME, id="idle", usage_items=(), milestones=(), subscriptions=(replace(SEATS, id="idle-seats"),),
    prepaid_commits=(replace(ACME.prepaid_commits[0], id="idle-pool", starts_on=MARCH),), starts_on=MARCH,
)  # fmt: skip
ENDING = replace(IDLE, id="ending", starts_on=JANUARY, prepaid_commits=())
HEAD = ContractHead(name="", customer="Acme Inc", currency="USD", starts_on=JANUARY, ends_before=ACME.ends_before)


def in_full(actor: Actor, **asked: Any) -> dict[str, list[dict[str, Any]]]:
    """Every report, row by row."""
    days = {name: {"day": LAST_DAY} if "day" in found.inputs else {} for name, found in CATALOGUE.items()}
    return {name: rows(actor, name, **days[name], **asked) for name in CATALOGUE}


def of_january(actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """Every report that has months, as of now."""
    asked = {name for name, found in CATALOGUE.items() if "period" in found.keys}
    return {name: rows(actor, name, periods=(JANUARY, JANUARY)) for name in asked}


def explained(actor: Actor, as_of: datetime) -> dict[str, tuple[Step, ...]]:
    """Every entry that is posted at a moment."""
    codes = {row["entry_id"] for row in rows(actor, "journal", as_of=as_of)}
    return {code: explain_entry(actor=actor, entry_id=code, moment=Moment(as_of=as_of)) for code in sorted(codes)}


def equations(entries: dict[str, tuple[Step, ...]]) -> list[bool]:
    return [is_true for steps in entries.values() for step in steps for is_true in evaluated(step)]


def add_terms(actor: Actor) -> None:
    of: dict[str, Any] = {"actor": actor, "contract": "acme"}
    when = at(2, 10)
    add_usage_item(**of, item=replace(STORAGE, id="late-calls", starts_on=FEBRUARY, draws=True), at=when)
    add_subscription(**of, subscription=LATE_SEATS, at=when)
    add_milestone(**of, milestone=Milestone(id="late", on=date(2026, 1, 5), amount=Decimal(70)), at=when)
    grant_prepaid_commit(**of, commit=SECOND_POOL, at=when)
    own = TierPriceOverride(product_id="api", usage_group_id="data", tier_number=1, price=Decimal("0.40"))
    set_tier_price_override(**of, override=own, at=when)
    set_tier_price_override(**of, override=replace(own, price=Decimal("0.30")), at=when)
    more = replace(IDLE, id="more", subscriptions=(), prepaid_commits=(replace(SECOND_POOL, id="more-pool"),))
    import_terms(actor=actor, terms=Terms(contracts=(more,)), at=when)


def modify_terms(actor: Actor) -> None:
    of: dict[str, Any] = {"actor": actor, "contract": "acme"}
    when, pool = at(2, 11), ACME.prepaid_commits[0]
    seats = replace(SEATS, total_value=Decimal(9999), ends_before=date(2026, 7, 1), proration="thirty_day")
    modify_subscription(**of, subscription=seats, at=when)
    lines = (replace(SPLIT[0], standalone_price=Decimal(10)), SPLIT[1])
    modify_subscription(**of, subscription=replace(SEATS, id="desk", allocation=lines), at=when)
    modify_milestone(**of, milestone=replace(ACME.milestones[0], on=MARCH, amount=Decimal(1)), at=when)
    modify_prepaid_commit(**of, commit=replace(pool, total_value=Decimal(4000), priority=9, ends_before=MARCH), at=when)
    modify_usage_item(**of, item=replace(ACME.usage_items[0], ends_before=date(2026, 9, 1)), at=when)
    half = tuple(replace(line, percentage=Decimal(50)) for line in SUITE.lines)
    modify_product_bundle(actor=actor, bundle=replace(SUITE, lines=half), at=when)
    create_customer(actor=actor, code="Other", name="Other", at=when)
    head = replace(HEAD, name="Another", customer="Other", ends_before=date(2027, 6, 1))
    modify_contract(**of, head=head, at=when)


def delete_terms(actor: Actor) -> None:
    of: dict[str, Any] = {"actor": actor, "contract": "acme"}
    when = at(2, 12)
    delete_usage_item(**of, code="acme-data", at=when)
    delete_subscription(**of, code="unused", at=when)
    delete_milestone(**of, code="setup", at=when)
    delete_prepaid_commit(**of, code="spare", at=when)
    delete_contract(actor=actor, contract="idle", at=when)
    ending = ContractTermination(contract="ending", on=date(2026, 2, 12), refund=Decimal(0))
    terminate_contract(actor=actor, termination=ending, at=when)


def test_nothing_that_is_agreed_later_changes_what_a_closed_month_says(actor: Actor):
    contracts = (EVERY_KIND, IDLE, ENDING)
    import_terms(
        actor=actor,
        terms=replace(TERMS, products=(replace(API, usage_groups=(CALLS, DATA)), SUPPORT), contracts=contracts),
        at=at(1, 15),
    )
    ingest(actor, csv_of("c-1,acme-calls,2026-01-10,500,", "s-1,acme-suite,2026-01-11,,300", header=WITH_AMOUNTS))
    close_period(actor=actor, month_on=JANUARY, at=at(2, 2))
    reports, january, entries = in_full(actor, as_of=THEN), of_january(actor), explained(actor, THEN)
    assert equations(entries) == [True] * 7  # three subscriptions, one of them of two products; usage, and a bundle's

    for change in (add_terms, modify_terms, delete_terms):
        change(actor)
    assert in_full(actor, as_of=THEN) == reports
    assert (of_january(actor), explained(actor, THEN)) == (january, entries)
    close_period(actor=actor, month_on=FEBRUARY, at=at(3, 2))
    assert in_full(actor, as_of=THEN) == reports
    assert (of_january(actor), explained(actor, THEN)) == (january, entries)
    assert rows(actor, "rpo", day=LAST_DAY) == reports["rpo"]
    of_both = equations(explained(actor, at(3, 3)))
    assert len(of_both) > 7
    assert all(of_both)
