"""Which contracts a calculation reads, and from which month on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some contracts, or all but some, over the months from `first_on` up to, not including, `before_on`.

    With `is_carried` months before `first_on` are settled and enter as sums; without, `first_on` is the
    first month of all.
    """

    codes: tuple[str, ...]
    streams: tuple[str, ...]
    is_rest: bool
    first_on: date
    before_on: date
    open_on: date
    is_carried: bool

    def holds(self, contract_id: str) -> bool:
        """Is this contract selected?"""
        return (contract_id in self.codes) != self.is_rest

    def of_contracts(self, column: str = "contract_id") -> tuple[str, list[str]]:
        """The condition on a contract's code, with its parameter."""
        return self._among(column, self.codes)

    def of_streams(self, column: str = "stream") -> tuple[str, list[str]]:
        """The condition on the stream of usage, with its parameter."""
        return self._among(column, self.streams)

    def _among(self, column: str, values: tuple[str, ...]) -> tuple[str, list[str]]:
        return (f"{column} <> ALL(%s)" if self.is_rest else f"{column} = ANY(%s)"), list(values)
