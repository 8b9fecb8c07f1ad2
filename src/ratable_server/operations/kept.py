"""What is kept beside the terms and read by no calculation: names and further fields, and when they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ratable_server.operations.soundness import refuse_unfit_further, refuse_unfit_text

Further = Mapping[str, Any]
NOTHING: Further = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Of one thing: what it is called where its terms have no name, and whatever else was told."""

    name: str = ""
    further: Further = field(default_factory=dict)


Besides = Mapping[tuple[str, ...], Beside]
"""By kind and code: ("prepaid_commit", "pool"), of one product ("usage_group", "calls") and ("tier", "calls", "1").

What a contract has of several products is told by theirs too: ("tier_price_override", "api", "calls", "1").
"""

NONE: Besides = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What rows get besides their terms."""

    at: datetime
    beside: Besides = field(default_factory=dict)

    def columns(self, *key: str) -> dict[str, Any]:
        """The columns of a new thing: its further fields, and this moment."""
        return {"created_at": self.at, **self.changes(*key)}

    def changes(self, *key: str) -> dict[str, Any]:
        """The columns of a thing that is there."""
        return {"further": dict(self.of(*key).further), "modified_at": self.at}

    def of(self, *key: str) -> Beside:
        """What was told of a thing, if anything was."""
        return self.beside.get(key, Beside())


def refuse_unfit_beside(beside: Besides) -> None:
    """Go on, unless something of this cannot be kept.

    Refuses:
        text_must_be_plain, number_must_be_exact, further_must_be_small
    """
    for each in beside.values():
        refuse_unfit_text("name", each.name)
        refuse_unfit_further(each.further)
