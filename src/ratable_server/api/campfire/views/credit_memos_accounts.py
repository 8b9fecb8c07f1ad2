"""The accounts that credit memos name: of the register, or the books' own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.chart import OF_PRODUCT, REGISTERED, Account, Chart, own_account
from ratable_server.api.campfire.views.invoice_lines import wrong_line
from ratable_server.api.campfire.views.ledger_told import chart_of
from ratable_server.queries.chart import OWN_ACCOUNTS
from ratable_server.queries.ledger_books import AccountKey
from ratable_server.queries.memo_sources import MemoSource, memo_sources
from ratable_server.queries.papers import Paper, PaperLine

_FIELDS = ("account", "credit_account")
_OWN: Mapping[int, Account] = {own.id: own_account(own) for own in OWN_ACCOUNTS.values()}


def accounts_of(actor: Actor, furthers: Iterable[Mapping[str, Any]]) -> dict[int, Account]:
    """The accounts that some things name, by id."""
    ids = {further[name] for further in furthers for name in _FIELDS if isinstance(further.get(name), int)}
    chart = chart_of(actor) if ids - set(_OWN) else None
    return {id: account for id in ids for account in [_OWN.get(id) or _registered(chart, id)] if account is not None}


def with_own_accounts(actor: Actor, memos: Sequence[Paper]) -> list[Paper]:
    """Credit memos, each line with an account: those that the books filed have that of what they take back, and its product."""
    sources = memo_sources(actor=actor, memos=memos)
    if not sources:
        return list(memos)
    chart = chart_of(actor)
    return [replace(memo, lines=tuple(_with_own(line, sources, chart) for line in memo.lines)) for memo in memos]


def _with_own(line: PaperLine, sources: Mapping[int, MemoSource], chart: Chart) -> PaperLine:
    source = sources.get(line.id)
    if source is None:
        return line
    own = {"account": chart.account(source.key).id, "product": source.product_id}
    unsaid = {name: id for name, id in own.items() if line.further.get(name) is None}
    return replace(line, prepaid_commit_id=source.prepaid_commit_id, further={**line.further, **unsaid})


def deferred_accounts(actor: Actor) -> set[object]:
    """The accounts of what was billed in advance: the default one, and those of products."""
    sources = chart_of(actor).sources
    field = OF_PRODUCT["contract_liability"]
    return {sources.defaults.get("deferred_revenue"), *(each.get(field) for each in sources.products.values())} - {None}


def refuse_unknown_accounts(actor: Actor, fields: Mapping[str, Any]) -> None:
    """Go on, unless a credit memo or a line of it names no account that there is.

    Raises:
        ValidationError: told by its field.
    """
    lines = fields.get("lines") or ()
    known = accounts_of(actor, [fields, *lines])
    credit_account = fields.get("credit_account")
    if credit_account is not None and credit_account not in known:
        raise ValidationError({"credit_account": [_missing(credit_account)]})
    for place, line in enumerate(lines):
        if line["account"] is None:
            raise wrong_line(place, "account", "This field may not be null.")
        if line["account"] not in known:
            raise wrong_line(place, "account", _missing(line["account"]))


def _registered(chart: Chart | None, id: int) -> Account | None:
    if chart is None or id not in chart.sources.accounts:
        return None
    return chart.account(AccountKey(f"{REGISTERED}{id}", "", ""))


def _missing(id: int) -> str:
    return f'Invalid pk "{id}" - object does not exist.'
