"""`/coa/api/journal_entry`: entries of the ledger, posted by closes or as open months stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.journal_entries import ChartTransactionSerializer, JournalEntrySerializer
from ratable_server.api.campfire.translate import journal_entries as translate
from ratable_server.api.campfire.translate.journal_entries import CALCULATED, WRITTEN, WRITTEN_BY_HAND
from ratable_server.api.campfire.views.asking import limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.journal_writing import entry_of, removed, rewritten, written
from ratable_server.api.campfire.views.ledger_asking import (
    ALL_TIME,
    DAYS,
    choice_of,
    ids_of,
    parameter,
    window_of,
    words_of,
)
from ratable_server.api.campfire.views.ledger_told import chart_of, is_one_of, named_in, on_accounts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.queries.ledger import LedgerEntry, ledger_entries
from ratable_server.queries.ledger_books import LedgerAsked

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

    operation_ids = {"GET": "coa_api_journal_entry_list", "POST": "coa_api_journal_entry_create"}

    @gives(page_of(JournalEntrySerializer), parameters=[*PAGES, *SYNC, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Entries by pages, by day."""
        today, asked = now_at().date(), _asked(self.actor, request)
        return listing(
            request,
            lambda page: ledger_entries(
                actor=self.actor, on=today, asked=replace(asked, limit=page.limit, offset=page.offset)
            ),
            lambda rows: told(self.actor, rows),
        )

    @posts(JournalEntrySerializer, JournalEntrySerializer)
    def post(self, _request: Request) -> Response:
        """Write an entry by hand, post revenue transactions, or reverse an entry."""
        id = written(self.actor, self.read(JournalEntrySerializer))
        return Response(told(self.actor, [entry_of(self.actor, id)])[0], status=201)


class JournalEntry(CampfireView):
    """One entry."""

    operation_ids = {
        "GET": "coa_api_journal_entry_retrieve",
        "PUT": "coa_api_journal_entry_update",
        "PATCH": "coa_api_journal_entry_partial_update",
        "DELETE": "coa_api_journal_entry_destroy",
    }

    @gives(JournalEntrySerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An entry by its id, which it keeps when it is posted."""
        return Response(told(self.actor, [entry_of(self.actor, id)])[0])

    @takes(JournalEntrySerializer, JournalEntrySerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say an entry that somebody wrote whole again."""
        return self._changed(id, is_partial=False)

    @takes(JournalEntrySerializer, JournalEntrySerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of an entry that somebody wrote."""
        return self._changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take back an entry of an open month that somebody wrote."""
        removed(self.actor, entry_of(self.actor, id))
        return Response(status=204)

    def _changed(self, id: int, *, is_partial: bool) -> Response:
        row = entry_of(self.actor, id)
        rewritten(self.actor, row, self.read(JournalEntrySerializer, is_partial=is_partial), is_partial=is_partial)
        return Response(told(self.actor, [entry_of(self.actor, id)])[0])


def told(actor: Actor, rows: Sequence[LedgerEntry]) -> list[dict[str, Any]]:
    """Entries, as the wire has them."""
    chart, names = chart_of(actor), named_in(actor, rows, [line for row in rows for line in row.lines])
    return [_told(translate.from_entry(row, chart, names, tenant=actor.tenant_id), row) for row in rows]


def _told(ours: dict[str, Any], row: LedgerEntry) -> dict[str, Any]:
    lines = [
        ChartTransactionSerializer.answer(line, of.further)
        for line, of in zip(ours["transactions"], row.lines, strict=True)
    ]
    posted = (row.written or {}).get("revenue_transaction_ids", [])
    return JournalEntrySerializer.answer(
        {**ours, "transactions": lines, "revenue_transactions": posted}, row.written or {}
    )


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
        of_entry=_of_sources(words_of(request, "source")),
        is_posted=True if flag_of(request, "posted") else None,
        newest_first=choice_of(request, "sort", _SORTS) == "-date",
    )


def _of_sources(sources: Sequence[str] | None) -> Callable[[str, str], bool] | None:
    """Entries that the books make of themselves, or those that somebody wrote."""
    if sources is None:
        return None
    wanted = {each.lower() for each in sources}
    return lambda kind, _: (WRITTEN_BY_HAND if kind.startswith(f"{WRITTEN} ") else CALCULATED) in wanted
