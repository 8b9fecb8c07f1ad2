"""What the columns of a file of usage mean: who used, when, how much; every other column is a dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ratable_server.store.fields import CODE_LENGTH
from ratable_server.store.staging.problems import unreadable

FACT = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")
PREPAID = ("prepaid_commit", "contract")
_LONGEST, _MOST_UNITS = CODE_LENGTH, 10**12 - 1
_MOST_COLUMNS = 500
_NAME_LENGTH = 200


class Layout(NamedTuple):
    """How many columns a file has, and by their places which of them say what, and which are dimensions."""

    width: int
    known: Mapping[str, int]
    further: Mapping[str, int]


def layout_of(names: Sequence[str], item: str | None) -> Layout:
    """The layout of a table with these columns; `item` is the one that rows without an item belong to.

    Prepaid usage names a prepaid commit or a contract in place of an item; beside an item those are dimensions.

    Refuses:
        file_must_be_readable
    """
    columns = _sound(names)
    has_item = "item" in columns or item is not None
    for needed in (("used_on", "used_at"), ("quantity", "amount")):
        if not set(needed) & set(columns):
            raise unreadable(f"has no column {' or '.join(needed)}; {_told(columns)}", line=1)
    if not has_item and not set(PREPAID) & set(columns):
        raise unreadable(f"has no column item, and no item is named for all rows; {_told(columns)}", line=1)
    words = FACT if has_item else (*FACT, *PREPAID)
    places = {name: place for place, name in enumerate(columns)}
    return Layout(
        len(columns),
        {name: place for name, place in places.items() if name in words},
        {name: place for name, place in places.items() if name not in words},
    )


class Words(NamedTuple):
    """What columns are called elsewhere: names in small letters -> words of ours; `kept` ones are dimensions as well.

    Of several names of one word the first that a file has counts. Of the words in each of `needed` a file has one.
    An id has at most `longest` characters, a row at most `most_units`.
    """

    of: Mapping[str, str]
    needed: Sequence[tuple[str, ...]]
    kept: frozenset[str] = frozenset()
    longest: int = _LONGEST
    most_units: int = _MOST_UNITS

    def layout_of(self, names: Sequence[str], *, line: int = 1) -> Layout:
        """The layout of a table, or of a record in this line, with these columns, in whatever order and letters.

        Refuses:
            file_must_be_readable
        """
        columns = _sound(names, line=line)
        places = {name.casefold(): place for place, name in enumerate(columns)}
        known: dict[str, int] = {}
        for name, word in self.of.items():
            if name in places:
                known.setdefault(word, places[name])
        for words in self.needed:
            if not set(words) & set(known):
                wanted = " or ".join(name for name, word in self.of.items() if word in words)
                raise unreadable(f"has no column {wanted}; {_told(columns)}", line=line)
        kept = {name: places[name] for name in self.kept if name in places}
        rest = {name: place for place, name in enumerate(columns) if place not in known.values()}
        return Layout(len(columns), known, {**rest, **kept})


def _sound(names: Sequence[str], *, line: int = 1) -> tuple[str, ...]:
    """The names, less blanks around them.

    Refuses:
        file_must_be_readable: too many, two that are the same, or one that is empty
    """
    columns = tuple(name.strip() for name in names)
    if len(columns) > _MOST_COLUMNS:
        raise unreadable(f"has {len(columns)} columns; {_MOST_COLUMNS} at most", line=line)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise unreadable(f"two columns have the name {doubled[0]!r}", line=line)
    if "" in columns:
        raise unreadable("a column has no name", line=line)
    return columns


def _told(columns: Sequence[str]) -> str:
    return f"its columns are: {', '.join(name[:_NAME_LENGTH] for name in columns[:20])}"
