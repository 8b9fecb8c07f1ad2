"""Journal entries written by hand, and postings of revenue that is computed: written, changed, removed in open months.

No calculation reads them, and a close does not post them: they stand in the ledger from the moment they are told. A
posting has no lines of its own. It takes computed entries under its id, as a whole, so that they are told as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from ratable.currencies import CURRENCIES
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import keep_open, refuse_closed
from ratable_server.operations.kept import Further
from ratable_server.operations.matters import fact_columns
from ratable_server.operations.register_links import Thing, keeping_things, refuse_gone, things_in
from ratable_server.operations.soundness import refuse_unfit_day, refuse_unfit_further
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.written_entries import current_entry, posting_of
from ratable_server.store.models import RegisterEntry, WrittenEntry
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.prepared import Rows
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of

_BIGGEST = 2**53  # of an amount in minor units: what every reader of JSON reads exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLine:
    """One side, in minor units, on an account of the register, or on the books' own account of a role."""

    account: int | None = None
    role: str = ""
    debit_minor: int = 0
    credit_minor: int = 0
    further: Further = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What an entry says. It has lines, or posts computed entries by their codes."""

    kind: str
    currency: str
    on: date
    lines: tuple[WrittenLine, ...] = ()
    posts: tuple[str, ...] = ()
    further: Further = field(default_factory=dict)


@retried
def write_entry(*, actor: Actor, entry: Writing, reverses: str = "", at: datetime) -> str:
    """Write an entry into an open month; give its code. One that `reverses` another may name what that one names.

    Refuses:
        entry_must_balance, currency_must_be_known, account_must_be_known, code_must_be_known,
        revenue_must_be_posted_once, period_must_be_open, date_must_be_in_range, further_must_be_small
    """
    _refuse_unfit(entry)
    with _writing(actor, entry) as names:
        refuse_closed(entry.on, keep_open(actor, entry.on), field="date")
        _refuse_gone(actor, entry, names, was=current_entry(actor, reverses) if reverses else None)
        number = next_fact_number(actor)
        code = f"manual/{number}"
        _keep(actor, entry, code=code, revision=0, number=number, at=at)
        return code


@retried
def rewrite_entry(*, actor: Actor, code: str, entry: Writing, at: datetime) -> None:
    """Say an entry anew. The month that had it is open, and so is the one that gets it.

    Refuses:
        entry_must_be_known, and what `write_entry` refuses
    """
    _refuse_unfit(entry)
    with _writing(actor, entry) as names:
        last = _open_entry(actor, code)
        refuse_closed(entry.on, keep_open(actor, entry.on), field="date")
        _refuse_gone(actor, entry, names, was=last)
        number = next_fact_number(actor)
        _keep(actor, entry, code=code, revision=last.revision + 1, number=number, at=at)


@retried
def remove_written(*, actor: Actor, code: str, at: datetime) -> None:
    """Take an entry of an open month back; what it posted is computed again as before, and posted by nothing.

    Refuses:
        entry_must_be_known, period_must_be_open
    """
    with changes_by(actor):
        last = _open_entry(actor, code)
        number = next_fact_number(actor)
        WrittenEntry(
            **fact_columns(actor, number, at=at),
            code=code,
            revision=last.revision + 1,
            kind=last.kind,
            currency=last.currency,
            on=last.on,
            booked_on=last.booked_on,
            is_removed=True,
        ).save(force_insert=True)
        record_change(actor, Change("remove_written", "written_entry", code), at=at)


def _open_entry(actor: Actor, code: str) -> WrittenEntry:
    last = current_entry(actor, code)
    if last is None:
        raise Refused("entry_must_be_known", field="entry", detail=code)
    refuse_closed(last.on, keep_open(actor, last.on), field="date")
    return last


def _refuse_unfit(entry: Writing) -> None:
    refuse_unfit_day("date", entry.on)
    refuse_unfit_further(entry.further)
    refuse_unfit_further({"lines": [dict(line.further) for line in entry.lines]})
    if entry.currency not in CURRENCIES:
        raise Refused("currency_must_be_known", field="currency", detail=entry.currency)
    if entry.posts:
        return
    debits, credits = (sum(getattr(line, side) for line in entry.lines) for side in ("debit_minor", "credit_minor"))
    has_sides = all((line.debit_minor == 0) != (line.credit_minor == 0) for line in entry.lines)
    is_sound = all(0 <= side < _BIGGEST for line in entry.lines for side in (line.debit_minor, line.credit_minor))
    if debits != credits or len(entry.lines) < 2 or not has_sides or not is_sound:  # noqa: PLR2004 - two sides
        raise Refused("entry_must_balance", field="transactions", detail=f"debits {debits}, credits {credits}")


def _keep(actor: Actor, entry: Writing, *, code: str, revision: int, number: int, at: datetime) -> None:
    other = posting_of(actor, entry.posts, but=code)
    if other is not None:
        raise Refused("revenue_must_be_posted_once", field="revenue_transactions", detail=other)
    WrittenEntry(
        **fact_columns(actor, number, at=at),
        code=code,
        revision=revision,
        kind=entry.kind,
        currency=entry.currency,
        on=entry.on,
        booked_on=month_of(entry.on),
        lines=[_line(line) for line in entry.lines],
        posts=list(entry.posts),
        further=dict(entry.further),
    ).save(force_insert=True)
    record_change(actor, Change("write_entry", "written_entry", code, after=_told(entry, revision)), at=at)


def named_by(entry: Writing) -> frozenset[Thing]:
    """What an entry names of the register, its accounts among it."""
    return _names(entry) | _accounts(entry)


def _names(entry: Writing) -> frozenset[Thing]:
    return things_in(entry.further, *(line.further for line in entry.lines))


def _accounts(entry: Writing) -> frozenset[Thing]:
    return frozenset(Thing("account", line.account) for line in entry.lines if line.account is not None)


@contextmanager
def _writing(actor: Actor, entry: Writing) -> Iterator[list[Rows]]:
    """The transaction in which an entry is told; nobody removes what it names, nor its accounts. Gives what it names."""
    names, accounts = keeping_things(actor, _names(entry)), keeping_things(actor, _accounts(entry))
    with changes_by(actor, first=(*names, *accounts)) as kept:
        yield kept[: len(names)]


def _refuse_gone(actor: Actor, entry: Writing, names: list[Rows], *, was: WrittenEntry | None) -> None:
    """Go on, unless something is gone that an entry names; what it says again of another one, it may.

    Entries outlive what they name: their lines were not looked at by removals from the first.
    """
    lines = was.lines if was else ()
    further = was.further if was else {}
    refuse_gone(names, but=things_in(further, *(line["further"] for line in lines)))
    wanted = {each.id for each in _accounts(entry)} - {line["account"] for line in lines}
    known = set(rows_of(actor, RegisterEntry).filter(kind="account", id__in=wanted).values_list("id", flat=True))
    if wanted - known:
        raise Refused("account_must_be_known", field="account", detail=str(min(wanted - known)))


def _line(line: WrittenLine) -> dict[str, Any]:
    return {**asdict(line), "further": dict(line.further)}


def _told(entry: Writing, revision: int) -> dict[str, Any]:
    lines = [_line(line) for line in entry.lines]
    return {"revision": revision, "kind": entry.kind, "on": f"{entry.on}", "lines": lines, "posts": list(entry.posts)}
