"""`/coa/api/journal_entry`: entries of the ledger, posted by closes or as open months stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.journal_entries import ChartTransactionSerializer, JournalEntrySerializer
from ratable_server.api.campfire.translate import journal_entries as translate
from ratable_server.api.campfire.views.asking import limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of
from ratable_server.api.campfire.views.ledger_asking import (
    ALL_TIME,
    DAYS,
    choice_of,
    flag_of,
    ids_of,
    parameter,
    window_of,
    words_of,
)
from ratable_server.api.campfire.views.ledger_told import chart_of, is_one_of, named_in, on_accounts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.queries.ledger import LedgerAsked, LedgerEntry, ledger_entries
from ratable_server.queries.listing import Found

_SORTS = ("date", "-date")
_FILTERS = [
    *DAYS,
    ALL_TIME,
    parameter("account", OpenApiTypes.STR, "Entries with a line on one of these accounts."),
    parameter("source", OpenApiTypes.STR, "`manual` or `ratable`."),
    parameter("journal_id", OpenApiTypes.STR, "One entry by its uuid."),
    parameter("sort", OpenApiTypes.STR, "`date`, or `-date` for the newest first."),
    parameter("posted", OpenApiTypes.BOOL, "Addition: only what closed months have posted."),
]


class JournalEntries(CampfireView):
    """The journal."""

    operation_ids = {"GET": "coa_api_journal_entry_list"}

    @gives(page_of(JournalEntrySerializer), parameters=[*PAGES, *SYNC, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Entries by pages, by day."""
        today, asked = now_at().date(), _asked(self.actor, request)
        return listing(
            request,
            lambda page: _found(self.actor, request, replace(asked, limit=page.limit, offset=page.offset), on=today),
            lambda rows: told(self.actor, rows),
        )


class JournalEntry(CampfireView):
    """One entry."""

    operation_ids = {"GET": "coa_api_journal_entry_retrieve"}

    @gives(JournalEntrySerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An entry by its id, which it keeps when it is posted."""
        return Response(told(self.actor, [entry_of(self.actor, id)])[0])


def entry_of(actor: Actor, id: int) -> LedgerEntry:
    """The entry that a path names.

    Raises:
        NotFound: there is none.
    """
    found = ledger_entries(actor=actor, on=now_at().date(), asked=LedgerAsked(ids=[id])).first
    if found is None:
        raise NotFound
    return found


def told(actor: Actor, rows: Sequence[LedgerEntry]) -> list[dict[str, Any]]:
    """Entries, as the wire has them."""
    chart, names = chart_of(actor), named_in(actor, rows)
    return [_told(translate.from_entry(row, chart, names, tenant=actor.tenant_id)) for row in rows]


def _told(ours: dict[str, Any]) -> dict[str, Any]:
    lines = [ChartTransactionSerializer.answer(line, {}) for line in ours["transactions"]]
    return JournalEntrySerializer.answer({**ours, "transactions": lines}, {})


def _asked(actor: Actor, request: Request) -> LedgerAsked:
    window, limits = window_of(request, today=now_at().date()), limits_of(request)
    accounts = ids_of(request, "account")
    return LedgerAsked(
        days_from=window.starts_on,
        days_through=window.ends_on,
        modified_from=limits.modified_from,
        modified_through=limits.modified_through,
        is_deleted=limits.is_deleted,
        on_account=on_accounts(chart_of(actor), [is_one_of(accounts)]) if accounts else None,
        is_posted=True if flag_of(request, "posted") else None,
        newest_first=choice_of(request, "sort", _SORTS) == "-date",
    )


def _found(actor: Actor, request: Request, asked: LedgerAsked, *, on: date) -> Found[LedgerEntry]:
    sources = words_of(request, "source")
    if sources and translate.CALCULATED not in sources:
        return Found(count=0, rows=())
    return ledger_entries(actor=actor, on=on, asked=asked)
