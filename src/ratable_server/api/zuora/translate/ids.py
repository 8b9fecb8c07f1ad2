"""Ids of 32 hexadecimal letters, made of what a thing is and of its row: 8 letters and 24; nothing is kept.

Whose a row is, the books say: the id of another tenant's thing leads to a row that is not there.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal, get_args

Kind = Literal["reported_usage", "customer", "contract", "item", "import", "period", "user", "entity"]

_KINDS: tuple[Kind, ...] = get_args(Kind)  # appended to, never reordered: ids that were told stay true
_FIRST = 0x8AD0_0000
_PREFIXES: dict[Kind, str] = {kind: f"{_FIRST + place:08x}" for place, kind in enumerate(_KINDS, start=1)}
_ID = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_BIGGEST_ROW = 2**63 - 1


def public_id(kind: Kind, row_id: int) -> str:
    """The id under which this API tells a row."""
    return f"{_PREFIXES[kind]}{row_id:024x}"


def row_id_of(kind: Kind, public: str) -> int | None:
    """The row that an id means; None: it is no id of this kind."""
    if not _ID.fullmatch(public) or public[:8].lower() != _PREFIXES[kind]:
        return None
    row_id = int(public[8:], 16)
    return row_id if row_id <= _BIGGEST_ROW else None


def is_public_id(text: str) -> bool:
    """Does a text have the form of an id, of whatever kind?"""
    return _ID.fullmatch(text) is not None


def user_id(name: str) -> str:
    """The id of who did something: the same name has the same id. The way back is not needed."""
    return f"{_PREFIXES['user']}{hashlib.sha256(name.encode()).hexdigest()[:24]}"
