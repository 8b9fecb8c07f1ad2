"""Terms as tables: what the stages read of what was agreed.

Owns the translation of the records of `terms`, and of what has been amended since, into rows of
`tables`. Does no sum; a price is only brought to its scale.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import ibis

from ratable import tables
from ratable.commit_lives import ALL_MINOR, Life, cap_minor, last_end, lives_of, ranked_lives
from ratable.money import SCALE, minor_unit_digits, split_minor, to_e12, to_minor
from ratable.option_rows import limit_rows, option_rows, priced_tiers
from ratable.periods import FAR, Weights, day_after, month_of, months_between, next_month, schedule_weights
from ratable.pools_of_units import priced_grants, to_millionths, unit_pool
from ratable.terms import (
    ZERO,
    BundleLine,
    Contract,
    Milestone,
    OpeningBalance,
    Policy,
    PrepaidCommit,
    Product,
    Subscription,
    SubscriptionLine,
    Terms,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)

Row = dict[str, object]
_OPEN_END_E12 = 10**37  # above any quantity that fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendments:
    """What changed after signing, as far as it is known."""

    terminated_on: dict[str, date] = field(default_factory=dict)
    released_on: dict[str, date] = field(default_factory=dict)  # the day on which the books learn it, if later
    allocations: dict[str, tuple[BundleLine, ...]] = field(default_factory=dict)
    grants: tuple[tuple[str, date, Decimal], ...] = ()  # commit, month, amount: top-ups, and credits below zero
    estimates: tuple[tuple[str, date, Decimal], ...] = ()  # commit, month, expected breakage percentage
    addressed: frozenset[str] = frozenset()  # commits with prepaid usage of their own
    unaddressed: frozenset[str] = frozenset()  # contracts with prepaid usage in rank order


class TermsTables(NamedTuple):
    """Rows for the tables of what was agreed."""

    contracts: list[Row]
    items: list[Row]
    tiers: list[Row]
    rating_options: list[Row]
    tier_limits: list[Row]
    commits: list[Row]
    eligible: list[Row]
    circular: list[Row]
    grants: list[Row]
    estimates: list[Row]
    rollovers: list[Row]
    unit_pools: list[Row]
    unit_rates: list[Row]
    unit_commits: list[Row]
    unit_eligible: list[Row]
    unit_grants: list[Row]
    unit_rollovers: list[Row]
    shares: list[Row]
    schedules: list[Row]
    sources: list[Row]

    @classmethod
    def schemas(cls) -> dict[str, ibis.Schema]:
        """The schema of each table, by field name."""
        return {name: getattr(tables, name.upper()) for name in cls._fields}


def addressed_stream(commit_id: str) -> str:
    """The id of the stream of prepaid usage addressed to a commit."""
    return f"!prepaid_commit/{commit_id}"


def unaddressed_stream(contract_id: str) -> str:
    """The id of the stream of prepaid usage of a contract that names no commit."""
    return f"!unaddressed/{contract_id}"


def month_rows(first_on: date, before_on: date, open_on: date) -> list[Row]:
    """The months from `first_on` up to, not including, `before_on`."""
    return [
        {
            "month_on": month_on,
            "ends_before": next_month(month_on),
            "days": (next_month(month_on) - month_on).days,
            "open_on": open_on,
            "is_open": month_on >= open_on,
        }
        for month_on in months_between(first_on, before_on)
    ]


def terms_tables(terms: Terms, amendments: Amendments) -> TermsTables:
    """All tables of what was agreed, with what is known of amendments."""
    found = TermsTables(*([] for _ in TermsTables._fields))
    catalog = _Catalog(terms)
    for contract in terms.contracts:
        _ContractRows(contract, catalog, amendments, policy=terms.policy).into(found)
    for commit_id, month_on, amount in amendments.grants:
        if commit_id in catalog.units_of_commit:
            given = {"commit_id": commit_id, "month_on": month_on, "amount_minor": to_millionths(amount)}
            found.unit_grants.append(given)
            continue
        currency = catalog.currency_of_commit[commit_id]
        found.grants.append({"commit_id": commit_id, "month_on": month_on, "amount_minor": to_minor(amount, currency)})
    found.grants.extend(priced_grants(found.unit_pools, found.unit_grants, rounding=terms.policy.rounding))
    for commit_id, month_on, percentage in amendments.estimates:
        found.estimates.append(_estimate(commit_id, month_on, percentage))
    proration = terms.policy.proration
    for contract in terms.contracts:
        found.sources.extend(_source_rows(contract))
        for subscription in contract.subscriptions:
            found.schedules.extend(_subscription_rows(contract, subscription, amendments, proration=proration))
        for milestone in contract.milestones:
            found.schedules.extend(_milestone_rows(contract, milestone, amendments))
    return found


class _Catalog:
    """Products and bundles by id."""

    def __init__(self, terms: Terms) -> None:
        self.products: dict[str, Product] = {product.id: product for product in terms.products}
        self.bundles = {bundle.id: bundle for bundle in terms.product_bundles}
        self.currency_of_commit = {
            commit.id: contract.currency for contract in terms.contracts for commit in contract.prepaid_commits
        }
        self.units_of_commit = {
            commit.id for contract in terms.contracts for commit in contract.prepaid_commits if commit.units is not None
        }
        self._tiers: dict[Hashable, list[Row]] = {}

    def group(self, item: UsageItem) -> UsageGroup | None:
        if item.product_id is None or item.usage_group_id is None:
            return None
        groups = self.products[item.product_id].usage_groups
        return next(group for group in groups if group.id == item.usage_group_id)

    def tiers(self, group: UsageGroup, product_id: str, overrides: tuple[TierPriceOverride, ...]) -> list[Row]:
        """The tiers of a group, at a contract's own prices where it has any; most contracts have none."""
        own = {
            override.tier_number: override
            for override in overrides
            if (override.product_id, override.usage_group_id) == (product_id, group.id)
        }
        key = (product_id, group.id, tuple(own.values()))
        if key not in self._tiers:
            self._tiers[key] = list(_tier_rows(group, own))
        return self._tiers[key]


def _tier_rows(group: UsageGroup, own: Mapping[int, TierPriceOverride]) -> Iterator[Row]:
    lower_e12 = 0
    for tier in priced_tiers(group):
        upper_e12 = _OPEN_END_E12 if tier.upper_quantity is None else to_e12(tier.upper_quantity)
        agreed = own.get(tier.number, tier)
        price = agreed.price if agreed.price is not None else (agreed.percentage or Decimal(0)).scaleb(-2)
        yield {
            "tier": tier.number,
            "lower_e12": lower_e12,
            "upper_e12": upper_e12,
            "unit_price_e12": to_e12(price),
            "flat_fee_e12": to_e12(tier.flat_fee),
        }
        lower_e12 = upper_e12


class _ContractRows:
    """The rows of one contract."""

    def __init__(self, contract: Contract, catalog: _Catalog, amendments: Amendments, *, policy: Policy) -> None:
        self.contract = contract
        self.catalog = catalog
        self.amendments = amendments
        self.cascade = policy.cascade
        self.breakage = policy.breakage
        self.zero_usage_flat_fee = policy.zero_usage_flat_fee
        self.divisor = 10 ** (24 - minor_unit_digits(contract.currency))
        self.terminated_on = amendments.terminated_on.get(contract.id, FAR)
        ends_before = contract.ends_before or FAR
        self.ends_before = min(ends_before, day_after(self.terminated_on))
        self.counts_from = counts_from(contract)

    def into(self, found: TermsTables) -> None:
        found.contracts.append(self._contract())
        ranked = ranked_lives(self.contract)
        for rank, life in enumerate(ranked, start=1):
            commit = life.commit
            if life.number:
                self._live_on(found, life, rank)
                continue
            found.commits.append(self._commit(commit, rank))
            if commit.units is not None:
                found.unit_pools.append(unit_pool(commit, self.contract.currency))
                found.unit_commits.append(
                    {**found.commits[-1], "granted_minor": to_millionths(commit.units), "keep_e12": SCALE}
                )
            if commit.expected_breakage_percentage is not None:
                found.estimates.append(_estimate(commit.id, date(1, 1, 1), commit.expected_breakage_percentage))
        streams = list(self._streams())
        self._pair(found, streams, ranked)
        for item in self.contract.usage_items:
            group = self.catalog.group(item)
            found.items.append(self._item(item, group))
            if any(self._draws_units(item, commit) for commit in self.contract.prepaid_commits):
                found.unit_rates.append({"item_id": item.id, "rate_e12": to_e12(item.drawdown_rate or Decimal(1))})
            found.tiers.extend(self._tiers(item, group))
            if group is not None:
                found.rating_options.extend(option_rows(item.id, group))
                found.tier_limits.extend(limit_rows(item.id, group))
            found.shares.extend(self._shares(item))
        for stream_id, product_id, order in streams:
            found.items.append(self._stream_item(stream_id, product_id, order))
            found.shares.append(_share(stream_id, product_id or "", 1))

    def _pair(self, found: TermsTables, streams: list[tuple[str, str | None, int]], ranked: list[Life]) -> None:
        pairs = list(self._eligible(streams, ranked))
        circular = _is_circular(pairs)
        if circular:
            found.circular.append({"contract_id": self.contract.id})
        for pair in pairs:
            pass_no = 0 if circular and pair["is_home"] else pair["rank"]
            row = {**pair, "pass_no": pass_no, "contract_id": self.contract.id}
            found.eligible.append(row)
            if row["commit_id"] in self.catalog.units_of_commit:
                found.unit_eligible.append(row)

    def _live_on(self, found: TermsTables, life: Life, rank: int) -> None:
        lives = list(self._rollover(life, rank))
        if life.commit.units is not None:
            found.unit_rollovers.extend(lives)
            lives = [{**row, "cap_minor": ALL_MINOR} for row in lives]  # its cap is judged in units
        found.rollovers.extend(lives)

    def _contract(self) -> Row:
        contract = self.contract
        return {
            "contract_id": contract.id,
            "currency": contract.currency,
            "minor_divisor": self.divisor,
            "starts_on": contract.starts_on,
            "ends_before": self.ends_before,
            "counts_from": self.counts_from,
            "terminated_on": self.terminated_on,
            "released_on": self.amendments.released_on.get(contract.id, self.terminated_on),
            "minimum_amount_e12": to_e12(contract.minimum_monthly_commitment_amount or Decimal(0)),
            "minimum_quantity_e12": to_e12(contract.minimum_monthly_commitment_quantity or Decimal(0)),
        }

    def _item(self, item: UsageItem, group: UsageGroup | None) -> Row:
        return {
            **self._stream_item(item.id, item.product_id, 2),
            "bundle_id": item.product_bundle_id or "",
            "pricing_model": group.pricing_model if group else "",
            "package_size_e12": to_e12((group.package_size if group else None) or Decimal(0)),
            "free_units_e12": to_e12(group.free_units if group else Decimal(0)),
            "zero_usage_flat_fee": self.zero_usage_flat_fee,
            "draws": item.draws,
            "starts_on": item.starts_on,
            "ends_before": item.ends_before or FAR,
        }

    def _stream_item(self, item_id: str, product_id: str | None, order: int) -> Row:
        return {
            "item_id": item_id,
            "contract_id": self.contract.id,
            "product_id": product_id or "",
            "bundle_id": "",
            "pricing_model": "",
            "package_size_e12": 0,
            "free_units_e12": 0,
            "zero_usage_flat_fee": False,
            "draws": True,
            "stream_order": order,
            "starts_on": self.contract.starts_on,
            "ends_before": FAR,
            "contract_starts_on": max(self.contract.starts_on, self.counts_from),
            "contract_ends_before": self.ends_before,
            "currency": self.contract.currency,
            "minor_divisor": self.divisor,
        }

    def _streams(self) -> Iterator[tuple[str, str | None, int]]:
        for commit in self.contract.prepaid_commits:
            if commit.id in self.amendments.addressed and commit.units is None:
                yield addressed_stream(commit.id), commit.product_id, 0
        if self.contract.id in self.amendments.unaddressed:
            yield unaddressed_stream(self.contract.id), None, 1

    def _eligible(self, streams: list[tuple[str, str | None, int]], ranked: list[Life]) -> Iterator[Row]:
        for rank, life in enumerate(ranked, start=1):
            commit = life.commit
            pair: Row = {"commit_id": commit.id, "rank": rank, **self._turn(life)}
            for stream_id, product_id, order in () if commit.units is not None else streams:
                is_home = stream_id == addressed_stream(commit.id)
                fits = order == 1 or None in (commit.product_id, product_id) or commit.product_id == product_id
                if is_home or (fits and (self.cascade or order == 1)):
                    yield {**pair, "item_id": stream_id, "is_home": is_home}
            for item in self.contract.usage_items:
                if self._draws_on(item, commit):
                    yield {**pair, "item_id": item.id, "is_home": False}

    def _draws_on(self, item: UsageItem, commit: PrepaidCommit) -> bool:
        if commit.units is not None:
            return self._draws_units(item, commit)
        return item.draws and commit.product_id in {None, item.product_id}

    def _draws_units(self, item: UsageItem, commit: PrepaidCommit) -> bool:
        """A pool of units serves items that count in its unit, or are told to draw it."""
        group = self.catalog.group(item)
        if not item.draws or group is None or commit.product_id not in {None, item.product_id}:
            return False
        unit = item.drawdown_unit or group.unit_of_measure
        return commit.units is not None and unit is not None and unit == commit.unit_of_measure

    def _turn(self, life: Life) -> Row:
        """The days on which a life is drawn in its own turn."""
        if life.commit.rollover is None:
            return {"serves_from": date.min, "serves_before": FAR}
        lives = lives_of(life.commit, self.contract.prepaid_commits)
        following = lives[life.number + 1 :]
        return {
            "serves_from": life.ranks_from if life.number else date.min,
            "serves_before": following[0].ranks_from if following else FAR,
        }

    def _rollover(self, life: Life, rank: int) -> Iterator[Row]:
        """What is left goes on as this life: not of a contract that the books have ended, nor before a cut-over."""
        released_on = self.amendments.released_on.get(self.contract.id, self.terminated_on)
        is_cut_off = self.contract.opening is not None and life.starts_on <= self.counts_from
        if life.starts_on <= released_on and not is_cut_off:
            yield {
                "commit_id": life.commit.id,
                "number": life.number,
                "rolls_on": life.starts_on,
                "ranks_from": life.ranks_from,
                "rank": rank,
                "cap_minor": cap_minor(life.commit, self.contract.currency),
            }

    def _commit(self, commit: PrepaidCommit, rank: int) -> Row:
        ends_before = last_end(commit, self.contract.prepaid_commits) or FAR
        released_on = self.amendments.released_on.get(self.contract.id, self.terminated_on)
        owed_already = self.breakage == "none" and ends_before <= released_on
        ended_early = self.terminated_on < FAR and day_after(self.terminated_on) < ends_before and not owed_already
        return {
            "commit_id": commit.id,
            "contract_id": self.contract.id,
            "product_id": commit.product_id or "",
            "granted_minor": to_minor(granted(self.contract, commit), self.contract.currency),
            "keep_e12": SCALE - to_e12(commit.discount_percentage.scaleb(-2)),
            "starts_on": commit.starts_on,
            "ends_before": min(ends_before, day_after(self.terminated_on)),
            "rank": rank,
            "expires": commit.ends_before is not None and not ended_early,
            "released_on": self.amendments.released_on.get(self.contract.id, self.terminated_on),
        }

    def _tiers(self, item: UsageItem, group: UsageGroup | None) -> Iterator[Row]:
        if group is not None:
            for row in self.catalog.tiers(group, str(item.product_id), self.contract.tier_price_overrides):
                yield {"item_id": item.id, **row}

    def _shares(self, item: UsageItem) -> Iterator[Row]:
        if item.product_bundle_id is None:
            yield _share(item.id, item.product_id or "", 1)
            return
        lines = self.amendments.allocations.get(item.id) or self.catalog.bundles[item.product_bundle_id].lines
        for line in lines:
            weight = line.percentage if line.percentage is not None else line.standalone_price
            yield _share(item.id, line.product_id, to_e12(weight or Decimal(0)))


def counts_from(contract: Contract) -> date:
    """The first day of a contract that is computed: after its cut-over, if it has one."""
    return day_after(contract.opening.as_of) if contract.opening else contract.starts_on


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


def _share(item_id: str, product_id: str, weight_e12: int) -> Row:
    return {"item_id": item_id, "product_id": product_id, "weight_e12": weight_e12}


def _estimate(commit_id: str, month_on: date, percentage: Decimal) -> Row:
    return {"commit_id": commit_id, "month_on": month_on, "keep_e12": SCALE - to_e12(percentage.scaleb(-2))}


def _source_rows(contract: Contract) -> Iterator[Row]:
    """The sources of a contract that are of a product; its usage never is, a prepaid commit for any product neither."""
    for kind, sources in (
        ("prepaid_commit", contract.prepaid_commits),
        ("subscription", contract.subscriptions),
        ("milestone", contract.milestones),
    ):
        for source in sources:
            if source.product_id:
                of = {"contract_id": contract.id, "product_id": source.product_id}
                yield {**of, "source_kind": kind, "source_id": source.id}


def _subscription_rows(
    contract: Contract, subscription: Subscription, amendments: Amendments, *, proration: str
) -> Iterator[Row]:
    last_on = min(subscription.ends_before - timedelta(days=1), amendments.terminated_on.get(contract.id, FAR))
    method = subscription.proration or proration
    caught_up_on = month_of(subscription.catches_up_on or subscription.starts_on)
    whole = SubscriptionLine(
        starts_on=subscription.starts_on, ends_before=subscription.ends_before, total_value=subscription.total_value
    )
    lines = subscription.lines or (whole,)
    weights = [schedule_weights(line.starts_on, line.ends_before, method) for line in lines]
    months = [list(_line_months(contract, each, last_on=last_on, caught_up_on=caught_up_on)) for each in weights]
    for product_id, total_minor in _parts(contract, subscription, subscription.total_value):
        for line_no, share_minor in enumerate(_by_line(contract, total_minor, subscription.lines)):
            own = {"product_id": product_id, "line_no": line_no, "total_minor": share_minor}
            for month in months[line_no]:
                yield {
                    "source_id": subscription.id,
                    "kind": "subscription",
                    "contract_id": contract.id,
                    **own,
                    **month,
                    "weight_total": weights[line_no].total,
                }


def _line_months(contract: Contract, weights: Weights, *, last_on: date, caught_up_on: date) -> Iterator[Row]:
    """The months of a line with their weights; the first to catch up has those before it, too.

    What was served before there was a contract is caught up with its first month; what was to be caught up after a
    termination, with its last.
    """
    start = weights.starts_on
    if contract.opening and caught_up_on <= month_of(counts_from(contract)):  # the rest was booked before the cut-over
        start = max(start, counts_from(contract))
    caught_up_on = max(min(caught_up_on, month_of(last_on)), month_of(contract.starts_on))
    last_on = min(weights.ends_before - timedelta(days=1), last_on)
    first_on = max(month_of(start), caught_up_on)
    if start > last_on:
        return
    for month_on in months_between(first_on, max(next_month(last_on), next_month(first_on))):
        end_on = min(next_month(month_on) - timedelta(days=1), max(last_on, month_on))
        from_on = start if month_on == first_on else month_on
        yield {
            "month_on": month_on,
            "on": end_on,
            "weight_to_date": weights.through(min(end_on, last_on)),
            "weight_before": weights.through(from_on - timedelta(days=1)),
        }


def _parts(contract: Contract, source: Subscription | Milestone, total: Decimal) -> list[tuple[str, int]]:
    """The products of a source with what each has of the total, in minor units."""
    total_minor = to_minor(total, contract.currency)
    if not source.allocation:
        return [(source.product_id or "", total_minor)]
    lines = sorted(source.allocation, key=lambda line: line.product_id)
    weights = [
        to_e12(line.percentage if line.percentage is not None else line.standalone_price or ZERO) for line in lines
    ]
    return [
        (line.product_id, share)
        for line, weight, share in zip(lines, weights, split_minor(total_minor, weights), strict=True)
        if weight
    ]


def _by_line(contract: Contract, total_minor: int, lines: Sequence[SubscriptionLine]) -> list[int]:
    """What each line has of a product's total."""
    if not lines:
        return [total_minor]
    return split_minor(total_minor, [to_minor(line.total_value, contract.currency) for line in lines])


def _milestone_rows(contract: Contract, milestone: Milestone, amendments: Amendments) -> Iterator[Row]:
    ended = milestone.on > amendments.terminated_on.get(contract.id, FAR)
    if ended or (contract.opening and milestone.on < counts_from(contract)):
        return
    on = max(milestone.on, contract.starts_on)
    for product_id, total_minor in _parts(contract, milestone, milestone.amount):
        yield {
            "source_id": milestone.id,
            "kind": "milestone",
            "contract_id": contract.id,
            "product_id": product_id,
            "line_no": 0,
            "month_on": month_of(on),
            "on": on,
            "total_minor": total_minor,
            "weight_to_date": 1,
            "weight_before": 0,
            "weight_total": 1,
        }
