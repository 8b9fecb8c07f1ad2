"""Prepaid commits as rows: what they hold, whom they serve in which turn, and into which lives they roll over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from ratable.commit_lives import ALL_MINOR, Life, cap_minor, last_end, lives_of, ranked_lives
from ratable.money import SCALE, to_e12, to_minor
from ratable.periods import FAR, day_after
from ratable.pools_of_units import to_millionths, unit_pool
from ratable.terms import Contract, OpeningBalance, PrepaidCommit, UsageItem
from ratable.terms_tables.frame import Frame
from ratable.terms_tables.items import Stream, draws_units
from ratable.terms_tables.shapes import Row, TermsTables, addressed_stream


def add_commits(found: TermsTables, of: Frame, streams: list[Stream]) -> None:
    """The commits of a contract in the order in which they are drawn, and who draws on them."""
    ranked = ranked_lives(of.contract)
    for rank, life in enumerate(ranked, start=1):
        if life.number:
            _live_on(of, found, life, rank=rank)
        else:
            _sign(of, found, life.commit, rank=rank)
    _pair(of, found, streams, ranked=ranked)


def _sign(of: Frame, found: TermsTables, commit: PrepaidCommit, *, rank: int) -> None:
    found.commits.append(_commit(of, commit, rank))
    if commit.units is not None:
        found.unit_pools.append(unit_pool(commit, of.contract.currency))
        found.unit_commits.append(
            {**found.commits[-1], "granted_minor": to_millionths(commit.units), "keep_e12": SCALE}
        )
    if commit.expected_breakage_percentage is not None:
        found.estimates.append(estimate(commit.id, date(1, 1, 1), commit.expected_breakage_percentage))


def _pair(of: Frame, found: TermsTables, streams: list[Stream], *, ranked: list[Life]) -> None:
    pairs = list(_eligible(of, streams, ranked))
    circular = _is_circular(pairs)
    if circular:
        found.circular.append({"contract_id": of.contract.id})
    for pair in pairs:
        pass_no = 0 if circular and pair["is_home"] else pair["rank"]
        row = {**pair, "pass_no": pass_no, "contract_id": of.contract.id}
        found.eligible.append(row)
        if row["commit_id"] in of.catalog.units_of_commit:
            found.unit_eligible.append(row)


def _live_on(of: Frame, found: TermsTables, life: Life, *, rank: int) -> None:
    lives = list(_rollover(of, life, rank))
    if life.commit.units is not None:
        found.unit_rollovers.extend(lives)
        lives = [{**row, "cap_minor": ALL_MINOR} for row in lives]  # its cap is judged in units
    found.rollovers.extend(lives)


def _eligible(of: Frame, streams: list[Stream], ranked: list[Life]) -> Iterator[Row]:
    for rank, life in enumerate(ranked, start=1):
        commit = life.commit
        pair: Row = {"commit_id": commit.id, "rank": rank, **_turn(of, life)}
        for stream_id, product_id, order in () if commit.units is not None else streams:
            is_home = stream_id == addressed_stream(commit.id)
            fits = order == 1 or None in (commit.product_id, product_id) or commit.product_id == product_id
            if is_home or (fits and (of.policy.cascade or order == 1)):
                yield {**pair, "item_id": stream_id, "is_home": is_home}
        for item in of.contract.usage_items:
            if _draws_on(of, item, commit):
                yield {**pair, "item_id": item.id, "is_home": False}


def _draws_on(of: Frame, item: UsageItem, commit: PrepaidCommit) -> bool:
    if commit.units is not None:
        return draws_units(of, item, commit)
    return item.draws and commit.product_id in {None, item.product_id}


def _turn(of: Frame, life: Life) -> Row:
    """The days on which a life is drawn in its own turn."""
    if life.commit.rollover is None:
        return {"serves_from": date.min, "serves_before": FAR}
    lives = lives_of(life.commit, of.contract.prepaid_commits)
    following = lives[life.number + 1 :]
    return {
        "serves_from": life.ranks_from if life.number else date.min,
        "serves_before": following[0].ranks_from if following else FAR,
    }


def _rollover(of: Frame, life: Life, rank: int) -> Iterator[Row]:
    """What is left goes on as this life: not of a contract that the books have ended, nor before a cut-over."""
    is_cut_off = of.contract.opening is not None and life.starts_on <= of.counts_from
    if life.starts_on <= of.released_on and not is_cut_off:
        yield {
            "commit_id": life.commit.id,
            "number": life.number,
            "rolls_on": life.starts_on,
            "ranks_from": life.ranks_from,
            "rank": rank,
            "cap_minor": cap_minor(life.commit, of.contract.currency),
        }


def _commit(of: Frame, commit: PrepaidCommit, rank: int) -> Row:
    ends_before = last_end(commit, of.contract.prepaid_commits) or FAR
    owed_already = of.policy.breakage == "none" and ends_before <= of.released_on
    ended_early = of.terminated_on < FAR and day_after(of.terminated_on) < ends_before and not owed_already
    return {
        "commit_id": commit.id,
        "contract_id": of.contract.id,
        "product_id": commit.product_id or "",
        "granted_minor": to_minor(granted(of.contract, commit), of.contract.currency),
        "keep_e12": SCALE - to_e12(commit.discount_percentage.scaleb(-2)),
        "starts_on": commit.starts_on,
        "ends_before": min(ends_before, day_after(of.terminated_on)),
        "rank": rank,
        "expires": commit.ends_before is not None and not ended_early,
        "released_on": of.released_on,
    }


def granted(contract: Contract, commit: PrepaidCommit) -> Decimal:
    """What a commit starts with here: its total, or at a cut-over the liability brought in for it."""
    opening = contract.opening
    if opening is None or commit.starts_on > opening.as_of:
        return commit.total_value
    mine: Iterable[OpeningBalance] = (
        balance
        for balance in opening.balances
        if balance.prepaid_commit_id == commit.id and balance.account == "contract_liability"
    )
    return sum((balance.amount for balance in mine), Decimal(0))


def _is_circular(pairs: list[Row]) -> bool:
    """Does addressed usage meet other usage on a commit? Then the months must be drawn one by one."""
    homes = {pair["item_id"]: pair["commit_id"] for pair in pairs if pair["is_home"]}
    return any(
        pair["commit_id"] in homes.values() and homes.get(pair["item_id"]) != pair["commit_id"] for pair in pairs
    ) or any(pair["item_id"] in homes and not pair["is_home"] for pair in pairs)


def estimate(commit_id: str, month_on: date, percentage: Decimal) -> Row:
    """An estimate of breakage as the share that is expected to be used."""
    return {"commit_id": commit_id, "month_on": month_on, "keep_e12": SCALE - to_e12(percentage.scaleb(-2))}
