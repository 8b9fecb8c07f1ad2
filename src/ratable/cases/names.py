"""The ids that a case defines: unique per kind, and known where a term refers to them.

Owns the registry used while terms are read. It does not judge ids in events: an unknown one
there is a rejection or a refusal when the case is played.
"""

from __future__ import annotations

from typing import Literal

from ratable.cases.fields import Fields

Kind = Literal[
    "product",
    "usage_group",
    "product_bundle",
    "contract",
    "usage_item",
    "prepaid_commit",
    "subscription",
    "milestone",
]


class Names:
    """Ids by kind, each with its line and its owner (a product for its groups, a contract for its items)."""

    def __init__(self) -> None:
        self._lines: dict[tuple[Kind, str], int] = {}
        self._owners: dict[tuple[Kind, str], str] = {}

    def define(self, kind: Kind, fields: Fields, *, owner: str = "") -> str:
        """Read `id` as the name of a new thing of this kind."""
        name = fields.name()
        earlier = self._lines.setdefault((kind, name), fields.place("id").line)
        if (kind, name) in self._owners:
            raise fields.malformed("id", f"{name!r} is already the id of a {_words(kind)} on line {earlier}")
        self._owners[kind, name] = owner
        return name

    def known(self, kind: Kind, fields: Fields, key: str, *, owner: str = "") -> str:
        """Read a key as the id of a thing of this kind, of this owner."""
        name = fields.text(key)
        if self._owners.get((kind, name)) != owner:
            of_owner = f" of {owner!r}" if owner else ""
            raise fields.malformed(key, f"there is no {_words(kind)} {name!r}{of_owner}")
        return name

    def maybe_known(self, kind: Kind, fields: Fields, key: str, *, owner: str = "") -> str | None:
        return self.known(kind, fields, key, owner=owner) if fields.has(key) else None


def _words(kind: Kind) -> str:
    return kind.replace("_", " ")
