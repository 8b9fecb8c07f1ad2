"""3 Drawdown: prepaid balances are consumed by usage; what no balance covers is overage.

Owns the order in which commits are drawn, their balances, corrections of closed months and
breakage. Does not know products of a bundle, journal accounts or when a document was sent.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import ibis
import pyarrow as pa

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.commit_lives import ALL_MINOR, MOST_CAPPED
from ratable.drawdown import breakage as lapse
from ratable.drawdown import chain, corrections, regular, rollover
from ratable.drawdown.chain import FIXED, Drawn, Pools
from ratable.terms import Policy

__all__ = ["Booked", "Drawdowns", "Pools", "draw_down"]

_TURN = ibis.schema({"turn_no": "int64"})
_WAIVED = ibis.schema({"commit_id": "string"})
_SPAN = ibis.schema({"first_on": "date", "before_on": "date"})


class Booked(NamedTuple):
    """What earlier closes have posted of the drawdown."""

    draws: Stored
    demands: Stored
    breakage: Stored


class Drawdowns(NamedTuple):
    """What `draw_down` gives."""

    draws: Stored
    demands: Stored
    breakage: Stored
    steps: Stored
    balances: Stored
    grants: Stored
    forfeits: Stored


class _Terms(NamedTuple):
    items: Stored
    months: Stored
    pools: Pools
    settled: Stored  # grants of closed months, as far as they could count
    lapsed: Stored  # breakage that is posted
    policy: Policy
    rolls: bool
    caps: tuple[date, ...]  # the first days of lives into which no more than a cap rolls over


class _Progress(NamedTuple):
    draws: Stored
    demands: Stored
    balances: Stored
    forfeits: Stored  # by what is drawn so far


def draw_down(
    sheet: Sheet,
    asked: Stored,
    pools: Pools,
    booked: Booked,
    *,
    items: Stored,
    months: Stored,
    adjustments: Stored,
    policy: Policy,
) -> Drawdowns:
    """Consume prepaid balances with rated usage; what no balance covers is overage.

    Commits of a contract are drawn in rank order (priority, expiration, start, id), on days when
    they are valid. The discount applies to what the pool covers. Closed months are split again
    with their own opening balances, and the difference is booked in the first open one.

    Shapes:
        asked         rows per (item_id, used_on): list value that asks for cover
        pools         commits, whom they serve, top-ups, estimates of breakage
        booked        what is posted
        -> draws      posted and new rows per (item_id, commit_id, kind, service_on, booked_on, adjusted_on)
        -> demands    the demand those rows stand for
        -> breakage   new rows per (commit_id, booked_on)
        -> steps      the balance history of the open months, per (commit_id, month_on)
        -> balances   m rows, key commit_id: what is left, as if nothing had lapsed at its end
        -> grants     top-ups and credits as far as they could count, per (commit_id, month_on)
        -> forfeits   what lapsed at the caps of rollovers, per (commit_id, rolls_on)

    Units:
        *_minor  int64, minor units; the net of a commit's month is rounded once

    Conserves:
        gross = discount + net + overage                 per commit and month
        granted - drawn - forfeited = balance            per commit; credits as far as they could count
        drawn gross + overage + pay-as-you-go = rated    per item and month

    Rejects:
        nothing: terms that cannot be were refused before

    Raises:
        InvariantError: a law above does not hold; always a bug.

    Source:
        ASC 606-10-55-46 to 55-49; IFRS 15 B44-B47 (unexercised rights).

    Example:
        a pool of 16,000 at 20 % and usage of 40,000: covered 20,000, net 16,000, overage 20,000.
    """
    has_grants = not sheet.is_empty(pools.grants)
    lives = [] if sheet.is_empty(pools.rollovers) else sheet.fetch(pools.rollovers).to_pylist()
    caps = tuple(sorted({row["rolls_on"] for row in lives if row["cap_minor"] < ALL_MINOR}))
    spans = _spans(sheet, months, adjustments, lives)
    nothing = sheet.bind("no_forfeits", tables.FORFEITS.to_pyarrow().empty_table(), tables.FORFEITS)
    terms = _Terms(items, months, pools, pools.grants, booked.breakage, policy, bool(lives), caps)
    settled, _ = _counted(sheet, terms, booked.draws, through_on=_first_on(spans[0]))
    terms = terms._replace(settled=settled)
    balances = sheet.run(regular.opening_balances, pools.commits, settled, booked.draws, months)
    progress = _Progress(booked.draws, booked.demands, balances, nothing)
    history = sheet.bind("balance_history", chain.STEPS.to_pyarrow().empty_table(), chain.STEPS)
    late = sheet.run(corrections.late_changes, asked, booked.demands, months)
    is_late = not sheet.is_empty(late)
    for row in spans:
        span = sheet.bind("span", row, _SPAN)
        progress = _forfeit(sheet, progress, terms, through_on=_first_on(row))
        if has_grants:
            progress = progress._replace(
                balances=sheet.run(regular.granted_balances, progress.balances, pools.grants, months, span)
            )
        if is_late:
            progress = _book_changes(sheet, span, late, progress, terms)
        if len(spans) > 1 or not sheet.is_empty(adjustments):
            progress = _book_adjustments(sheet, span, adjustments, progress, terms)
        progress, drawn = _consume(sheet, span, asked, progress, terms)
        history = sheet.run(chain.added, history, drawn.steps, into="balance_history")
    ends_before = spans[-1].column("before_on")[0].as_py()
    progress = _forfeit(sheet, progress, terms, through_on=ends_before)
    grants, _ = _counted(sheet, terms, progress.draws, through_on=ends_before)
    lapses = _lapses(sheet, progress.draws, grants, terms)
    return Drawdowns(progress.draws, progress.demands, lapses, history, progress.balances, grants, progress.forfeits)


def _first_on(span: pa.Table) -> date:
    first_on: date = span.column("first_on")[0].as_py()
    return first_on


def _counted(sheet: Sheet, terms: _Terms, draws: Stored, *, through_on: date) -> tuple[Stored, Stored | None]:
    """Grants as far as they could count by these draws; and what lapsed at caps of lives that begin by a day."""
    pools, lapsed = terms.pools, None
    has_grants = not sheet.is_empty(pools.grants)
    grants = sheet.run(regular.effective_grants, pools.grants, pools.commits, draws) if has_grants else pools.grants
    if terms.caps and terms.caps[0] <= through_on:
        row: dict[str, object] = {"known_on": date.max, "through_on": through_on}
        asked_at = sheet.bind_rows("forfeits_asked_at", [row], rollover.ASKED_AT)
        for _ in range(MOST_CAPPED if has_grants else 1):  # what lapsed bounds a credit of a later life
            lapsed = sheet.run(rollover.forfeits, pools.commits, grants, draws, pools.rollovers, asked_at)
            if has_grants:
                grants = sheet.run(regular.effective_grants, pools.grants, pools.commits, draws, lapsed)
    return grants, lapsed


def _forfeit(sheet: Sheet, progress: _Progress, terms: _Terms, *, through_on: date) -> _Progress:
    """What the caps of lives that begin by a day take, by what is drawn so far."""
    if not terms.caps:
        return progress
    _, lapsed = _counted(sheet, terms, progress.draws, through_on=through_on)
    if lapsed is None:
        return progress
    balances = sheet.run(rollover.rebalanced, progress.balances, progress.forfeits, lapsed, into="balances_so_far")
    forfeits = sheet.run(rollover.kept, lapsed, into="forfeits_so_far")
    return progress._replace(balances=balances, forfeits=forfeits)


def _lapses(sheet: Sheet, draws: Stored, grants: Stored, terms: _Terms) -> Stored:
    """Breakage of the open months, by what is drawn so far."""
    pools = terms.pools
    known = [pools.commits, grants, terms.months, pools.estimates, terms.lapsed]
    rule = {"breakage": terms.policy.breakage, "rounding": terms.policy.rounding}
    if terms.caps:
        asked_at = sheet.run(rollover.open_knowledge, terms.months)
        asked = (pools.commits, grants, draws, pools.rollovers, asked_at)
        known.append(sheet.run(rollover.forfeits, *asked, into="forfeits_by_month"))
    return sheet.run(lapse.booked_lapses, draws, *known, **rule)


def _waived(sheet: Sheet, span: Stored, progress: _Progress, terms: _Terms) -> Stored:
    """Commits whose rest had lapsed when the span began, in a closed month or in an open one before it."""
    through_on = _first_on(sheet.fetch(span)) if terms.caps else date.min
    grants, _ = _counted(sheet, terms, progress.draws, through_on=through_on)
    lapses = _lapses(sheet, progress.draws, grants, terms)
    lapsed = sheet.run(lapse.all_lapses, terms.lapsed, lapses)
    return sheet.run(corrections.waived, terms.pools.commits, lapsed, span)


def _spans(sheet: Sheet, months: Stored, adjustments: Stored, lives: list[dict[str, Any]]) -> list[pa.Table]:
    """The open months, cut where adjustments are booked, which come before a month's own usage, and where lives begin."""
    spine = sheet.fetch(months).to_pylist()
    open_on = min(row["open_on"] for row in spine)
    ends = max(*(row["ends_before"] for row in spine), open_on)
    cuts = {open_on, *(row["booked_on"] for row in sheet.fetch(adjustments).to_pylist())}
    cuts |= {row["ranks_from"] for row in lives}
    starts = sorted(cut for cut in cuts if open_on <= cut < ends) or [open_on]
    rows = [{"first_on": first, "before_on": before} for first, before in zip(starts, [*starts[1:], ends], strict=True)]
    return [pa.Table.from_pylist([row], schema=_SPAN.to_pyarrow()) for row in rows]


def _book_changes(sheet: Sheet, span: Stored, changes: Stored, progress: _Progress, terms: _Terms) -> _Progress:
    """Book the changes that are due at the start of the span; without any, nothing is run."""
    due = sheet.run(corrections.due_changes, changes, span)
    if sheet.count(due) == 0:
        return progress
    if not terms.caps:
        return _book_due(sheet, due, progress, span=span, terms=terms)
    first_on = sheet.fetch(span).column("first_on")[0].as_py()
    used_in = {row["month_on"] for row in sheet.fetch(due).to_pylist()}
    cuts = [date.min, *terms.caps, date.max]
    for begins_on, ends_before in pairwise(cuts):  # usage of an earlier life comes first: it moves what later ones have
        if any(begins_on <= month_on < ends_before for month_on in used_in):
            life = sheet.bind_rows("due_life", [{"first_on": begins_on, "before_on": ends_before}], _SPAN)
            part = sheet.run(rollover.of_lives, due, life)
            progress = _book_due(sheet, part, progress, span=span, terms=terms, ends_before=ends_before)
            progress = _forfeit(sheet, progress, terms, through_on=first_on)
    return progress


def _book_due(
    sheet: Sheet, due: Stored, progress: _Progress, *, span: Stored, terms: _Terms, ends_before: date = date.max
) -> _Progress:
    """Book changes of months before `ends_before`, on which no later life begins among those changed."""
    pools, rounding = terms.pools, terms.policy.rounding
    split = sheet.run(corrections.versions, due, progress.demands, terms.items, pools.circular)
    openings = sheet.run(corrections.own_openings, split, pools.commits, terms.settled, progress.draws)
    balances = progress.balances
    if terms.caps:
        asked_at = sheet.run(rollover.opening_knowledge, due)
        asked = (pools.commits, terms.settled, progress.draws, pools.rollovers, asked_at)
        before = sheet.run(rollover.forfeits, *asked, into="forfeits_before")
        openings = sheet.run(rollover.without_forfeits, openings, split, before)
        later = sheet.bind_rows("later_than", [{"before_on": ends_before}], rollover.LATER_THAN)
        balances = sheet.run(rollover.with_later_forfeits, balances, progress.forfeits, later)
    fixed = sheet.bind("no_fixed_steps", FIXED.to_pyarrow().empty_table(), FIXED)
    ideal = chain.draw(sheet, pools, split, openings, fixed, rounding=rounding)
    ideals = sheet.run(corrections.ideals, split, ideal.steps, progress.draws, pools.commits)
    available = sheet.run(corrections.available, balances, pools.commits, progress.draws, span)
    nets = sheet.run(corrections.corrected_nets, ideals, available)
    capped = sheet.run(corrections.capped_chain, split)
    caps = sheet.run(corrections.capped_state, nets)
    drawn = chain.draw(sheet, pools, capped, caps, fixed, rounding=rounding)
    found = (drawn.covered, drawn.steps, drawn.uncovered, pools.eligible, pools.commits)
    whole = sheet.run(chain.chain_draws, *found, _waived(sheet, span, progress, terms))
    new = sheet.run(corrections.correction_draws, whole, progress.draws, due)
    return progress._replace(
        draws=sheet.run(chain.added, progress.draws, new, into="draws_so_far"),
        demands=sheet.run(corrections.changed_demands, progress.demands, due, into="demands_so_far"),
        balances=sheet.run(corrections.corrected_balances, progress.balances, nets, into="balances_so_far"),
    )


def _book_adjustments(sheet: Sheet, span: Stored, adjustments: Stored, progress: _Progress, terms: _Terms) -> _Progress:
    """Book adjustments one after the other, all contracts their n-th at once."""
    turns = sheet.run(corrections.adjustment_turns, adjustments, span)
    last = max((row["turn_no"] for row in sheet.fetch(turns).to_pylist()), default=-1)
    for number in range(last + 1):
        turn = sheet.bind("adjustment_turn", pa.table({"turn_no": pa.array([number], pa.int64())}), _TURN)
        changes = sheet.run(corrections.adjusted_changes, turns, turn)
        progress = _book_changes(sheet, span, changes, progress, terms)
    return progress


def _consume(sheet: Sheet, span: Stored, asked: Stored, progress: _Progress, terms: _Terms) -> tuple[_Progress, Drawn]:
    """Draw the regular consumption of the span."""
    pools = terms.pools
    uncovered = sheet.run(regular.open_chain, asked, terms.items, pools.circular, terms.months, span)
    state = sheet.run(regular.open_state, progress.balances)
    rolling = (pools.rollovers,) if terms.rolls else ()
    fixed = sheet.run(regular.open_grants, pools.grants, pools.commits, pools.circular, terms.months, span, *rolling)
    drawn = chain.draw(sheet, pools, uncovered, state, fixed, rounding=terms.policy.rounding)
    nobody = sheet.bind("nobody_waived", _WAIVED.to_pyarrow().empty_table(), _WAIVED)
    found = (drawn.covered, drawn.steps, drawn.uncovered, pools.eligible, pools.commits)
    draws = sheet.run(regular.regular_draws, *found, nobody)
    demanded = sheet.run(regular.regular_demands, asked, terms.months, span)
    done = progress._replace(
        draws=sheet.run(chain.added, progress.draws, draws, into="draws_so_far"),
        demands=sheet.run(chain.added, progress.demands, demanded, into="demands_so_far"),
        balances=sheet.run(regular.closing_balances, progress.balances, drawn.state, into="balances_so_far"),
    )
    return done, drawn
