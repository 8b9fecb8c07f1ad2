"""Laws that compare two calculations, or hold of any one, on random cases.

The numbers are those of the identities of a revenue subledger: I19 is that order and batching of
usage do not matter, I43 that a repeated run posts nothing, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import assume, given, note
from hypothesis import strategies as st

from ratable.cases import records
from ratable.cases.answers import Answers
from ratable.cases.playing import play
from ratable.terms import PrepaidCommit
from tests.engine.laws import changing
from tests.engine.laws.comparing import KEYS, differences, told
from tests.engine.laws.profile import law
from tests.engine.laws.strategies import EVERYTHING, amounts, cases, days, policies

FACTS = frozenset({"usage", "addressed", "unaddressed", "commits", "pay_as_you_go", "draws", "bundles", "policy"})
CALM = FACTS | {"close", "subscriptions", "milestones", "minimum", "invoice", "payment", "top_up", "estimate"}
FIGURES = tuple(table for table in KEYS if table not in ("rejected", "refused"))


def same_books(case: records.Case, other: records.Case, *tables: str) -> None:
    note(told(case))
    found = differences(play(case), play(other), case, tables=tables or FIGURES)
    assert not found, "\n".join(found[:25])


def total(books: Answers, table: str, *keys: str, figure: str = "amount") -> dict[tuple[object, ...], Decimal]:
    sums: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for row in books.rows(table):
        sums[tuple(row[key] for key in keys)] += Decimal(str(row[figure]))
    return {key: amount for key, amount in sums.items() if amount}


# ── usage: order, batches, lateness ──────────────────────────────────────────────────────────


@law
@given(case=cases(CALM | {"late"}))
def test_order_of_usage_does_not_matter(case: records.Case):
    """I19."""
    same_books(case, changing.batches_reversed(case))


@law
@given(case=cases(CALM | {"late"}))
def test_batching_of_usage_does_not_matter(case: records.Case):
    """I19: records may be split, as long as nothing is charged per record."""
    same_books(case, changing.halved(case))


@law
@given(case=cases((CALM | {"late"}) - {"commits", "addressed", "unaddressed", "draws"}))
def test_late_usage_changes_only_the_month_booked(case: records.Case):
    """I45: without commits the revenue of each service month is what it would have been on time."""
    case = changing.with_policy(case, late_usage="next_open_period")
    late, timely = play(case), play(changing.on_time(case))
    keys = ("contract", "product", "item", "type", "service_period")
    assert total(late, "revenue", *keys) == total(timely, "revenue", *keys)


@law
@given(case=cases(CALM | {"late", "contracts"}))
def test_late_usage_leaves_what_is_rated(case: records.Case):
    """I45."""
    case = changing.with_policy(case, late_usage="next_open_period")
    same_books(case, changing.on_time(case), "rated")


@law
@given(case=cases(CALM | {"late"}), data=st.data())
def test_a_record_added_and_voided_leaves_every_balance(case: records.Case, data: st.DataObject):
    """I46."""
    added_and_voided(case, 0, data)


@law
@given(
    case=cases(frozenset({"commits", "close", "late", "top_up", "invoice", "payment", "policy"})),
    closes=st.integers(1, 3),
    data=st.data(),
)
def test_a_posted_record_that_is_voided_leaves_every_balance(case: records.Case, closes: int, data: st.DataObject):
    """I46, where nothing else is used: what was booked as overage meanwhile would stay so."""
    added_and_voided(case, closes, data)


def added_and_voided(case: records.Case, closes: int, data: st.DataObject) -> None:
    """Add a record to a commit, close some months, void it."""
    case = changing.with_policy(case, late_usage="next_open_period")
    contract = case.terms.contracts[0]
    commit = data.draw(st.sampled_from(contract.prepaid_commits))
    used_on = data.draw(days(contract.starts_on, 60)).isoformat()
    amount = format(data.draw(amounts(contract.currency, most=3000)), "f")
    added = records.PrepaidUsage(prepaid_commit=commit.id, id="extra", used_on=used_on, amount=amount)
    more = changing.with_more(case, added)
    open_months = [
        entry.act for entry in changing.all_closed(more).entries[len(more.entries) :]
    ]  # those that could still be closed
    more = changing.with_more(more, *open_months[:closes], records.VoidUsage(id="extra"))
    note(told(more))
    before, after = play(case), play(more)
    at = date(2028, 10, 31)
    keys = ("contract", "account", "prepaid_commit")
    assert _balances(before, at, keys) == _balances(after, at, keys)


def _balances(books: Answers, at: date, keys: tuple[str, ...]) -> dict[tuple[object, ...], Decimal]:
    sums: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for row in books.rows("balances", at):
        sums[tuple(row[key] for key in keys)] += Decimal(str(row["amount"]))
    return {key: amount for key, amount in sums.items() if amount}


# ── time ─────────────────────────────────────────────────────────────────────────────────────


@law
@given(case=cases(EVERYTHING - {"reopen"}))
def test_closing_posts_what_the_draft_said(case: records.Case):
    """I43: everything is posted by the closes; the run after them has nothing to add."""
    same_books(case, changing.all_closed(case))


@law
@given(case=cases(CALM | {"terminate"}))
def test_month_by_month_is_all_at_once(case: records.Case):
    """I44: where nothing is late, it does not matter how often the books were closed."""
    same_books(case, changing.without(case, (records.Close,)))


@law
@given(case=cases(EVERYTHING - {"reopen"}, longest=20))
def test_closed_months_read_the_same_later(case: records.Case):
    """I47, I3."""
    found = changing.until_last_close(case)
    assume(found)
    assert found
    earlier, closed = found
    note(told(case))
    then, now = play(earlier), play(case)
    keys = ("contract", "account", "on", "type", "prepaid_commit", "service_period", "period")
    rows = [
        {
            key: amount
            for key, amount in total(books, "journal", *keys, figure=side).items()
            if str(key[-1]) <= str(closed)
        }
        for books in (then, now)
        for side in ("debit", "credit")
    ]
    assert rows[:2] == rows[2:]


@law
@given(case=cases(EVERYTHING))
def test_a_contract_does_not_see_another(case: records.Case):
    """I48, and one tenant's rows never change another's."""
    alone = changing.of_contract(case, "c1")
    note(told(case))
    keys = ("contract", "account", "prepaid_commit", "on", "type")
    both, one = (total(play(each), "journal", *keys, figure="debit") for each in (case, alone))
    assert {key: amount for key, amount in both.items() if key[0] == "c1"} == one


# ── commits ──────────────────────────────────────────────────────────────────────────────────


def _expiring(commit: PrepaidCommit) -> PrepaidCommit:
    return replace(commit, ends_before=commit.ends_before or date(2028, 8, 20))


def _all_expire(case: records.Case) -> records.Case:
    return changing.with_contracts(
        case, lambda contract: replace(contract, prepaid_commits=tuple(map(_expiring, contract.prepaid_commits)))
    )


@law
@given(case=cases(FACTS | {"close", "late", "void", "adjustment", "top_up", "invoice"}))
def test_a_commit_earns_its_price_whatever_the_policy(case: records.Case):
    """I15, I16: drawdown and breakage of an expired commit are what was granted, under each policy."""
    case = _all_expire(case)
    note(told(case))
    granted = {
        (commit.id,): commit.total_value for contract in case.terms.contracts for commit in contract.prepaid_commits
    }
    for entry in case.entries:
        if isinstance(entry.act, records.TopUp):
            granted[entry.act.prepaid_commit,] += entry.act.amount
    for breakage in ("on_expiry", "proportional"):
        books = play(changing.with_policy(case, breakage=breakage))
        earned: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
        for row in books.rows("revenue"):
            if row["type"] in ("drawdown", "breakage"):
                earned[row["prepaid_commit"],] += Decimal(str(row["amount"]))
        assert earned == granted


@law
@given(case=cases((CALM | {"late", "void", "adjustment", "credit_memo"}) - {"invoice", "payment"}))
def test_value_is_granted_drawn_or_left(case: records.Case):
    """I10, I11, I13: per commit and month gross = discount + net + overage, and no balance below zero."""
    note(told(case))
    books = play(case)
    for row in books.rows("consumption"):
        parts = [Decimal(str(row[name])) for name in ("discount", "net", "overage")]
        assert row["gross"] == sum(parts)
        assert Decimal(str(row["balance_before"])) >= 0
    for at in (date(2028, 2, 10), date(2028, 4, 30), date(2028, 10, 31)):
        assert all(Decimal(str(row["remaining"])) >= 0 for row in books.rows("prepaid_commits", at))


@law
@given(case=cases(frozenset({"commits", "unaddressed", "close", "policy", "many_commits"})))
def test_no_lower_rank_is_drawn_before_a_higher_one_is_empty(case: records.Case):
    """I14, where every commit may serve everything."""

    def alike(commit: PrepaidCommit) -> PrepaidCommit:
        return replace(commit, product_id=None, starts_on=date(2028, 1, 1), ends_before=None)

    case = changing.with_contracts(
        case, lambda contract: replace(contract, prepaid_commits=tuple(map(alike, contract.prepaid_commits)))
    )
    note(told(case))
    left: dict[object, dict[object, object]] = defaultdict(dict)
    drew: dict[object, set[object]] = defaultdict(set)
    for row in play(case).rows("consumption"):
        left[row["period"]][row["prepaid_commit"]] = row["balance_after"]
        if row["net"]:
            drew[row["period"]].add(row["prepaid_commit"])
    ranked = sorted(case.terms.contracts[0].prepaid_commits, key=lambda commit: (commit.priority, commit.id))
    for period, commits in drew.items():
        last = max(place for place, commit in enumerate(ranked) if commit.id in commits)
        assert all(left[period].get(commit.id, 0) == 0 for commit in ranked[:last])


@law
@given(case=cases(FACTS - {"bundles"}), percentage=st.sampled_from(["0", "25", "33.3"]))
def test_an_estimate_catches_up(case: records.Case, percentage: str):
    """I28: after a change of estimate the path is that of a contract that had it from the start."""
    changed = Decimal(percentage)
    case = changing.with_policy(case, breakage="proportional")
    acts = [
        records.Estimate(prepaid_commit=commit.id, expected_breakage_percentage=changed)
        for contract in case.terms.contracts
        for commit in contract.prepaid_commits
    ]
    later = changing.with_more(case, *acts)

    def from_start(commit: PrepaidCommit) -> PrepaidCommit:
        return replace(commit, expected_breakage_percentage=changed)

    always = changing.with_contracts(
        case, lambda contract: replace(contract, prepaid_commits=tuple(map(from_start, contract.prepaid_commits)))
    )
    note(told(later))
    at = date(2028, 10, 31)
    keys = ("contract", "account", "prepaid_commit")
    assert _balances(play(later), at, keys) == _balances(play(always), at, keys)


# ── fixed amounts ────────────────────────────────────────────────────────────────────────────


@law
@given(case=cases(frozenset({"subscriptions", "milestones", "close"})), policy=policies())
def test_a_schedule_sums_to_its_amount(case: records.Case, policy: object):
    """I26, I27, I22: by any proration the months of a subscription are its whole amount."""
    case = replace(case, terms=replace(case.terms, policy=policy))  # type: ignore[arg-type]
    end = date(2028, 10, 20)
    case = changing.with_contracts(
        case,
        lambda contract: replace(
            contract,
            subscriptions=tuple(replace(each, ends_before=end) for each in contract.subscriptions),
        ),
    )
    note(told(case))
    agreed = {(each.id,): each.total_value for contract in case.terms.contracts for each in contract.subscriptions} | {
        (each.id,): each.amount for contract in case.terms.contracts for each in contract.milestones
    }
    assert total(play(case), "revenue", "item") == agreed
