"""What all resources share: names of things that the register keeps, days, ranges, what an id stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ratable.periods import day_after

KIND_OF = {
    "entity": "entity",
    "department": "department",
    "invoice_account": "account",
    "revenue_account": "account",
    "ar_account": "account",
    "bad_debt_account": "account",
    "invoice_unbilled_account": "account",
}
TAGS = "tag_ids"
_FAR = date(2999, 12, 31)
_NAMES = ("name", "account_name", "entity_name", "department_name", "tag_name")


def last_of(contract: Any) -> date:
    """The last day of service of a contract; one far away, if it has none."""
    return min(day for day in (_FAR, last_day(contract.ends_before), contract.terminated_on) if day is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Things of the register by kind and id, as far as an answer names them."""

    told: Mapping[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)

    def of(self, kind: str, id: object) -> str | None:
        """What something is called; None: nothing of this id."""
        further = self.told.get((kind, id), {}) if isinstance(id, int) else {}
        return next((str(further[name]) for name in _NAMES if further.get(name)), None)

    def of_fields(self, further: Mapping[str, Any], *fields: str) -> dict[str, str | None]:
        """The documented name beside each of these fields: `department_name` beside `department`."""
        return {f"{name}_name": self.of(KIND_OF[name], further.get(name)) for name in fields}

    def tags(self, further: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tags of a thing, as objects."""
        ids = further.get(TAGS) or []
        return [{"id": tag, **self.told[("tag", tag)]} for tag in ids if ("tag", tag) in self.told]

    def tag_text(self, further: Mapping[str, Any]) -> str:
        """The same as the documented text: names with commas."""
        return ", ".join(str(tag.get("name", "")) for tag in self.tags(further))


def named_in(further: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Everything of the register that a thing names, by kind and id."""
    for name, kind in KIND_OF.items():
        if isinstance(further.get(name), int):
            yield kind, further[name]
    for tag in further.get(TAGS) or ():
        yield "tag", tag


def ends_before(last_on: date | None) -> date | None:
    """Their last day, as our half-open end; of the last day that there is itself, which the books refuse."""
    return None if last_on is None else day_after(last_on)


def last_day(ends: date | None) -> date | None:
    """Our half-open end, as their last day."""
    return None if ends is None else ends - timedelta(days=1)


def taken(fields: Mapping[str, Any], was: Mapping[str, Any], ours: Sequence[str]) -> dict[str, Any]:
    """Further fields after a change: what was kept before, and what was sent now; not those that the books read."""
    return {name: value for name, value in {**was, **fields}.items() if name not in ours}


def tag_ids_of(said: Any) -> list[Any]:
    """Tags in each form that they come in: ids, objects with one, or their text."""
    if said in (None, ""):
        return []
    each: Iterable[Any] = said.split(",") if isinstance(said, str) else said if isinstance(said, list) else [said]
    return [tag.get("id") if isinstance(tag, dict) else tag for tag in each]


def money(amount_minor: int, digits: int) -> Decimal:
    """Minor units, as the number that this API tells."""
    return Decimal(amount_minor).scaleb(-digits)
