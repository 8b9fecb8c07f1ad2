"""A YAML file as texts, lists and mappings that know their line and column.

Owns the composing of nodes from YAML events. Nothing is constructed, so `on` stays a text and
`0.10` keeps its digits. What makes two readers see two things is refused: duplicate keys,
anchors, aliases, merge keys, tags and second documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ratable.errors import MalformedCaseError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; line and column count from 1."""

    file: Path
    line: int
    column: int

    def malformed(self, key: str, message: str) -> MalformedCaseError:
        return MalformedCaseError(self.file, self.line, key, message)


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, as written."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Listing:
    """Nodes in order."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Nodes under keys, in the order of the file; `places` are those of the keys."""

    values: dict[str, Node]
    places: dict[str, Place]
    place: Place


Node = Text | Listing | Mapping


def compose(file: Path) -> Node:
    """Read the single YAML document of a file.

    Raises:
        MalformedCaseError: not UTF-8, not YAML, empty, or one of the refused constructions.
    """
    text = _text_of(file)
    try:
        return _Composer(file, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MalformedCaseError(file, mark.line + 1 if mark else 1, "", f"not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, max(error.position, 0)) + 1
        raise MalformedCaseError(file, line, "", f"not YAML: {error.reason}") from error


def _text_of(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MalformedCaseError(file, 1, "", f"cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedCaseError(file, line, "", "is not UTF-8 text") from error


class _Composer:
    """Builds nodes from the stream of YAML events of one file."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))

    def document(self) -> Node:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise MalformedCaseError(self.file, 1, "case", "the file is empty")
        node = self._node(next(self.events), key="", depth=0)
        next(self.events)  # the end of the document
        following = next(self.events)
        if not isinstance(following, yaml.StreamEndEvent):
            self._refuse(following, "", "one file holds one case; a second document starts here")
        return node

    def _node(self, event: Any, *, key: str, depth: int) -> Node:
        self._refuse_magic(event, key)
        if depth > _DEPTH_LIMIT:
            self._refuse(event, key, f"nested deeper than {_DEPTH_LIMIT} levels")
        if isinstance(event, yaml.ScalarEvent):
            return Text(event.value, self._place(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(event, key, depth)
        return self._mapping(event, depth)

    def _listing(self, start: Any, key: str, depth: int) -> Listing:
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, key=key, depth=depth + 1))
        return Listing(tuple(items), self._place(start))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        values: dict[str, Node] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, places)
            places[key] = self._place(event)
            values[key] = self._node(next(self.events), key=key, depth=depth + 1)
        return Mapping(values, places, self._place(start))

    def _key(self, event: Any, earlier: dict[str, Place]) -> str:
        self._refuse_magic(event, "")
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "", "a key must be a plain text")
        key = str(event.value)
        if key == "<<":
            self._refuse(event, key, "merge keys are not part of the format")
        if key in earlier:
            self._refuse(event, key, f"the key is already on line {earlier[key].line}")
        return key

    def _refuse_magic(self, event: Any, key: str) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self._refuse(event, key, "anchors and aliases are not part of the format")
        if event.tag is not None:
            self._refuse(event, key, "tags are not part of the format")

    def _refuse(self, event: Any, key: str, message: str) -> NoReturn:
        raise self._place(event).malformed(key, message)

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
