"""What a refusal looks like over HTTP: a status and one of the three shapes that Django REST framework's answers have.

Owns the record; which refusal is which is a dialect's own table, and that table is total.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ratable_server.errors import Refused

Shape = Literal["detail", "error", "field"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """How a dialect tells one refusal; with `text` in its own words, otherwise in ours."""

    status: int
    shape: Shape = "field"
    text: str = ""

    def body(self, refused: Refused, *, field: str) -> dict[str, Any]:
        """The answer's body; `field` is what the dialect calls the refusal's field."""
        text = self.text or told_text(refused)
        if self.shape == "field":
            return {field or "non_field_errors": [text], "code": refused.code}
        return {self.shape: text, "code": refused.code}


def told_text(refused: Refused) -> str:
    """A refusal in our words: the rule, and what breaks it."""
    meaning = refused.rule.meaning
    return meaning if refused.detail == meaning else f"{meaning}: {refused.detail}"
