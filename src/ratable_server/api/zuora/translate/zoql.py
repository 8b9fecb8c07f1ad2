"""The query language of this API, as far as it is served: `select` fields `from` an object `where` conditions with `and`.

Keywords are small letters. A reader by hand: the language has five words, and no library reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

MOST_LETTERS = 10_000

Comparison = Literal["=", "!=", "<", "<=", ">", ">="]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<comparison>!=|<=|>=|=|<|>)
      | (?P<comma>,)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<bare>[+-]?[0-9][0-9A-Za-z:.+-]*)
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LITERALS = {"null": None, "true": "true", "false": "false"}
_KEYWORDS = {"select", "from", "where", "and", *_LITERALS}


class MalformedQueryError(ValueError):
    """A text that is no query."""


class Compared(NamedTuple):
    """A condition: a field against a value as it was written; None is `null`."""

    field: str
    comparison: Comparison
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked: fields of an object, where all conditions hold."""

    fields: tuple[str, ...]
    object: str
    conditions: tuple[Compared, ...]


class _Token(NamedTuple):
    kind: str
    text: str


def read_query(text: str) -> Query:
    """A query.

    Raises:
        MalformedQueryError: the text is none, or too long; said where.
    """
    if len(text) > MOST_LETTERS:
        raise MalformedQueryError(f"a query has at most {MOST_LETTERS:,} characters")
    return _Reader(list(_tokens(text))).query()


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise MalformedQueryError(f"cannot be read from character {place + 1} on")
        yield _Token(found.lastgroup, found[found.lastgroup])
        place = found.end()


class _Reader:
    """Reads tokens from the first to the last."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._left = tokens[::-1]

    def query(self) -> Query:
        """All of it."""
        self._take_keyword("select")
        fields = [self._name()]
        while self._next_is("comma"):
            self._left.pop()
            fields.append(self._name())
        self._take_keyword("from")
        of = self._name()
        conditions = []
        if self._left:
            self._take_keyword("where")
            conditions.append(self._condition())
        while self._left:
            self._take_keyword("and")
            conditions.append(self._condition())
        return Query(fields=tuple(fields), object=of, conditions=tuple(conditions))

    def _condition(self) -> Compared:
        field = self._name()
        comparison: Comparison = self._take("comparison").text  # type: ignore[assignment]
        value = self._value()
        if value is None and comparison not in ("=", "!="):
            raise MalformedQueryError("null is equal or not, and nothing else")
        return Compared(field, comparison, value)

    def _value(self) -> str | None:
        if self._next_is("text"):
            return _ESCAPED.sub(r"\1", self._left.pop().text[1:-1])
        if self._next_is("bare"):
            return self._left.pop().text
        token = self._take("word")
        if token.text not in _LITERALS:
            raise MalformedQueryError(f"{token.text!r} is no value: texts stand in single quotes")
        return _LITERALS[token.text]

    def _name(self) -> str:
        token = self._take("word")
        if token.text in _KEYWORDS:
            raise MalformedQueryError(f"{token.text!r} stands where a name is expected")
        return token.text

    def _take_keyword(self, word: str) -> None:
        token = self._take("word")
        if token.text != word:
            raise MalformedQueryError(f"{token.text!r} stands where {word!r} is expected")

    def _take(self, kind: str) -> _Token:
        if not self._left:
            raise MalformedQueryError(f"ends where a {kind} is expected")
        token = self._left.pop()
        if token.kind != kind:
            raise MalformedQueryError(f"{token.text!r} stands where a {kind} is expected")
        return token

    def _next_is(self, kind: str) -> bool:
        return bool(self._left) and self._left[-1].kind == kind
