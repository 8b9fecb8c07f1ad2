"""Cases changed in a way that a law says should not matter, or should matter in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ratable.cases import records
from ratable.periods import months_between, next_month
from ratable.terms import Contract, Policy
from tests.engine.laws.strategies import HORIZON

Acts = tuple[type, ...]
USAGE: Acts = (records.Usage, records.PrepaidUsage)


def with_entries(case: records.Case, entries: Iterable[records.Entry]) -> records.Case:
    """The case with other entries, numbered anew."""
    numbered = tuple(replace(entry, number=place, line=place) for place, entry in enumerate(entries, start=1))
    return replace(case, entries=numbered)


def with_policy(case: records.Case, **policy: object) -> records.Case:
    changed: Policy = replace(case.terms.policy, **policy)  # type: ignore[arg-type]
    return replace(case, terms=replace(case.terms, policy=changed))


def with_contracts(case: records.Case, change: Callable[[Contract], Contract]) -> records.Case:
    contracts = tuple(change(contract) for contract in case.terms.contracts)
    return replace(case, terms=replace(case.terms, contracts=contracts))


def without(case: records.Case, acts: Acts) -> records.Case:
    return with_entries(case, (entry for entry in case.entries if not isinstance(entry.act, acts)))


def with_more(case: records.Case, *acts: records.Act) -> records.Case:
    """More acts on the day of the last one."""
    on = case.entries[-1].on if case.entries else date(2028, 1, 1)
    return with_entries(case, [*case.entries, *(records.Entry(number=0, on=on, act=act, line=0) for act in acts)])


def on_time(case: records.Case) -> records.Case:
    """All usage is known before anything else happens."""
    first = min((entry.on for entry in case.entries), default=date(2028, 1, 1))
    usage = [replace(entry, on=first) for entry in case.entries if isinstance(entry.act, USAGE)]
    rest = [entry for entry in case.entries if not isinstance(entry.act, USAGE)]
    return with_entries(case, [*usage, *rest])


def batches_reversed(case: records.Case) -> records.Case:
    """Usage that the books learn without anything between is learned in the opposite order."""
    done: list[records.Entry] = []
    batch: list[records.Entry] = []
    for entry in case.entries:
        if isinstance(entry.act, USAGE):
            batch.insert(0, entry)
        else:
            done, batch = [*done, *batch, entry], []
    return with_entries(case, [*done, *batch])


def halved(case: records.Case) -> records.Case:
    """Every record arrives as two, of a third and two thirds."""
    entries: list[records.Entry] = []
    for entry in case.entries:
        parts = _parts(entry.act) if isinstance(entry.act, records.Usage | records.PrepaidUsage) else (entry.act,)
        entries += [replace(entry, act=part) for part in parts]
    return with_entries(case, entries)


def _parts(act: records.Usage | records.PrepaidUsage) -> tuple[records.Act, ...]:
    name = "quantity" if isinstance(act, records.Usage) and act.quantity is not None else "amount"
    whole = Decimal(getattr(act, name))
    first = (whole * 3).scaleb(-1)
    texts = {"a": format(first, "f"), "b": format(whole - first, "f")}
    return tuple(replace(act, id=f"{act.id}-{end}", **{name: text}) for end, text in texts.items())  # type: ignore[arg-type]


def all_closed(case: records.Case) -> records.Case:
    """Every month that is still open is closed at the end, through the horizon."""
    closed = _closed_months(case)
    starts = min(contract.starts_on.replace(day=1) for contract in case.terms.contracts)
    first = next_month(closed[-1]) if closed else starts
    last = next_month(date.fromisoformat(f"{HORIZON}-01"))
    return with_more(case, *(records.Close(period=month) for month in months_between(first, last)))


def _closed_months(case: records.Case) -> list[date]:
    closed: list[date] = []
    for entry in case.entries:
        if isinstance(entry.act, records.Close):
            closed.append(entry.act.period)
        elif isinstance(entry.act, records.Reopen):
            closed.pop()
    return closed


def until_last_close(case: records.Case) -> tuple[records.Case, date] | None:
    """The story through its last close, and the month that was closed."""
    places = [place for place, entry in enumerate(case.entries) if isinstance(entry.act, records.Close)]
    if not places:
        return None
    act = case.entries[places[-1]].act
    assert isinstance(act, records.Close)
    return with_entries(case, case.entries[: places[-1] + 1]), act.period


def of_contract(case: records.Case, id: str) -> records.Case:
    """The story of one contract alone."""
    terms = replace(case.terms, contracts=tuple(c for c in case.terms.contracts if c.id == id))
    entries = (entry for entry in case.entries if _belongs(entry.act, id))
    return with_entries(replace(case, terms=terms), entries)


def _belongs(act: records.Act, contract: str) -> bool:
    named = [getattr(act, name, None) for name in ("contract", "prepaid_commit", "item")]
    return not any(named) or any(name and name.startswith(contract) for name in named)
