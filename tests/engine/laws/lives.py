"""Random rollovers of prepaid commits and pools of units, and the items that may draw on these."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from ratable.money import minor_unit_digits
from ratable.periods import next_month
from ratable.terms import Contract, PrepaidCommit, Product, RatingOptions, Rollover, UsageGroup, UsageItem

MEASURES = ("call", "point")
RATES = ("1", "2", "0.5", "0.125", "3", "0.7")
SHARES = ("0", "10", "33.3", "100")


@st.composite
def lived(
    draw: st.DrawFn, commits: tuple[PrepaidCommit, ...], features: frozenset[str], currency: str
) -> tuple[PrepaidCommit, ...]:
    """The commits, of which some hold units and some roll over, where these are asked for."""
    if "units" in features:
        commits = tuple(draw(_in_units(commit)) for commit in commits)
    if "rollover" in features:
        commits = tuple(draw(_to_month_end(commit)) for commit in commits)
        commits = tuple(draw(_rolling(commit, commits, currency)) for commit in commits)
    return commits


@st.composite
def _in_units(draw: st.DrawFn, commit: PrepaidCommit) -> PrepaidCommit:
    if draw(st.integers(0, 2)) == 0:
        return commit
    units = Decimal(draw(st.integers(1, 900))).scaleb(-draw(st.sampled_from([0, 0, 1, 6])))
    measure = draw(st.sampled_from(MEASURES))
    return replace(commit, units=units, unit_of_measure=measure, discount_percentage=Decimal(0))


@st.composite
def _to_month_end(draw: st.DrawFn, commit: PrepaidCommit) -> PrepaidCommit:
    """Caps want a life that ends with a month."""
    if commit.ends_before is None or draw(st.integers(0, 2)) == 0:
        return commit
    return replace(commit, ends_before=next_month(commit.ends_before))


@st.composite
def _rolling(draw: st.DrawFn, commit: PrepaidCommit, among: tuple[PrepaidCommit, ...], currency: str) -> PrepaidCommit:
    end = commit.ends_before
    if end is None or draw(st.integers(0, 3)) == 0:
        return commit
    later = [
        other.id for other in among if other.starts_on <= end and (other.ends_before is None or other.ends_before > end)
    ]
    until = draw(st.sampled_from(later)) if later and draw(st.integers(0, 2)) == 0 else None
    rollover = Rollover(
        months=None if until else draw(st.integers(1, 2)),
        until_commit_id=until,
        times=1 if until else draw(st.integers(1, 3)),
        applies=draw(st.sampled_from(["first", "last"])),
    )
    if end.day == 1 and draw(st.integers(0, 3)):
        rollover = draw(_capped(rollover, commit, currency))
    return replace(commit, rollover=rollover)


@st.composite
def _capped(draw: st.DrawFn, rollover: Rollover, commit: PrepaidCommit, currency: str) -> Rollover:
    share = draw(st.none() | st.sampled_from(SHARES))
    if share is not None:
        rollover = replace(rollover, cap_percentage=Decimal(share))
        if draw(st.booleans()):
            return rollover
    if commit.units is not None:
        return replace(rollover, cap_units=Decimal(draw(st.integers(0, 60))))
    return replace(rollover, cap_amount=Decimal(draw(st.integers(0, 2000))).scaleb(-minor_unit_digits(currency)))


# ── who draws ────────────────────────────────────────────────────────────────────────────────


@st.composite
def measured(draw: st.DrawFn, group: UsageGroup, features: frozenset[str]) -> UsageGroup:
    """The plan with a unit of measure."""
    if "units" not in features:
        return group
    return replace(group, unit_of_measure=draw(st.sampled_from([None, *MEASURES])))


@st.composite
def drawing(draw: st.DrawFn, item: UsageItem, features: frozenset[str]) -> UsageItem:
    """The item, which may draw another unit than its own, and other than one for one."""
    if "units" not in features or not item.draws or item.usage_group_id is None or draw(st.booleans()):
        return item
    rate = Decimal(draw(st.sampled_from(RATES)))
    return replace(item, drawdown_rate=rate, drawdown_unit=draw(st.sampled_from([None, *MEASURES])))


def drawing_units(contract: Contract, products: tuple[Product, ...]) -> Contract:
    """The contract less what no item may ask of pools of units."""
    groups = {group.id: group for product in products for group in product.usage_groups}
    measures = {commit.unit_of_measure for commit in contract.prepaid_commits if commit.units is not None}

    def allowed(item: UsageItem) -> UsageItem:
        group = groups.get(item.usage_group_id or "")
        if group is not None and item.draws and _is_by_units(group):
            return item
        is_asked = group is not None and group.unit_of_measure in measures
        return replace(item, drawdown_rate=None, drawdown_unit=None, draws=item.draws and not is_asked)

    return replace(contract, usage_items=tuple(allowed(item) for item in contract.usage_items))


def _is_by_units(group: UsageGroup) -> bool:
    is_plain = replace(group.options, overage_price=None) == RatingOptions()
    return is_plain and group.pricing_model not in ("fixed_fee", "percentage_based")
