"""Documents as rows: invoices, payments, credit memos, terminations and the balances of a cut-over.

Owns the sides that a document moves and the source it names. The other side of a move is the position of its source,
and what can only be booked when all before it is (a turn) waits for its moment: both are done by the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from ratable.facts.booking import Booking
from ratable.money import to_minor
from ratable.periods import month_of
from ratable.terms import Contract, OpeningBalance
from ratable.terms_tables import Row

OPENING, DOCUMENT, TERMINATION = 0, 1, 4  # `place` of tables.MOVES: the order of a day

_DEBIT_SIDE = {"accounts_receivable", "cash", "contract_asset"}
_POSITIONS = {"contract_liability": 1, "unbilled_revenue": -1}


class Target(NamedTuple):
    """What a document or an opening balance names: one of these, the contract's usage, or nothing."""

    prepaid_commit_id: str | None = None
    subscription_id: str | None = None
    milestone_id: str | None = None
    is_usage: bool = False


NO_TARGET = Target()


class Source(NamedTuple):
    """What a position belongs to: prepaid_commit, subscription, milestone, or a contract's usage."""

    kind: str
    id: str


class Documents(NamedTuple):
    """The rows of documents: moves are booked as they are, turns when all before them is."""

    moves: tuple[Row, ...] = ()
    turns: tuple[Row, ...] = ()


def source_of(contract: Contract, target: Target) -> Source | None:
    """The source that is named, or the contract's usage if none is; None for one that is not there."""
    for kind, wanted, there in (
        ("prepaid_commit", target.prepaid_commit_id, contract.prepaid_commits),
        ("subscription", target.subscription_id, contract.subscriptions),
        ("milestone", target.milestone_id, contract.milestones),
    ):
        if wanted is not None:
            return Source(kind, wanted) if wanted in {source.id for source in there} else None
    return usage_of(contract.id)


def usage_of(contract_id: str) -> Source:
    """The source of a contract's usage."""
    return Source("usage", contract_id)


def entry_id(contract_id: str, kind: str, number: int) -> str:
    """The id of the entry of a document: its kind, and the number of the fact."""
    return f"{contract_id}/{kind}/{number}"


def invoiced_source(contract: Contract, target: Target) -> Source | None:
    """The source that an invoice names; None for one that names nothing."""
    return None if target == NO_TARGET else source_of(contract, target)


def invoice(source: Source | None, amount_minor: int, *, contract_id: str, booking: Booking) -> Documents:
    """An invoice of a source; one that names none clears what is unbilled when its turn comes, the oldest first.

    One that names the contract's usage is of usage alone: a pool that nobody has invoiced may be older.
    """
    if source is None:
        turn = _turn(contract_id, "invoice", booking, place=DOCUMENT, amount_minor=amount_minor)
        return Documents(turns=(turn,))
    sides = {"accounts_receivable": amount_minor}
    return Documents(moves=_moves(sides, source, kind="invoice", contract_id=contract_id, booking=booking))


def payment(amount_minor: int, *, contract_id: str, booking: Booking) -> Documents:
    """A payment: cash for a receivable."""
    sides = {"cash": amount_minor, "accounts_receivable": -amount_minor}
    return Documents(
        moves=_moves(sides, usage_of(contract_id), kind="payment", contract_id=contract_id, booking=booking)
    )


def credit_of_revenue(
    amount_minor: int, *, contract_id: str, booking: Booking, service_on: date | None = None
) -> Documents:
    """A credit memo that takes revenue back, of a service month if it names one."""
    sides = {"revenue": amount_minor, "accounts_receivable": -amount_minor}
    rows = _moves(sides, usage_of(contract_id), kind="adjustment", contract_id=contract_id, booking=booking)
    return Documents(moves=_of_service(rows, service_on))


def credit_of_liability(
    source: Source, amount_minor: int, *, contract_id: str, booking: Booking, service_on: date | None = None
) -> Documents:
    """A credit memo that takes from the liability of a source; for a commit, `amendments.with_grant` takes it from the pool."""
    sides = {"accounts_receivable": -amount_minor}
    rows = _moves(sides, source, kind="credit_memo", contract_id=contract_id, booking=booking)
    return Documents(moves=_of_service(rows, service_on))


def termination(refund_minor: int, *, contract_id: str, booking: Booking) -> Documents:
    """A termination: what is left of each source leaves at the end of the day, the refund first."""
    turn = _turn(contract_id, "termination", booking, place=TERMINATION, amount_minor=refund_minor)
    return Documents(turns=(turn,))


def reversal(lines: Iterable[Row], *, contract_id: str, booking: Booking) -> Documents:
    """A posted entry taken back: its lines of `tables.JOURNAL` with debit and credit swapped.

    Liability and unbilled revenue are left out: they are what the position of the source comes to, which may have
    moved on since. A reversal keeps the service month of the entry.
    """
    head = _head(contract_id, "reversal", booking)
    rows = (line for line in lines if line["account"] not in _POSITIONS)
    return Documents(moves=tuple(_swapped(line, head) for line in rows))


def voided(lines: Iterable[Row], *, contract_id: str, booking: Booking) -> Documents:
    """A posted document taken back: like a reversal, but each entry stays of its kind, so that what was billed is not."""
    head = _head(contract_id, "void", booking)
    rows = (line for line in lines if line["account"] not in _POSITIONS)
    return Documents(moves=tuple({**_swapped(line, head), **_void_of(line, booking)} for line in rows))


def voided_before_posting(filed: Documents, *, contract_id: str, booking: Booking) -> Documents:
    """The same of a document whose month is not posted yet: what it moves is taken back on the later day.

    What an invoice that names nothing clears is not known before its turn: its void takes a turn, too.
    """
    moves = voided([{**line, "credit_minor": 0} for line in filed.moves], contract_id=contract_id, booking=booking)
    return moves._replace(turns=tuple(_void_turn(turn, contract_id, booking) for turn in filed.turns))


def _void_turn(turn: Row, contract_id: str, booking: Booking) -> Row:
    """What the ledger has booked at a turn is taken back from the sources that it cleared."""
    own = _turn(contract_id, "void", booking, place=DOCUMENT, amount_minor=0)
    return {**own, "voided_number": turn["number"]}


def _void_of(line: Row, booking: Booking) -> Row:
    return {"entry_id": f"{line['entry_id']}/void/{booking.number}", "kind": line["kind"]}


def opening_moves(contract: Contract) -> list[Row]:
    """The balances of a cut-over, against the account `opening_balance`."""
    if contract.opening is None:
        return []
    as_of = contract.opening.as_of
    rows: list[Row] = []
    for place, balance in enumerate(contract.opening.balances):
        target = Target(balance.prepaid_commit_id, balance.subscription_id, balance.milestone_id)
        source = source_of(contract, target) or usage_of(contract.id)
        booking = Booking(booked_on=month_of(as_of), on=as_of, number=place)
        sides = _opening_sides(balance, to_minor(balance.amount, contract.currency))
        moves = _moves(sides, source, kind="opening", contract_id=contract.id, booking=booking)
        own = {
            "entry_id": f"{contract.id}/opening/{place}",
            "commit_id": balance.prepaid_commit_id or "",
            "place": OPENING,
        }
        rows.extend({**move, **own} for move in moves)
    return rows


def _opening_sides(balance: OpeningBalance, amount_minor: int) -> dict[str, int]:
    """A position is the other side of its moves, so that one needs only the offset."""
    if balance.account in _POSITIONS:
        return {"opening_balance": _POSITIONS[balance.account] * amount_minor}
    debit_minor = amount_minor if balance.account in _DEBIT_SIDE else -amount_minor
    return {balance.account: debit_minor, "opening_balance": -debit_minor}


def _moves(sides: dict[str, int], source: Source, *, kind: str, contract_id: str, booking: Booking) -> tuple[Row, ...]:
    """One move per account in `sides`, which gives the debits."""
    head = _head(contract_id, kind, booking)
    own: Row = {"source_kind": source.kind, "source_id": source.id, "item_id": "", "product_id": "", "commit_id": ""}
    own |= {"place": DOCUMENT, "is_adjusted": False}
    return tuple(
        {**head, **own, "account": account, "debit_minor": debit_minor} for account, debit_minor in sides.items()
    )


def _swapped(line: Row, head: Row) -> Row:
    kept = ("source_kind", "source_id", "account", "item_id", "product_id", "commit_id", "service_on")
    debit_minor = int(str(line["credit_minor"])) - int(str(line["debit_minor"]))
    own = {"place": DOCUMENT, "is_adjusted": False, "debit_minor": debit_minor}
    return {**head, **{column: line[column] for column in kept}, **own}


def _turn(contract_id: str, kind: str, booking: Booking, *, place: int, amount_minor: int) -> Row:
    own: Row = {"place": place, "amount_minor": amount_minor, "voided_number": 0}
    return {**_head(contract_id, kind, booking), **own}


def _head(contract_id: str, kind: str, booking: Booking) -> Row:
    return {
        "entry_id": entry_id(contract_id, kind, booking.number),
        "contract_id": contract_id,
        "kind": kind,
        "service_on": booking.booked_on,
        "booked_on": booking.booked_on,
        "on": booking.on,
        "number": booking.number,
    }


def _of_service(rows: tuple[Row, ...], service_on: date | None) -> tuple[Row, ...]:
    return tuple({**row, "service_on": service_on} for row in rows) if service_on else rows
