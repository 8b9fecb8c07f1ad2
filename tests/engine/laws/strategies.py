"""Random customer stories: terms, and what happens to them, as cases.

Owns the space of cases that the laws are tried on. A case is small in amounts, so that commits run
dry, and names few days, so that days meet; everything in it can be written in a case file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ratable.cases import records
from ratable.money import minor_unit_digits
from ratable.periods import day_after, month_of, next_month
from ratable.terms import (
    BundleLine,
    Contract,
    Entity,
    Milestone,
    Policy,
    PrepaidCommit,
    Product,
    ProductBundle,
    Subscription,
    SubscriptionLine,
    Terms,
    UsageItem,
)
from tests.engine.laws.lives import drawing, drawing_units, lived
from tests.engine.laws.plans import allowed, groups

Draw = Callable[..., object]

START = date(2028, 1, 1)  # a leap year
HORIZON = "2028-10"
CURRENCIES = ("USD", "EUR", "JPY", "KWD")
PRODUCTS = ("alpha", "beta")
DISCOUNTS = ("0", "20", "33.3", "50", "12.5", "100")

TERMS = (
    "pay_as_you_go",
    "draws",
    "commits",
    "bundles",
    "minimum",
    "subscriptions",
    "milestones",
    "parts",
    "contracts",
    "options",
    "rollover",
    "units",
)
ACTS = (
    "usage",
    "addressed",
    "unaddressed",
    "close",
    "late",
    "repeats",
    "void",
    "adjustment",
    "top_up",
    "credit_memo",
    "estimate",
    "allocate",
    "invoice",
    "payment",
    "terminate",
    "reopen",
)
OFTEN = ("usage", "addressed", "unaddressed", "close")
EVERYTHING = frozenset({*TERMS, *ACTS, "policy"})


@st.composite
def cases(draw: st.DrawFn, features: frozenset[str] = EVERYTHING, longest: int = 14) -> records.Case:
    """One case with no features but those named."""
    terms = draw(_terms(features))
    story = _Story(terms, features, draw)
    entries = story.tell(draw(st.integers(0, longest)))
    horizon = records.Question(table="revenue", line=0, keys=(("period", HORIZON),))
    return records.Case(case="random", path=Path("random.yaml"), terms=terms, entries=entries, questions=(horizon,))


# ── terms ────────────────────────────────────────────────────────────────────────────────────


def amounts(currency: str, *, most: int = 5000, least: int = 1) -> st.SearchStrategy[Decimal]:
    """Whole minor units of a currency."""
    return st.integers(least, most).map(lambda minor: Decimal(minor).scaleb(-minor_unit_digits(currency)))


def days(first: date, count: int) -> st.SearchStrategy[date]:
    return st.integers(0, count).map(lambda number: first + timedelta(days=number))


@st.composite
def _terms(draw: st.DrawFn, features: frozenset[str]) -> Terms:
    policy = draw(policies()) if "policy" in features else Policy()
    count = draw(st.integers(1, 2)) if "contracts" in features else 1
    zone = draw(st.sampled_from(["UTC", "America/Los_Angeles"])) if "policy" in features else "UTC"
    products = tuple(Product(id=id, name=id, usage_groups=draw(groups(id, features))) for id in PRODUCTS)
    contracts = tuple(allowed(draw(_contract(f"c{number}", features)), products) for number in range(1, count + 1))
    contracts = tuple(drawing_units(contract, products) for contract in contracts)
    return Terms(
        entity=Entity(timezone=zone),
        policy=policy,
        products=products,
        product_bundles=(draw(_bundle()),),
        contracts=contracts,
    )


def policies() -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        rounding=st.sampled_from(["half_up", "half_even"]),
        breakage=st.sampled_from(["on_expiry", "proportional", "none"]),
        late_usage=st.sampled_from(["next_open_period", "next_open_period", "reject"]),
        cascade=st.booleans(),
        minimum_partial_month=st.sampled_from(["full", "prorated"]),
        zero_usage_flat_fee=st.booleans(),
        proration=st.sampled_from(["daily", "standard", "thirty_day"]),
    )


@st.composite
def _bundle(draw: st.DrawFn) -> ProductBundle:
    return ProductBundle(id="bundle", lines=draw(bundle_lines()))


@st.composite
def bundle_lines(draw: st.DrawFn) -> tuple[BundleLine, ...]:
    if draw(st.booleans()):
        share = draw(st.sampled_from([Decimal(text) for text in ("60", "33.33", "50", "0", "100")]))
        shares = (share, 100 - share)
        return tuple(BundleLine(product_id=id, percentage=own) for id, own in zip(PRODUCTS, shares, strict=True))
    prices = draw(st.tuples(st.integers(1, 9), st.integers(0, 9)))
    return tuple(
        BundleLine(product_id=id, standalone_price=Decimal(own)) for id, own in zip(PRODUCTS, prices, strict=True)
    )


@st.composite
def _contract(draw: st.DrawFn, id: str, features: frozenset[str]) -> Contract:
    currency = draw(st.sampled_from(CURRENCIES)) if "policy" in features else "USD"
    starts_on = draw(days(START, 40)) if draw(st.booleans()) else START
    ends_before = draw(st.none() | days(starts_on + timedelta(days=1), 220))
    items = draw(_items(id, features, starts_on))
    minimum = draw(amounts(currency)) if "minimum" in features and draw(st.booleans()) else None
    one_group = len({item.usage_group_id for item in items if item.usage_group_id}) == 1
    quantity = None
    if "minimum" in features and one_group and draw(st.booleans()):
        quantity = Decimal(draw(st.integers(1, 60)))
    return Contract(
        id=id,
        customer="Somebody",
        currency=currency,
        starts_on=starts_on,
        ends_before=ends_before,
        minimum_monthly_commitment_amount=minimum,
        minimum_monthly_commitment_quantity=quantity,
        usage_items=items,
        prepaid_commits=draw(lived(draw(_commits(id, features, (starts_on, currency))), features, currency)),
        subscriptions=draw(_subscriptions(id, features, (starts_on, currency))),
        milestones=draw(_milestones(id, features, (starts_on, currency))),
    )


@st.composite
def _items(draw: st.DrawFn, contract: str, features: frozenset[str], starts_on: date) -> tuple[UsageItem, ...]:
    kinds = [kind for kind in ("pay_as_you_go", "draws", "bundles") if kind in features]
    if not kinds:
        return ()
    found = []
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(kinds))
        draws = kind == "draws" or (kind == "bundles" and "draws" in features and draw(st.booleans()))
        product = None if kind == "bundles" else draw(st.sampled_from(PRODUCTS))
        group = f"{product}-{draw(st.integers(1, 2))}" if product and draw(st.integers(0, 4)) else None
        first = draw(days(starts_on, 50)) if draw(st.integers(0, 3)) == 3 else starts_on
        found.append(
            UsageItem(
                id=f"{contract}-item{number}",
                product_id=product,
                usage_group_id=group,
                product_bundle_id="bundle" if kind == "bundles" else None,
                starts_on=first,
                ends_before=draw(st.none() | days(first + timedelta(days=1), 90)),
                draws=draws,
            )
        )
    return tuple(draw(drawing(item, features)) for item in found)


@st.composite
def _commits(
    draw: st.DrawFn, contract: str, features: frozenset[str], frame: tuple[date, str]
) -> tuple[PrepaidCommit, ...]:
    if "commits" not in features:
        return ()
    most = 5 if "many_commits" in features or features >= EVERYTHING else 2
    starts_on, currency = frame
    found = []
    for number in range(draw(st.integers(1, most))):
        first = draw(days(starts_on, 70)) if draw(st.booleans()) else starts_on
        expires = draw(st.none() | days(first + timedelta(days=1), 130))
        breakage = draw(st.sampled_from([None, Decimal(0), Decimal(10), Decimal("33.3"), Decimal(90)]))
        found.append(
            PrepaidCommit(
                id=f"{contract}-pool{number}",
                product_id=draw(st.sampled_from([None, *PRODUCTS])),
                total_value=draw(amounts(currency)),
                discount_percentage=Decimal(draw(st.sampled_from(DISCOUNTS))),
                starts_on=first,
                ends_before=expires,
                priority=draw(st.integers(1, 2)),
                expected_breakage_percentage=breakage if "policy" in features else None,
            )
        )
    return tuple(found)


@st.composite
def _subscriptions(
    draw: st.DrawFn, contract: str, features: frozenset[str], frame: tuple[date, str]
) -> tuple[Subscription, ...]:
    if "subscriptions" not in features or not draw(st.booleans()):
        return ()
    starts_on, currency = frame
    has_parts = "parts" in features
    first = draw(days(starts_on - timedelta(days=40) if has_parts else starts_on, 40 * (1 + has_parts)))
    ends_before = draw(days(first + timedelta(days=1), 400))
    total = draw(amounts(currency, most=100_000))
    split = draw(_split()) if has_parts else ()
    return (
        Subscription(
            id=f"{contract}-seats",
            product_id=None if split else draw(st.sampled_from([None, *PRODUCTS])),
            total_value=total,
            starts_on=first,
            ends_before=ends_before,
            proration=draw(st.sampled_from([None, "daily", "standard", "thirty_day"])) if has_parts else None,
            catches_up_on=draw(st.none() | days(first, (ends_before - first).days - 1)) if has_parts else None,
            lines=draw(_lines(first, ends_before, total)) if has_parts and draw(st.booleans()) else (),
            allocation=split,
        ),
    )


@st.composite
def _lines(draw: st.DrawFn, first: date, ends_before: date, total: Decimal) -> tuple[SubscriptionLine, ...]:
    """Two parts of a time, with a gap between them or none; one of them may be free."""
    if (ends_before - first).days < 2:
        return ()
    second = draw(days(first + timedelta(days=1), (ends_before - first).days - 2))
    until = draw(days(first + timedelta(days=1), (second - first).days - 1))
    share = total.scaleb(0) * draw(st.integers(0, 4)) / 4
    share = share.quantize(total)
    return (
        SubscriptionLine(starts_on=first, ends_before=until, total_value=share),
        SubscriptionLine(starts_on=second, ends_before=ends_before, total_value=total - share),
    )


@st.composite
def _split(draw: st.DrawFn) -> tuple[BundleLine, ...]:
    """No split, one by percentage, one by price."""
    kind = draw(st.sampled_from(["", "percentage", "standalone_price"]))
    if not kind:
        return ()
    share = Decimal(draw(st.sampled_from(["50", "33.33", "12.5", "100"])))
    weights = (share, Decimal(100) - share if kind == "percentage" else Decimal(7))
    return tuple(
        BundleLine(product_id=product, **{kind: weight}) for product, weight in zip(PRODUCTS, weights, strict=True)
    )


@st.composite
def _milestones(
    draw: st.DrawFn, contract: str, features: frozenset[str], frame: tuple[date, str]
) -> tuple[Milestone, ...]:
    if "milestones" not in features or not draw(st.booleans()):
        return ()
    starts_on, currency = frame
    has_parts = "parts" in features
    split = draw(_split()) if has_parts else ()
    return (
        Milestone(
            id=f"{contract}-launch",
            product_id=None if split else draw(st.sampled_from([None, *PRODUCTS])),
            on=draw(days(starts_on - timedelta(days=40) if has_parts else starts_on, 150)),
            amount=draw(amounts(currency)),
            allocation=split,
        ),
    )


# ── what happens ─────────────────────────────────────────────────────────────────────────────


@dataclass
class _Story:
    """Entries drawn one after the other; knows which months are closed and which ids were used."""

    terms: Terms
    features: frozenset[str]
    draw: st.DrawFn
    on: date = START
    closed: list[date] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    entries: list[records.Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first = min(month_of(contract.starts_on) for contract in self.terms.contracts)
        self.commits = [(c, commit) for c in self.terms.contracts for commit in c.prepaid_commits]
        self.items = [(c, item) for c in self.terms.contracts for item in c.usage_items]
        self.bundle_items = [(c, item) for c, item in self.items if item.product_bundle_id]

    @property
    def open_on(self) -> date:
        return next_month(self.closed[-1]) if self.closed else self.first

    def tell(self, length: int) -> tuple[records.Entry, ...]:
        for _ in range(length):
            can = [name for name, needs in self.possible().items() if needs and name in self.features]
            can += [name for name in can if name in OFTEN]
            if not can:
                break
            if self.draw(st.integers(0, 2)) == 0:
                self.on += timedelta(days=self.draw(st.sampled_from([1, 14, 30])))
            act: Callable[[], records.Act] = getattr(self, self.draw(st.sampled_from(can)))
            self.enter(act())
        return tuple(self.entries)

    def possible(self) -> dict[str, object]:
        """The acts, each with what it needs; nothing means that it cannot happen now."""
        return {
            "usage": self.items,
            "addressed": self.commits,
            "unaddressed": True,
            "close": True,
            "void": self.ids,
            "adjustment": self.commits and self.closed,
            "top_up": self.commits,
            "credit_memo": True,
            "estimate": self.commits,
            "allocate": self.bundle_items,
            "invoice": True,
            "payment": True,
            "terminate": True,
            "reopen": self.closed,
        }

    def enter(self, act: records.Act) -> None:
        number = len(self.entries) + 1
        self.entries.append(records.Entry(number=number, on=self.on, act=act, line=number))

    # ── usage ─────────────────────────────────────────────────────────────────────────────────

    def used_on(self) -> str:
        """A day of an open month, or with `late` of any month."""
        first = self.first if "late" in self.features else self.open_on
        span = (max(next_month(self.on), day_after(first)) - first).days - 1
        return (first + timedelta(days=self.draw(st.integers(0, span)))).isoformat()

    def new_id(self) -> str:
        if "repeats" in self.features and self.ids and self.draw(st.integers(0, 9)) == 9:
            return self.draw(st.sampled_from(self.ids))
        id = f"u{len(self.entries) + 1}"
        self.ids.append(id)
        return id

    def listed(self, currency: str) -> str:
        """An amount of usage, which may be finer than the currency."""
        digits = minor_unit_digits(currency) + self.draw(st.sampled_from([0, 0, 1, 2]))
        return format(Decimal(self.draw(st.integers(0, 4000))).scaleb(-digits), "f")

    def usage(self) -> records.Usage:
        contract, item = self.draw(st.sampled_from(self.items))
        takes_quantity = item.usage_group_id is not None and self.draw(st.integers(0, 3)) > 0
        quantity = format(Decimal(self.draw(st.integers(0, 600))).scaleb(-1), "f")
        used_on = self.used_on()
        at = self.draw(st.integers(0, 5)) == 0 and "policy" in self.features
        hour = self.draw(st.sampled_from(["05:30", "09:00", "21:15"])) if "options" in self.features else "05:30"
        return records.Usage(
            item=item.id,
            id=self.new_id(),
            dimensions=self.dimensions() if "options" in self.features else (),
            used_on=None if at else used_on,
            used_at=f"{used_on}T{hour}:00+00:00" if at else None,
            quantity=quantity if takes_quantity else None,
            amount=None if takes_quantity else self.listed(contract.currency),
        )

    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """Where a record may say its price and its group; some say neither, few what is no price."""
        rate = self.draw(st.sampled_from(["0.5", "0.125", "3", "0", "", "dear"]))
        team = self.draw(st.sampled_from([(), (("team", "a"),), (("team", "b"),), (("team", ""),)]))
        return (("rate", rate), *team)

    def addressed(self) -> records.PrepaidUsage:
        contract, commit = self.draw(st.sampled_from(self.commits))
        return records.PrepaidUsage(
            prepaid_commit=commit.id, id=self.new_id(), used_on=self.used_on(), amount=self.listed(contract.currency)
        )

    def unaddressed(self) -> records.PrepaidUsage:
        contract = self.draw(st.sampled_from(self.terms.contracts))
        return records.PrepaidUsage(
            contract=contract.id, id=self.new_id(), used_on=self.used_on(), amount=self.listed(contract.currency)
        )

    def void(self) -> records.VoidUsage:
        return records.VoidUsage(id=self.draw(st.sampled_from(self.ids)))

    # ── periods ───────────────────────────────────────────────────────────────────────────────

    def close(self) -> records.Close:
        period = self.open_on
        self.closed.append(period)
        self.on = max(self.on, next_month(period))
        return records.Close(period=period)

    def reopen(self) -> records.Reopen:
        return records.Reopen(period=self.closed.pop())

    # ── changes ───────────────────────────────────────────────────────────────────────────────

    def adjustment(self) -> records.Adjustment:
        contract, commit = self.draw(st.sampled_from(self.commits))
        amount = self.draw(amounts(contract.currency, most=3000))
        sign = self.draw(st.sampled_from([-1, 1]))
        period = self.draw(st.sampled_from(self.closed))
        return records.Adjustment(
            prepaid_commit=commit.id, period=period, amount=sign * amount, id=f"a{len(self.entries) + 1}"
        )

    def top_up(self) -> records.TopUp:
        contract, commit = self.draw(st.sampled_from(self.commits))
        if (commit.units is not None) != ("units" in self.features and self.draw(st.integers(0, 5)) == 0):
            units = Decimal(self.draw(st.integers(1, 5000))).scaleb(-2)
            return records.TopUp(prepaid_commit=commit.id, amount=units, is_of_units=True)
        return records.TopUp(prepaid_commit=commit.id, amount=self.draw(amounts(contract.currency)))

    def estimate(self) -> records.Estimate:
        _, commit = self.draw(st.sampled_from(self.commits))
        percentage = self.draw(st.sampled_from([Decimal(0), Decimal(5), Decimal("33.3"), Decimal(90)]))
        return records.Estimate(prepaid_commit=commit.id, expected_breakage_percentage=percentage)

    def allocate(self) -> records.Allocate:
        _, item = self.draw(st.sampled_from(self.bundle_items))
        return records.Allocate(item=item.id, lines=self.draw(bundle_lines()))

    def terminate(self) -> records.Terminate:
        contract = self.draw(st.sampled_from(self.terms.contracts))
        first = contract.starts_on if "late" in self.features else max(contract.starts_on, self.open_on)
        refund = self.draw(st.just(Decimal(0)) | amounts(contract.currency))
        return records.Terminate(contract=contract.id, on=self.draw(days(first, 60)), refund=refund)

    # ── documents ─────────────────────────────────────────────────────────────────────────────

    def invoice(self) -> records.Invoice:
        contract = self.draw(st.sampled_from(self.terms.contracts))
        targets: list[dict[str, Any]] = [{}, {"is_of_usage": True}]
        targets += [{"prepaid_commit": commit.id} for commit in contract.prepaid_commits]
        targets += [{"subscription": subscription.id} for subscription in contract.subscriptions]
        targets += [{"milestone": milestone.id} for milestone in contract.milestones]
        target = self.draw(st.sampled_from(targets))
        return records.Invoice(contract=contract.id, amount=self.draw(amounts(contract.currency)), **target)

    def payment(self) -> records.Payment:
        contract = self.draw(st.sampled_from(self.terms.contracts))
        return records.Payment(contract=contract.id, amount=self.draw(amounts(contract.currency)))

    def credit_memo(self) -> records.CreditMemo:
        contract = self.draw(st.sampled_from(self.terms.contracts))
        amount = self.draw(amounts(contract.currency, most=1000))
        against_commit = self.draw(st.booleans()) if contract.prepaid_commits else False
        if against_commit:
            commit = self.draw(st.sampled_from(contract.prepaid_commits))
            return records.CreditMemo(
                contract=contract.id, amount=amount, against="liability", prepaid_commit=commit.id
            )
        period = self.draw(st.none() | st.just(month_of(self.on)))
        return records.CreditMemo(contract=contract.id, amount=amount, period=period)
