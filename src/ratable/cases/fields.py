"""Strict reading of one mapping: required and optional keys, each of one kind.

Owns the sentences that say what is wrong with a key. Every reader method names the key it
reads, and raises MalformedCaseError with file, line and key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from ratable import scalars
from ratable.cases.nodes import Listing, Mapping, Node, Place, Text
from ratable.errors import MalformedCaseError

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)

_ARTICLES = {Text: "a text", Listing: "a list", Mapping: "a mapping"}


class Fields:
    """A mapping node with a closed set of keys."""

    def __init__(self, node: Mapping, *, required: str = "", optional: str = "") -> None:
        self.node = node
        known = [*required.split(), *optional.split()]
        for key in node.values:
            if key not in known:
                raise self.malformed(key, f"unknown key; known here: {', '.join(known)}")
        for key in required.split():
            if key not in node.values:
                raise self.malformed(key, "the key is required and missing")

    @property
    def line(self) -> int:
        return self.node.place.line

    def malformed(self, key: str, message: str) -> MalformedCaseError:
        """An error at the key, or at the mapping if it has no such key."""
        return self.place(key).malformed(key, message)

    def place(self, key: str) -> Place:
        return self.node.places.get(key, self.node.place)

    def has(self, key: str) -> bool:
        return key in self.node.values

    def text(self, key: str) -> str:
        """A required text that is not empty."""
        text = self.raw(key)
        if not text:
            raise self.malformed(key, "must not be empty")
        return text

    def name(self, key: str = "id") -> str:
        """A required id; those that begin with `!` are kept for the streams of prepaid usage."""
        name = self.text(key)
        if name.startswith("!"):
            raise self.malformed(key, f"{name!r} begins with !, as no id may")
        return name

    def raw(self, key: str) -> str | None:
        """A text as written, however bad; None without the key."""
        node = self.node.values.get(key)
        if node is None or isinstance(node, Text):
            return None if node is None else node.value
        raise self.malformed(key, f"must be a text, not {_ARTICLES[type(node)]}")

    def value(self, key: str, parse: Callable[[str], Value]) -> Value:
        """A required text read by `parse`, which raises ValueError with the sentence to show."""
        text = self.text(key)
        try:
            return parse(text)
        except ValueError as error:
            raise self.malformed(key, str(error)) from error

    def maybe(self, key: str, parse: Callable[[str], Value]) -> Value | None:
        return self.value(key, parse) if self.has(key) else None

    def maybe_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def number(self, key: str, default: Decimal | None = None) -> Decimal:
        """A decimal; required if there is no default."""
        return default if default is not None and not self.has(key) else self.value(key, _parser(key))

    def maybe_number(self, key: str) -> Decimal | None:
        return self.maybe(key, _parser(key))

    def day(self, key: str, default: date | None = None) -> date:
        return default if default is not None and not self.has(key) else self.value(key, scalars.date_of)

    def month(self, key: str) -> date:
        return self.value(key, scalars.month_of)

    def ends_before(self, key: str, default: date | None = None) -> date | None:
        """An inclusive last day as the first day that is out."""
        return self.value(key, scalars.day_after) if self.has(key) else default

    def truth(self, key: str, *, default: bool) -> bool:
        return self.value(key, scalars.truth_of) if self.has(key) else default

    def choice(self, key: str, choices: tuple[Choice, ...], default: Choice | None = None) -> Choice:
        """One of a closed list; required if there is no default."""
        if default is not None and not self.has(key):
            return default
        text = self.text(key)
        for choice in choices:
            if choice == text:
                return choice
        raise self.malformed(key, f"{text!r} is not one of {', '.join(choices)}")

    def mapping(self, key: str) -> Mapping | None:
        """The mapping under a key; None without the key."""
        node = self.node.values.get(key)
        if node is None or isinstance(node, Mapping):
            return node
        raise self.malformed(key, f"must be a mapping, not {_ARTICLES[type(node)]}")

    def mappings(self, key: str) -> list[Mapping]:
        """The list of mappings under a key; empty without the key."""
        node = self.node.values.get(key)
        if node is None:
            return []
        if not isinstance(node, Listing):
            raise self.malformed(key, f"must be a list, not {_ARTICLES[type(node)]}")
        return [mapping_at(item, key) for item in node.items]


def _parser(key: str) -> Callable[[str], Decimal]:
    return scalars.percentage_of if key.endswith("percentage") else scalars.decimal_of


def mapping_at(node: Node, key: str) -> Mapping:
    """The node as a mapping; `key` is the one it stands under."""
    if isinstance(node, Mapping):
        return node
    raise node.place.malformed(key, f"must be a mapping, not {_ARTICLES[type(node)]}")
