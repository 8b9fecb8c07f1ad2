"""What the lines of an invoice are of that is said again: as it was filed, unless it names other revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.invoices import NAMED_REVENUE, TARGETS
from ratable_server.api.campfire.views.invoice_lines import lines_again, lines_of, sources_of
from ratable_server.operations.paper_told import Line
from ratable_server.queries.contracts import Contract
from ratable_server.queries.papers import Paper, PaperLine
from ratable_server.queries.periods import is_closed_on

Fields = Mapping[str, Any]
_LATE = "It cleared what is older, in a month that is closed: void it and bill anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A line of a body, what it is of by itself, and the line of the invoice that it was; None: it is new."""

    told: Fields
    line: Line
    was: PaperLine | None


def lines_said_again(actor: Actor, contract: Contract, fields: Fields, *, row: Paper, stay: bool) -> tuple[Line, ...]:
    """The lines of an invoice that stands after a change; where they `stay`, their amounts are as they were.

    A line that was there stays of usage, or of what is oldest, so that an invoice that says the same stays as it was
    filed, in whatever month, and one of overage is of overage whether or not its revenue is named again. Where the
    invoice names other revenue than before, a line that bills usage by it is of usage from then on.

    Raises:
        ValidationError: it would be of usage from then on, and its month is closed.
    """
    is_named = _names_anew(contract, fields, row)
    if stay and not is_named:
        return lines_again(row)
    sources = sources_of(actor, contract, fields)
    told: Sequence[Fields] = fields["lines"]
    if stay:
        again = zip(told, lines_again(row), row.lines, strict=True)
        every = [
            _Said(told=each, line=replace(line, is_of_usage=sources.bills_usage(each)), was=was)
            for each, line, was in again
        ]
    else:
        every = _beside_old(told, lines_of(fields, sources), row)
    if is_named and any(_is_of_usage_now(each) for each in every):
        _refuse_closed(actor, row)
    return tuple(_line(each, is_named=is_named) for each in every)


def _names_anew(contract: Contract, fields: Fields, row: Paper) -> bool:
    named = set(fields.get(NAMED_REVENUE) or ())
    return bool(named) and (contract.id != row.contract_id or named != set(row.further.get(NAMED_REVENUE) or ()))


def _line(said: _Said, *, is_named: bool) -> Line:
    line, was = said.line, said.was
    if was is None or _has_target(was):
        return line if not _has_target(line) else replace(line, is_of_usage=False)
    if _has_target(line):
        return line if is_named or not _sells_the_same(said, was) else _without_target(line, was)
    return replace(line, is_of_usage=was.is_of_usage or (is_named and line.is_of_usage))


def _is_of_usage_now(said: _Said) -> bool:
    was, line = said.was, said.line
    return was is not None and not was.is_of_usage and not _has_target(was) and line.is_of_usage


def _refuse_closed(actor: Actor, row: Paper) -> None:
    if row.voided_on is None and is_closed_on(actor=actor, on=row.on):
        raise ValidationError({NAMED_REVENUE: [_LATE]})


def _sells_the_same(said: _Said, was: PaperLine) -> bool:
    """Does a line say no more of what it is of than the one that it was?"""
    says_target = any(said.told.get(name) is not None for name in TARGETS)
    return not says_target and said.told.get("product") == was.further.get("product")


def _without_target(line: Line, was: PaperLine) -> Line:
    return replace(line, prepaid_commit=None, subscription=None, milestone=None, is_of_usage=was.is_of_usage)


def _has_target(line: Line | PaperLine) -> bool:
    return any((line.prepaid_commit, line.subscription, line.milestone))


def _keys(place: int, line: Line | PaperLine, told: Fields) -> tuple[object, object, object]:
    """By which a line is found again: all that it says, what it comes to, its place."""
    return (line.amount, told.get("description") or "", told.get("product")), (line.amount,), (place,)


def _beside_old(told: Sequence[Fields], lines: Sequence[Line], row: Paper) -> list[_Said]:
    """Lines with those that they were: what says the same, else what comes to the same, else what was in its place."""
    old = [(_keys(place, was, was.further), was) for place, was in enumerate(row.lines)]
    new = [_keys(place, *each) for place, each in enumerate(zip(lines, told, strict=True))]
    found: dict[int, PaperLine] = {}
    for rank in range(3):
        for place, keys in enumerate(new):
            same = [each for each in old if each[0][rank] == keys[rank] and place not in found]
            if same:
                old.remove(same[0])
                found[place] = same[0][1]
    pairs = enumerate(zip(told, lines, strict=True))
    return [_Said(told=each, line=line, was=found.get(place)) for place, (each, line) in pairs]
