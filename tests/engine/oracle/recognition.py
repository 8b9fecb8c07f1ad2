"""Recognition: one contract, month by month, everything known about a month less what is booked for it.

Owns the pools of prepaid commits and the bookings (signed revenue lines with their dates). It does not
know invoices: whether revenue is released from a liability or unbilled is the ledger's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from ratable.terms import Contract, PrepaidCommit, Subscription, UsageItem
from tests.engine.oracle.agreed import Agreed, Window, window
from tests.engine.oracle.allocation import allocate
from tests.engine.oracle.bookings import (
    BREAKAGE,
    REVENUE,
    TERMINATION,
    Booking,
    LineKey,
    Month,
    PoolMove,
    PostKey,
    Turn,
)
from tests.engine.oracle.diary import USAGE, Correction, Diary, Fact, Source, Termination
from tests.engine.oracle.drawdown import (
    Draw,
    Pool,
    Split,
    Stream,
    adjusted_by_day,
    demand_by_day,
    forgive_overage,
)
from tests.engine.oracle.lives import cap_of, lives_of, turn_in
from tests.engine.oracle.purse import Caps, Purse
from tests.engine.oracle.rating import Rated, list_value, rate_month
from tests.engine.oracle.schedule import Frame, by_product, parts
from tests.engine.oracle.unit_pools import Known, UnitPools, left_by_day, quantities
from tests.engine.oracle.units import (
    BEGINNING,
    ZERO,
    day_after,
    days_in,
    in_minor,
    last_day,
    month_of,
    months,
    next_month,
    rounded,
)


class Recognition:
    """One contract through the horizon."""

    def __init__(self, agreed: Agreed, diary: Diary, contract: Contract) -> None:
        self.agreed, self.diary, self.contract = agreed, diary, contract
        self.policy = agreed.policy
        self.currency = contract.currency
        self.served_after = agreed.served_after(contract)
        self.commits = {c.id: c for c in contract.prepaid_commits if c.currency in (None, contract.currency)}
        self.lives = {c.id: lives_of(c, contract.prepaid_commits) for c in self.commits.values()}
        caps = {c.id: self.caps(c) for c in self.commits.values()}
        self.purse = Purse({c.id: self.first_value(c) for c in self.commits.values()}, caps)
        self.units = UnitPools(agreed, diary, contract, lives=self.lives, caps=caps)
        self.left_before_expiry = dict(self.purse.remaining)
        self.drawn_in_month: dict[str, int] = defaultdict(int)
        self.recognized: dict[str, int] = defaultdict(int)
        self.breakage: dict[str, int] = defaultdict(int)
        self.had_breakage: set[str] = set()
        self.months: dict[date, Month] = {}
        self.rated: dict[tuple[str, date], Rated] = {}
        self.time_booked: dict[tuple[Source, LineKey, date], int] = defaultdict(int)
        self.bookings: list[Booking] = []
        self.moves: list[PoolMove] = []
        self.cap_moves: list[PoolMove] = []  # what lapsed at caps

    # ── terms of this contract ────────────────────────────────────────────────────────────────

    def minor(self, amount: Fraction) -> int:
        return rounded(in_minor(amount, self.currency), self.policy.rounding)

    def first_value(self, commit: PrepaidCommit) -> int:
        """The pool at the start: its value, or what the cut-over says is left of it."""
        opening = self.contract.opening
        if opening is not None:
            named = [
                b for b in opening.balances if b.prepaid_commit_id == commit.id and b.account == "contract_liability"
            ]
            if named:
                return self.minor(sum((Fraction(b.amount) for b in named), start=ZERO))
            if commit.starts_on <= opening.as_of:
                return 0
        return self.minor(Fraction(commit.total_value))

    def caps(self, commit: PrepaidCommit) -> Caps:
        """The lives into which no more than a cap rolls over: not those before a cut-over."""
        cap = cap_of(commit, self.currency)
        since = day_after(self.served_after) if self.contract.opening else BEGINNING
        lives = self.lives[commit.id][1:]
        return [] if cap is None else [(life.first, cap) for life in lives if life.first > since]

    def first_month(self) -> date:
        if self.contract.opening is not None:
            return month_of(day_after(self.served_after))
        starts = [self.contract.starts_on]
        starts += [c.starts_on for c in self.contract.prepaid_commits]
        starts += [s.starts_on for s in self.contract.subscriptions] + [m.on for m in self.contract.milestones]
        return month_of(min(starts))

    def termination(self, booked: date) -> Termination | None:
        return self.diary.termination_known(self.contract.id, booked)

    def last_service(self, booked: date) -> date | None:
        termination = self.termination(booked)
        return termination.last if termination else None

    def active(self, item: UsageItem, month: date, booked: date) -> Window:
        """The days of the month on which the item is active, as known in `booked`."""
        whole = window(item.starts_on, item.ends_before).meet(self.agreed.serves(self.contract))
        return whole.until(self.last_service(booked)).in_month(month)

    def contract_days(self, month: date, booked: date) -> Window:
        return self.agreed.serves(self.contract).until(self.last_service(booked)).in_month(month)

    def days_of(self, commit: str) -> Window:
        """The days of all lives."""
        lives = self.lives[commit]
        return window(lives[0].first, lives[-1].over)

    def pool(self, commit: PrepaidCommit, turn: Turn) -> Pool:
        rank = turn_in(commit, self.lives[commit.id], turn.service)
        factor = 1 - Fraction(commit.discount_percentage) / 100
        days = self.days_of(commit.id).until(self.last_service(turn.booked))
        return Pool(commit.id, commit.product_id, days, rank, factor, self.units.items.get(commit.id))

    def expires_on(self, commit: str) -> date | None:
        return self.days_of(commit).last

    # ── the months ────────────────────────────────────────────────────────────────────────────

    def run(self, horizon: date) -> Recognition:
        for month in months(self.first_month(), horizon):
            self.book_month(month)
        if not self.months:  # asked before anything is computed: documents may have changed the pools
            self.change_pools(horizon)
            self.left_before_expiry = dict(self.purse.remaining)
        return self

    def book_month(self, month: date) -> None:
        self.drawn_in_month = defaultdict(int)
        self.settle_caps(month, month)
        self.change_pools(month)
        late = [service for service in sorted(self.months) if self.is_touched(service, month)]
        self.units.book_month(month, late, self.known_of_units(month))
        for service in late:
            self.rebook(self.months[service], Turn(service, month))
            self.settle_caps(month, month)
        self.adjust(month)
        self.book_regular(month)
        self.reallocate(month)
        self.true_up(month)
        self.settle_caps(next_month(month), month)
        self.break_proportionally(month)
        self.left_before_expiry = dict(self.purse.remaining)
        self.expire(month)
        self.end_pools(month)
        self.recognize_time(month)
        self.recognize_milestones(month)

    def change_pools(self, month: date) -> None:
        """Top-ups and credit memos count for the whole month."""
        for grant in self.diary.grants:
            if self.counts_in(grant.booked, month) and grant.commit in self.commits:
                amount = (
                    grant.amount if grant.units is None else self.units.grant(grant.commit, grant.units, grant.booked)
                )
                self.change_pool(PoolMove(grant.booked, grant.commit, amount), month)
        for memo in self.diary.documents:
            mine = memo.kind == "memo_liability" and memo.contract == self.contract.id
            if mine and self.counts_in(memo.booked, month) and memo.source:
                self.change_pool(PoolMove(memo.booked, memo.source[1], -memo.amount), month)

    def counts_in(self, booked: date, month: date) -> bool:
        """Whether something booked counts from this month; what is booked before the first counts from it."""
        return booked == month or (not self.months and booked < month)

    def change_pool(self, move: PoolMove, month: date) -> None:
        """Let a pool grow or shrink; it never shrinks below nothing, whatever was learnt after the document."""
        amount = self.purse.give(move.commit, move.amount, move.on)
        if move.commit in self.purse.ended:
            self.lapse(move.commit, amount, on=last_day(month), booked=month)
        else:
            self.moves.append(PoolMove(move.on, move.commit, amount))

    def book_regular(self, month: date) -> None:
        state = self.months[month] = Month()
        state.opening = dict(self.purse.remaining)
        state.streams, state.direct = self.demand(month, month, [])
        turn = Turn(month, month)
        self.take(state, self.draw(state.streams, turn, state.opening), turn)

    def adjust(self, booked: date) -> None:
        """Adjustments of earlier months, oldest month first, after what is late."""
        mine = [c for c in self.diary.corrections if c.booked == booked and c.commit in self.commits]
        for correction in sorted(mine, key=lambda c: (c.period, c.number)):
            if correction.period in self.months:
                state = self.months[correction.period]
                state.corrections.append(correction)
                self.rebook(state, Turn(correction.period, booked, correction))
                self.settle_caps(booked, booked)

    def is_touched(self, service: date, booked: date) -> bool:
        of_month = [f for f in self.diary.facts.values() if f.service == service and f.contract == self.contract.id]
        learnt = any(booked in (fact.booked, self.diary.voided.get(fact.id)) for fact in of_month)
        termination = self.termination(booked)
        return learnt or (termination is not None and termination.known == booked)

    # ── demand ────────────────────────────────────────────────────────────────────────────────

    def demand(
        self, service: date, booked: date, corrections: list[Correction]
    ) -> tuple[tuple[Stream, ...], dict[PostKey, int]]:
        """Draw streams and pay-as-you-go amounts of a service month, as known in `booked`."""
        streams: list[Stream] = []
        direct: dict[PostKey, int] = {}
        for item in self.contract.usage_items:
            amount, stream = self.demand_of_item(item, service, booked)
            if stream:
                streams.append(stream)
            elif amount:
                direct[("item", item.id), None, "usage"] = amount
        addressed: list[Source] = [("prepaid_commit", commit) for commit in self.commits]
        for target in [*addressed, ("contract", self.contract.id)]:
            stream = self.demand_in_money(target, Turn(service, booked), corrections)
            if stream.demand:
                streams.append(stream)
        return tuple(sorted(streams, key=lambda s: s.order)), direct

    def facts_of(self, target: Source, service: date, booked: date) -> list[Fact]:
        stops = self.last_service(booked) or date.max
        facts = self.diary.facts_known(service, booked)
        return [fact for fact in facts if fact.target == target and self.served_after < fact.day <= stops]

    def demand_of_item(self, item: UsageItem, service: date, booked: date) -> tuple[int, Stream | None]:
        facts = self.facts_of(("item", item.id), service, booked)
        group = self.agreed.group_of(self.contract, item)
        active = self.active(item, service, booked)
        used = quantities(facts)
        rest = self.units.rest(item.id, service)
        left = None if rest is None else min(sum(rest, start=ZERO), sum(used.values(), start=ZERO))
        rated = rate_month(group, facts, self.policy, active=active.days > 0, currency=self.currency, left=left)
        self.rated[item.id, service] = rated
        if not item.draws:
            return rated.amount, None
        weights: dict[date, Fraction] = defaultdict(Fraction)
        if group is None or group.pricing_model != "fixed_fee":
            weights.update(used if rest is None else left_by_day(used, *rest))
            for fact in facts:
                weights[fact.day] += fact.amount or ZERO
        fallback = active.last if active.days else last_day(service)
        demand = demand_by_day(rated.amount, weights, fallback or last_day(service))
        return rated.amount, Stream(("item", item.id), item.product_id, demand)

    def demand_in_money(self, target: Source, turn: Turn, corrections: list[Correction]) -> Stream:
        """Usage told in list value: of one commit (with its adjustments), or of the contract."""
        service, booked = turn.service, turn.booked
        weights: dict[date, Fraction] = defaultdict(Fraction)
        for fact in self.facts_of(target, service, booked):
            weights[fact.day] += fact.amount or ZERO
        kind, id = target
        total = self.minor(sum(weights.values(), start=ZERO))
        demand = demand_by_day(total, weights, last_day(service))
        if kind != "prepaid_commit":
            return Stream(target, None, demand)
        adjusted = sum((c.amount for c in corrections if c.commit == id), start=ZERO)
        commit = self.commits[id]
        valid = self.days_of(id).in_month(service)
        on = valid.last if valid.days and valid.last else last_day(service)
        return Stream(target, commit.product_id, adjusted_by_day(demand, on, self.minor(adjusted)))

    def draw(self, streams: tuple[Stream, ...], turn: Turn, balances: Mapping[str, int]) -> Split:
        """Money is drawn; of a pool of units it draws none, and its overage stands there."""
        pools = [self.pool(commit, turn) for commit in self.commits.values()]
        of_money = {commit: left for commit, left in balances.items() if commit not in self.units.commits}
        return Draw(streams, pools, of_money, rounding=self.policy.rounding, cascade=self.policy.cascade).run()

    # ── late usage, voids and adjustments ─────────────────────────────────────────────────────

    def rebook(self, state: Month, turn: Turn) -> None:
        """Re-split a closed month with its own opening balances, and book the difference."""
        streams, direct = self.demand(turn.service, turn.booked, state.corrections)
        before = {commit: state.net_of(commit) for commit in self.commits}
        if streams != state.streams or direct != state.direct:
            split = self.split_again(state, streams, turn)
            state.streams, state.direct = streams, direct
            self.take(state, split, turn)
        elif turn.service in self.units.rebooked:
            self.take(state, state.split, turn)
        for commit, net in before.items():
            if commit in self.purse.ended and state.net_of(commit) != net:
                self.lapse(commit, net - state.net_of(commit), on=last_day(turn.booked), booked=turn.booked)

    def split_again(self, state: Month, streams: tuple[Stream, ...], turn: Turn) -> Split:
        ideal, before = (self.draw(of, turn, state.opening) for of in (streams, state.streams))
        may_draw = {
            commit: self.purse.may_draw(
                commit,
                turn.service,
                stands=state.net_of(commit),
                ideal=ideal.net_of(commit),
                before=before.net_of(commit),
            )
            for commit in self.commits
        }
        split = self.draw(streams, turn, may_draw)
        stands = {(stream, of): amount for (stream, of, type_), amount in state.amounts.items() if type_ == "overage"}
        forgive_overage(split, stands, (self.had_breakage & self.purse.expired) - set(self.units.commits))
        return split

    def take(self, state: Month, split: Split, turn: Turn) -> None:
        """Book a split: pools, revenue, and the figures of consumption."""
        state.split = split
        target: dict[PostKey, int] = dict(state.direct)
        for (source, commit), net in split.net.items():
            target[source, commit, "drawdown"] = net
        for (source, home), amount in split.overage.items():
            target[source, home, "overage" if home else "usage"] = amount
        earned = self.units.months[turn.service].earned
        target |= {(("item", item), commit, "drawdown"): amount for (item, commit), amount in earned.items()}
        for commit in self.commits:
            net = split.net_of(commit) + sum(amount for (_, of), amount in earned.items() if of == commit)
            self.draw_from(commit, net - state.net_of(commit), turn)
            self.count(state, commit, net, is_adjustment=turn.correction is not None)
        self.post(state, target, turn)

    def draw_from(self, commit: str, net: int, turn: Turn) -> None:
        self.drawn_in_month[commit] += net
        self.purse.take(commit, net, turn.service)
        if commit not in self.purse.ended and net:
            self.moves.append(PoolMove(self.day_of("drawdown", turn.booked, commit), commit, -net))

    def count(self, state: Month, commit: str, net: int, *, is_adjustment: bool) -> None:
        overage = state.split.overage_of(commit)
        covered = net if commit in self.units.commits else state.split.covered_of(commit)
        now = {"gross": covered + overage, "discount": covered - net, "net": net, "overage": overage}
        for name, value in now.items():
            if not is_adjustment:
                state.regular[commit][name] += value - state.figures[commit][name]
            state.figures[commit][name] = value

    # ── rollovers ─────────────────────────────────────────────────────────────────────────────

    def known_of_units(self, booked: date) -> Known:
        termination = self.termination(booked)
        released = termination.on if termination else date.max
        return Known(self.facts_of, self.last_service(booked), released, self.had_breakage)

    def lapsed_at_caps(self, commit: str, at: date) -> int:
        return sum(move.amount for move in self.cap_moves if move.commit == commit and move.on <= at)

    def settle_caps(self, through: date, booked: date) -> None:
        """Let lapse what the caps of the lives that begin by a day take, by what is known."""
        termination = self.termination(booked)
        through = min(through, termination.on) if termination else through
        for commit in self.commits:
            is_of_units = commit in self.units.commits
            lost = self.units.worth_lost(commit) if is_of_units else self.purse.lose(commit, through)
            more = self.purse.settle(commit, lost)
            if more and commit not in self.purse.ended:
                self.moves.append(PoolMove(last_day(booked), commit, -more))
                self.cap_moves.append(PoolMove(last_day(booked), commit, more))
                if self.policy.breakage != "proportional":
                    self.lapse(commit, more, on=self.day_of("breakage", booked, commit), booked=booked)

    # ── posting ───────────────────────────────────────────────────────────────────────────────

    def post(self, state: Month, target: Mapping[PostKey, int], turn: Turn) -> None:
        """Book the difference between what should stand for a service month and what does."""
        booked, correction = turn.booked, turn.correction
        state.amounts = {key: amount for key, amount in target.items() if amount}
        wanted = {
            (key, product): share
            for key, amount in state.amounts.items()
            for product, share in self.shares(key, amount, booked).items()
        }
        grouped: dict[tuple[Source, str, date], dict[LineKey, int]] = {}
        for line in sorted({*wanted, *state.lines}, key=repr):
            difference = wanted.get(line, 0) - state.lines.get(line, 0)
            if difference:
                (stream, commit, type_), product = line
                source: Source = ("prepaid_commit", commit) if type_ == "drawdown" and commit else USAGE
                on = self.day_of(type_, booked, commit)
                if correction and type_ != "drawdown":
                    on = max(correction.on, booked)
                item = stream[1] if stream[0] == "item" else None
                lines = grouped.setdefault((source, type_, on), defaultdict(int))
                lines[product, item, commit] += difference
        state.lines = wanted
        what = {"service": turn.service, "booked": booked, "is_adjustment": correction is not None}
        for (source, type_, on), lines in grouped.items():
            self.book(source, type_, lines, on=on, **what)

    def shares(self, key: PostKey, amount: int, booked: date) -> dict[str | None, int]:
        """An amount by product: the item's, its bundle's, or the commit's."""
        (kind, id), commit, _ = key
        if kind != "item":
            drawn = self.commits[commit].product_id if commit else None
            named = self.commits[id].product_id if kind == "prepaid_commit" else None
            return {drawn or named: amount}
        _, item = self.agreed.items[id]
        if item.product_bundle_id is None:
            return {item.product_id: amount}
        known = [a.lines for a in self.diary.allocations if a.item == id and a.booked <= booked]
        return allocate(amount, known[-1] if known else self.agreed.bundles[item.product_bundle_id].lines)

    def reallocate(self, booked: date) -> None:
        for service, state in self.months.items():
            self.post(state, state.amounts, Turn(service, booked))

    def day_of(self, type_: str, booked: date, commit: str | None = None) -> date:
        """The journal date: the end of the month, or of the commit, or of the contract."""
        day = last_day(booked)
        if commit and type_ in ("drawdown", "breakage"):
            ends = [on for on in (self.expires_on(commit), self.last_service(booked)) if on]
            if ends and month_of(min(ends)) == booked:
                day = min(ends)
        termination = self.termination(booked)
        return min(day, termination.on) if termination and termination.booked == booked else day

    def book(self, source: Source, type_: str, lines: Mapping[LineKey, int], **what: Any) -> None:
        kept = {key: amount for key, amount in lines.items() if amount}
        if kept:
            klass = BREAKAGE if type_ == "breakage" else TERMINATION if "is_given_back" in what else REVENUE
            what.setdefault("on", self.day_of(type_, what["booked"]))
            self.bookings.append(Booking(source=source, type=type_, klass=klass, lines=kept, **what))

    # ── minimum ───────────────────────────────────────────────────────────────────────────────

    def true_up(self, booked: date) -> None:
        if (self.contract.minimum_monthly_commitment_amount, self.contract.minimum_monthly_commitment_quantity) == (
            None,
            None,
        ):
            return
        for service, state in self.months.items():
            due = self.shortfall(service, booked)
            self.book(USAGE, "minimum", {(None, None, None): due - state.true_up}, service=service, booked=booked)
            state.true_up = due

    def shortfall(self, service: date, booked: date) -> int:
        """The larger of the shortfall in money and the value of the shortfall in quantity, rounded once."""
        days = self.contract_days(service, booked)
        if days.days == 0:
            return 0
        part = Fraction(days.days, days_in(service)) if self.policy.minimum_partial_month == "prorated" else Fraction(1)
        short = [ZERO]
        if self.contract.minimum_monthly_commitment_amount is not None:
            minimum = in_minor(self.contract.minimum_monthly_commitment_amount, self.currency) * part
            short.append(minimum - sum(self.months[service].amounts.values()))
        if self.contract.minimum_monthly_commitment_quantity is not None:
            short.append(self.short_quantity(service, booked, part))
        return rounded(max(short), self.policy.rounding)

    def short_quantity(self, service: date, booked: date, part: Fraction) -> Fraction:
        """The value of the quantity that is missing, at the contract's prices (pay-as-you-go only)."""
        items = [item for item in self.contract.usage_items if self.agreed.group_of(self.contract, item)]
        group = self.agreed.group_of(self.contract, items[0]) if items else None
        if group is None:
            return ZERO
        used = ZERO
        for item in items:
            facts = [] if item.draws else self.facts_of(("item", item.id), service, booked)
            used += sum((fact.quantity or ZERO for fact in facts if fact.amount is None), start=ZERO)
        minimum = Fraction(self.contract.minimum_monthly_commitment_quantity or 0) * part
        value = list_value(group, minimum, self.policy) - list_value(group, used, self.policy)
        return in_minor(value, self.currency)

    # ── the end of a commit ───────────────────────────────────────────────────────────────────

    def expected_breakage(self, commit: PrepaidCommit, booked: date) -> Fraction:
        known = [e.percentage for e in self.diary.expectations if e.commit == commit.id and e.booked <= booked]
        return known[-1] if known else Fraction(commit.expected_breakage_percentage or 0)

    def break_proportionally(self, booked: date) -> None:
        """Recognize expected breakage with the draws; the rest of the commit when it expires."""
        if self.policy.breakage != "proportional":
            return
        for commit in self.commits.values():
            if commit.id in self.purse.ended:
                continue
            granted, drawn = self.purse.granted[commit.id], self.purse.drawn(commit.id)
            share = 1 - self.expected_breakage(commit, booked) / 100
            target = min(granted, rounded(drawn / share, self.policy.rounding)) if share else granted
            target = max(target, drawn + sum(self.purse.lost[commit.id].values()))
            if self.expires_in(commit, booked):
                target = granted
            more = target - self.recognized[commit.id] - self.drawn_in_month[commit.id]
            self.recognized[commit.id] = target
            self.book_breakage(commit.id, more, on=self.day_of("breakage", booked, commit.id), booked=booked)

    def expires_in(self, commit: PrepaidCommit, booked: date) -> bool:
        """Whether the commit expires in this month (or should have, before the cut-over)."""
        expires = self.expires_on(commit.id)
        stops = self.last_service(booked)
        return (
            commit.id not in self.purse.ended
            and expires is not None
            and month_of(expires) <= booked
            and (stops is None or expires <= stops)
        )

    def expire(self, booked: date) -> None:
        for commit in self.commits.values():
            if self.expires_in(commit, booked):
                rest = self.purse.expire(commit.id)
                if commit.id in self.units.commits:
                    self.units.purse.expire(commit.id)
                if self.policy.breakage != "proportional":
                    self.lapse(commit.id, rest, on=self.day_of("breakage", booked, commit.id), booked=booked)

    def end_pools(self, booked: date) -> None:
        """A termination ends the pools; the ledger knows what becomes of their liability."""
        termination = self.termination(booked)
        if termination and termination.booked == booked:
            self.purse.release()
            self.units.purse.release()

    def lapse(self, commit: str, amount: int, *, on: date, booked: date) -> None:
        """Value that nobody can draw any more: breakage, or a refund liability; after a termination as far as it was billed."""
        if commit in self.purse.taken_at_release:
            what = {"service": booked, "booked": booked, "on": on, "is_given_back": True}
            self.book(("prepaid_commit", commit), "adjustment", {(None, None, commit): amount}, **what)
        elif self.policy.breakage == "none":
            self.book_breakage(commit, amount, on=on, booked=booked, to_refund=True)
        else:
            self.book_breakage(commit, amount, on=on, booked=booked)

    def book_breakage(self, commit: str, amount: int, *, on: date, booked: date, to_refund: bool = False) -> None:
        self.breakage[commit] += amount
        if amount:
            self.had_breakage.add(commit)
        key = (self.commits[commit].product_id, None, commit)
        source: Source = ("prepaid_commit", commit)
        self.book(source, "breakage", {key: amount}, service=booked, booked=booked, on=on, to_refund=to_refund)

    # ── subscriptions and milestones ──────────────────────────────────────────────────────────

    def recognize_time(self, booked: date) -> None:
        for subscription in self.contract.subscriptions:
            for service in self.months_to_look_at(booked):
                for product, amount in self.due_of(subscription, service, stops=self.last_service(booked)).items():
                    key = (product, subscription.id, None)
                    self.book_due("subscription", key, Turn(service, booked), due=amount)

    def due_of(self, subscription: Subscription, service: date, *, stops: date | None) -> dict[str | None, int]:
        """What a month has of a subscription, by product."""
        frame = Frame(self.contract.starts_on, self.served_after, subscription.catches_up_on, stops)
        method, rounding = subscription.proration or self.policy.proration, self.policy.rounding
        due: dict[str | None, int] = defaultdict(int)
        for part in parts(subscription, self.currency):
            due[part.product] += frame.due_in(service, partial(part.earned_through, method=method, rounding=rounding))
        return due

    def months_to_look_at(self, booked: date) -> list[date]:
        termination = self.termination(booked)
        return sorted(self.months) if termination and termination.known == booked else [booked]

    def recognize_milestones(self, booked: date) -> None:
        stops = self.last_service(booked)
        for milestone in self.contract.milestones:
            reached = max(milestone.on, self.contract.starts_on)
            service = month_of(reached)
            if service in self.months and service in self.months_to_look_at(booked):
                counts = milestone.on > self.served_after and (stops is None or milestone.on <= stops)
                on = reached if service == booked and counts else booked
                for product, amount in by_product(milestone, in_minor(milestone.amount, self.currency)):
                    key = (product, milestone.id, None)
                    self.book_due("milestone", key, Turn(service, booked), due=amount if counts else 0, on=on)

    def book_due(self, kind: str, key: LineKey, turn: Turn, *, due: int, on: date | None = None) -> None:
        """Book what is due of a subscription's or milestone's month, less what is booked of it."""
        source: Source = (kind, key[1] or "")
        difference = due - self.time_booked[source, key, turn.service]
        self.time_booked[source, key, turn.service] = due
        day = on or self.day_of(kind, turn.booked)
        self.book(source, kind, {key: difference}, service=turn.service, booked=turn.booked, on=day)


def recognize(agreed: Agreed, diary: Diary, horizon: date) -> dict[str, Recognition]:
    """Every contract through the horizon."""
    return {contract.id: Recognition(agreed, diary, contract).run(horizon) for contract in agreed.terms.contracts}
