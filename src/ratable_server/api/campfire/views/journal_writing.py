"""What POST, PUT and PATCH of `/coa/api/journal_entry` do: entries by hand, postings of revenue, reversals."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.api.campfire.translate import journal_writing as translate
from ratable_server.api.campfire.translate.journal_entries import order_of
from ratable_server.api.campfire.translate.words import TAGS, named_in
from ratable_server.api.campfire.views.naming import refuse_unknown, tags_of
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.alone import change_together
from ratable_server.operations.journals import reverse_entry
from ratable_server.operations.written_entries import Writing, named_by, remove_written, rewrite_entry, write_entry
from ratable_server.queries.ledger import LedgerEntry, entry_public_id, ledger_entries
from ratable_server.queries.ledger_books import LedgerAsked
from ratable_server.queries.ledger_revenue import RevenueEntry, entries_of_revenue
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.register import register

_POSTED = "revenue_transactions"
_SIDED = {"transactions", "entity"}  # what says of which entity each side is
_NEW: Mapping[str, Any] = {"transactions": ()}  # what an entry said before that was not there


def entry_of(actor: Actor, id: int) -> LedgerEntry:
    """The entry that a path or a field names.

    Raises:
        NotFound: there is none.
    """
    found = ledger_entries(actor=actor, on=now_at().date(), asked=LedgerAsked(ids=[id])).first
    if found is None:
        raise NotFound
    return found


def written(actor: Actor, fields: dict[str, Any]) -> int:
    """Write what a body says, all of it or nothing; give the id of the entry."""
    if fields.get("reversal_of") and not fields.get("transactions") and not fields.get(_POSTED):
        return _reversed(actor, fields)
    entry, at = _writing(actor, fields, but=""), now_at()
    _refuse_unbalanced(entry)
    gone = [entry_of(actor, id) for id in fields.get("journals_to_delete") or ()]
    for row in gone:
        _refuse_computed(row)

    def write() -> str:
        for row in gone:
            remove_written(actor=actor, code=row.code, at=at)
        code = write_entry(actor=actor, entry=entry, at=at)
        if fields.get("reversal_date"):
            of = entry_public_id(code)
            swapped = translate.reversed_writing(
                entry, on=fields["reversal_date"], reversal_of=of, order=order_of(code)
            )
            write_entry(actor=actor, entry=swapped, reverses=code, at=at)
        return code

    days = [entry.on, *(row.on for row in gone), *filter(None, [fields.get("reversal_date")])]
    return entry_public_id(change_together(actor=actor, change=write, names=named_by(entry), days=days))


def rewritten(actor: Actor, row: LedgerEntry, fields: dict[str, Any], *, is_partial: bool) -> None:
    """Say an entry anew, or some of it; only those that somebody wrote can change."""
    _refuse_computed(row)
    if fields.get("reversal_date") or fields.get("journals_to_delete"):
        raise ValidationError({"reversal_date": ["A reversal is written with its entry, or by itself."]})
    was = translate.said_of(row)
    said = {**was, **fields} if is_partial else fields
    if row.posts and is_partial and _POSTED not in fields:
        entry = translate.to_writing(said, posts=row.posts)
    else:
        entry = _writing(actor, said, but=row.code, was=was)
    if _SIDED & set(fields):
        _refuse_unbalanced(entry)
    rewrite_entry(actor=actor, code=row.code, entry=entry, at=now_at())


def _refuse_unbalanced(entry: Writing) -> None:
    """Go on, unless the sides of an entity differ while those of the entry do not; the latter the books refuse."""
    debits, credits = (sum(getattr(line, side) for line in entry.lines) for side in ("debit_minor", "credit_minor"))
    entity = translate.unbalanced_entity(entry) if debits == credits else None
    if entity is not None:
        raise ValidationError({"transactions": [f"Debits and credits of entity {entity} are not equal."]})


def removed(actor: Actor, row: LedgerEntry) -> None:
    """Take back an entry that somebody wrote."""
    _refuse_computed(row)
    remove_written(actor=actor, code=row.code, at=now_at())


def _refuse_computed(row: LedgerEntry) -> None:
    if row.written is None:
        code = "period_must_be_open" if row.is_posted else "entry_must_be_written"
        raise Refused(code, detail=f"{row.code} is computed: change what it comes of, or reverse it once it is posted")


def _reversed(actor: Actor, fields: Mapping[str, Any]) -> int:
    """Take a whole entry back on a day: a posted one by the books, one that somebody wrote by another of the kind."""
    on, row = _day(fields), entry_of(actor, fields["reversal_of"])
    reason = fields.get("memo") or "Reversal"
    if row.written is None:
        return entry_public_id(reverse_entry(actor=actor, entry=row.code, reason=reason, on=on, at=now_at()).code)
    whole = translate.to_writing({**translate.said_of(row), "memo": reason}, posts=row.posts)
    if whole.posts:
        raise ValidationError({"reversal_of": ["A posting is deleted, not reversed."]})
    swapped = translate.reversed_writing(whole, on=on, reversal_of=row.id, order=order_of(row.code))
    return entry_public_id(write_entry(actor=actor, entry=swapped, reverses=row.code, at=now_at()))


def _writing(actor: Actor, fields: dict[str, Any], *, but: str, was: Mapping[str, Any] = _NEW) -> Writing:
    """A body as an entry of ours; everything that it names is there, and an account is active.

    What the entry that it changes named before, `was`, it may go on naming.
    """
    named = {each for said in (was, *was["transactions"]) for each in named_in(said)}
    refuse_unknown(actor, fields, but=named)
    lines = [_named_line(actor, line, but=named) for line in fields.get("transactions") or ()]
    _refuse_inactive(actor, lines, but={line["account"] for line in was["transactions"]})
    if not fields.get(_POSTED):
        return _fit({**fields, "date": _day(fields), "transactions": lines})
    posts = _Posting(actor, fields[_POSTED], but=but)
    told = {**fields, "date": posts.day(fields.get("date")), "currency": posts.currency, "type": "revenue_recognition"}
    told = {**told, "order": None, "revenue_transaction_ids": sorted(fields[_POSTED])}
    entry = _fit(told, posts=posts.codes)
    posts.refuse_other_sums(_fit({**told, "transactions": lines}) if lines else None)
    return entry


def _fit(fields: Mapping[str, Any], posts: Sequence[str] = ()) -> Writing:
    try:
        return translate.to_writing(fields, posts=posts)
    except translate.UnfitLineError as error:
        raise ValidationError({"transactions": [str(error)]}) from error


def _day(fields: Mapping[str, Any]) -> date:
    if fields.get("date") is None:
        raise ValidationError({"date": ["This field is required."]})
    day: date = fields["date"]
    return day


def _named_line(actor: Actor, line: Mapping[str, Any], *, but: Collection[tuple[str, int]]) -> dict[str, Any]:
    """A line with its tags in one form; its department, entity and tags are there."""
    told = dict(line)
    if told.get("tags"):
        told[TAGS] = tags_of(actor, told.pop("tags"))
    refuse_unknown(actor, told, but=but)
    return told


def _refuse_inactive(actor: Actor, lines: Sequence[Mapping[str, Any]], *, but: Collection[int]) -> None:
    ids = sorted({line["account"] for line in lines if line.get("account") not in {None, *but}})
    if not ids:
        return
    found = register(actor=actor, kind="account", asked=Asked(ids=ids, limit=EVERYTHING.limit)).rows
    inactive = [entry.id for entry in found if entry.further.get("status") == "INACTIVE"]
    if inactive:
        raise ValidationError({"transactions": [f"Account {inactive[0]} is inactive."]})


class _Posting:
    """Revenue transactions that are to be told in one entry: whole entries of one month and one currency."""

    def __init__(self, actor: Actor, ids: Sequence[int], *, but: str) -> None:
        ledger, entries = entries_of_revenue(actor, on=now_at().date())
        unknown = [id for id in ids if id not in entries]
        if unknown:
            _refuse(f'Invalid pk "{unknown[0]}" - object does not exist.')
        self._entries: list[RevenueEntry] = [entries[id] for id in ids]
        self.codes = sorted({entry.code for entry in self._entries})
        for entry in self._entries:
            if ledger.is_posted(entry.booked_on):
                raise Refused("period_must_be_open", field=_POSTED)
            if entry.shown not in {entry.code, but}:
                raise Refused("revenue_must_be_posted_once", field=_POSTED, detail=order_of(entry.shown))
        whole = {id for id, entry in entries.items() if entry.code in set(self.codes)}
        if whole - set(ids):
            _refuse(f"These are of the same entries: {', '.join(map(str, sorted(whole - set(ids))))}.")
        if len({(entry.currency, entry.booked_on) for entry in self._entries}) > 1:
            _refuse("All must be of one accounting period and one currency.")

    @property
    def currency(self) -> str:
        """The currency of all."""
        return self._entries[0].currency

    def day(self, told: date | None) -> date:
        """The day of the entry, in the accounting period of all; its last one where none is told."""
        month_on = self._entries[0].booked_on
        if told is not None and told.replace(day=1) != month_on:
            raise ValidationError({"date": [f"Must be in {month_on:%Y-%m}, the accounting period of the revenue."]})
        return told or month_on.replace(day=monthrange(month_on.year, month_on.month)[1])

    def refuse_other_sums(self, lines: Writing | None) -> None:
        """Lines of a posting are the books' own; if some are sent, they come to the same revenue."""
        if lines is None:
            return
        debits = sum(line.debit_minor for line in lines.lines)
        credits = sum(line.credit_minor for line in lines.lines)
        amount = sum((to_major(entry.amount_minor, entry.currency) for entry in self._entries), Decimal(0))
        if debits != credits or to_major(debits, self.currency) != abs(amount):
            raise ValidationError({"transactions": [f"The revenue comes to {amount}."]})


def _refuse(text: str) -> None:
    raise ValidationError({_POSTED: [text]})
