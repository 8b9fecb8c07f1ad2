"""Usage records: reading a file, checking a record, and the codes under which a bad one is rejected."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from ratable.cases.records import PrepaidUsage, Usage, UsageFile
from ratable.terms import Contract, RatingOptions
from tests.engine.oracle.agreed import Agreed, window
from tests.engine.oracle.diary import Diary, Fact, Source
from tests.engine.oracle.units import month_of

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CARRIED_NUMBER = re.compile(r"\d{1,13}(\.\d{1,12})?", re.ASCII)
FILE_COLUMNS = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A usage record as it was written, with the id it has in the books."""

    id: str
    named: bool  # whether the id was given
    target: Source
    used_on: str | None = None
    used_at: str | None = None
    quantity: str | None = None
    amount: str | None = None
    currency: str | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    entry: int = 0
    row: int = 0


def record_of_usage(act: Usage, number: int) -> Record:
    return Record(
        id=act.id or str(number),
        named=act.id is not None,
        target=("item", act.item),
        used_on=act.used_on,
        used_at=act.used_at,
        quantity=act.quantity,
        amount=act.amount,
        currency=act.currency,
        dimensions=act.dimensions,
        entry=number,
    )


def record_of_prepaid_usage(act: PrepaidUsage, number: int) -> Record:
    target = ("prepaid_commit", act.prepaid_commit) if act.prepaid_commit else ("contract", act.contract or "")
    return Record(
        id=act.id or str(number),
        named=act.id is not None,
        target=target,
        used_on=act.used_on,
        used_at=act.used_at,
        amount=act.amount,
        currency=act.currency,
        dimensions=(("events", str(act.events)),),
    )


def read_file(act: UsageFile, number: int, folder: Path) -> list[Record]:
    """The records of a CSV file; an empty cell is a missing value."""
    with located(act.path, folder).open(encoding="utf-8-sig", newline="") as file:
        rows = [{name: cell.strip() for name, cell in row.items() if name and cell} for row in csv.DictReader(file)]
    records = [record_of_row(act, row, f"{number}.{n}") for n, row in enumerate(rows, start=1)]
    return [replace(record, entry=number, row=place) for place, record in enumerate(records, start=1)]


def located(path: Path, folder: Path) -> Path:
    """A path as the reader resolved it, or still relative to the case file."""
    return path if path.is_file() else folder / path


def record_of_row(act: UsageFile, row: dict[str, str], default_id: str) -> Record:
    return Record(
        id=row.get("id") or default_id,
        named=bool(row.get("id")),
        target=("item", row.get("item") or act.item or ""),
        used_on=row.get("used_on"),
        used_at=row.get("used_at"),
        quantity=row.get("quantity"),
        amount=row.get("amount"),
        currency=row.get("currency"),
        dimensions=tuple(sorted((n, v) for n, v in row.items() if n not in FILE_COLUMNS and v)),
    )


def number_in(text: str | None) -> Fraction | None:
    return Fraction(text) if text is not None and NUMBER.fullmatch(text.strip()) else None


def day_of(record: Record, timezone: str) -> date | None:
    """The day of use; an instant counts in the time zone of the entity."""
    if record.used_on is not None:
        try:
            return date.fromisoformat(record.used_on) if DAY.fullmatch(record.used_on) else None
        except ValueError:
            return None
    instant = instant_of(record)
    return instant.astimezone(ZoneInfo(timezone)).date() if instant else None


def instant_of(record: Record) -> datetime | None:
    try:
        instant = datetime.fromisoformat(record.used_at or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def order_of(record: Record, day: date) -> tuple[object, ...]:
    """By day; those without a time of day first; then as they came."""
    instant = instant_of(record) if record.used_on is None else None
    return day, instant is not None, instant or day, record.entry, record.row


def carries_price(record: Record, options: RatingOptions) -> bool:
    """Whether the record brings the price that its plan takes from it."""
    name = options.price_dimension or options.amount_dimension
    return name is None or bool(CARRIED_NUMBER.fullmatch(dict(record.dimensions).get(name, "")))


RULES_OF_THE_DAY = {
    "usage_must_fall_in_item",
    "item_must_take_amounts",
    "item_must_have_a_price",
    "usage_must_carry_its_price",
}


class Inbox:
    """Checks records against terms and what is stored; the first broken rule rejects."""

    def __init__(self, agreed: Agreed, diary: Diary) -> None:
        self.agreed = agreed
        self.diary = diary

    def receive(self, records: list[Record]) -> None:
        """Take records that arrive together; those that contradict each other are all rejected."""
        contents: dict[str, set[object]] = {}
        for record in records:
            contents.setdefault(record.id, set()).add(self.content(record))
        for record in records:
            self.receive_one(record, contradicted=record.named and len(contents[record.id]) > 1)

    def receive_one(self, record: Record, *, contradicted: bool) -> None:
        stored = self.diary.facts.get(record.id) if record.named else None
        stored = None if stored is not None and self.diary.is_cut_off(stored) else stored
        known = self.contract_of(record.target) is not None
        if known and stored is not None and not contradicted and stored.content == self.content(record):
            self.diary.duplicates += 1
            return
        changed = contradicted or stored is not None
        code = self.first_broken_rule(record, changed=changed)
        if code:
            contract, day = self.contract_of(record.target), self.day(record)
            if code in RULES_OF_THE_DAY and contract is not None and day is not None:
                self.diary.rejected_of[len(self.diary.rejected)] = contract.id, day
            self.diary.rejected.append((record.id, code))
        else:
            self.store(record)

    def store(self, record: Record) -> None:
        contract = self.contract_of(record.target)
        day = self.day(record)
        if contract is None or day is None:
            raise ValueError(f"{record.id} was not checked")
        fact = Fact(
            id=record.id,
            target=record.target,
            contract=contract.id,
            day=day,
            quantity=number_in(record.quantity),
            amount=number_in(record.amount),
            booked=self.diary.booking_month(day),
            content=self.content(record),
            dimensions=record.dimensions,
            upload=record.entry,
            order=order_of(record, day),
        )
        self.diary.facts[record.id] = fact

    def day(self, record: Record) -> date | None:
        return day_of(record, self.agreed.terms.entity.timezone)

    def content(self, record: Record) -> object:
        """What makes two records of one id the same, compared as values where there are values."""
        contract = self.contract_of(record.target)
        quantity, amount = number_in(record.quantity), number_in(record.amount)
        instant = instant_of(record) if record.used_on is None else None
        return replace(
            record,
            quantity=record.quantity if quantity is None else str(quantity),
            amount=record.amount if amount is None else str(amount),
            used_at=str(instant.astimezone(UTC)) if instant else record.used_at,
            currency=record.currency or (contract.currency if contract else None),
            dimensions=tuple(sorted(record.dimensions)),
            entry=0,
            row=0,
        )

    def contract_of(self, target: Source) -> Contract | None:
        kind, id = target
        if kind == "contract":
            return self.agreed.contracts.get(id)
        if kind == "item":
            return self.agreed.items[id][0] if id in self.agreed.items else None
        contract, commit = self.agreed.commits.get(id, (None, None))
        return None if commit is None or commit.units is not None else contract

    def first_broken_rule(self, record: Record, *, changed: bool) -> str | None:
        contract = self.contract_of(record.target)
        if contract is None:
            return "usage_must_name_a_known_item"
        if changed:
            return "usage_must_not_change_under_its_id"
        day = self.day(record)
        if day is None:
            return "usage_must_have_a_date"
        return self.broken_rule_of_value(record, contract) or self.broken_rule_of_day(record, contract, day)

    def broken_rule_of_value(self, record: Record, contract: Contract) -> str | None:
        given = [text for text in (record.quantity, record.amount) if text is not None]
        numbers = [number_in(text) for text in given]
        rules: list[tuple[str, Callable[[], bool]]] = [
            ("quantity_must_be_a_number", lambda: bool(given) and None not in numbers),
            (
                "quantity_must_be_in_range",
                lambda: all(number is not None and abs(number) < 10**13 for number in numbers),
            ),
            ("quantity_must_not_be_negative", lambda: all(number is not None and number >= 0 for number in numbers)),
            ("currency_must_match_contract", lambda: record.currency in (None, contract.currency)),
        ]
        return next((code for code, holds in rules if not holds()), None)

    def broken_rule_of_day(self, record: Record, contract: Contract, day: date) -> str | None:
        termination = self.diary.terminations.get(contract.id)
        served = self.agreed.contract_window(contract).until(termination.last if termination else None)
        if not served.holds(day):
            return "usage_must_fall_in_contract"
        if record.target[0] == "item":
            item = self.agreed.items[record.target[1]][1]
            if not window(item.starts_on, item.ends_before).holds(day):
                return "usage_must_fall_in_item"
            if item.product_bundle_id is not None and record.amount is None:
                return "item_must_take_amounts"
            group = self.agreed.group_of(contract, item)
            if record.amount is None and group is None:
                return "item_must_have_a_price"
            if record.amount is None and group is not None and not carries_price(record, group.options):
                return "usage_must_carry_its_price"
        closed = month_of(day) < self.diary.first_open
        return "period_must_be_open" if closed and self.agreed.policy.late_usage == "reject" else None
