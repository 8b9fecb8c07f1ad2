"""`/coa/api/transaction`: lines of the ledger, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.fields import told_amount
from ratable_server.api.campfire.schemas.journal_entries import ChartTransactionSerializer
from ratable_server.api.campfire.translate import journal_entries as translate
from ratable_server.api.campfire.translate.chart import Chart
from ratable_server.api.campfire.views.asking import limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.ledger_asking import (
    ALL_TIME,
    DAYS,
    amount_of,
    choice_of,
    ids_of,
    parameter,
    refuse_unserved,
    window_of,
    words_of,
)
from ratable_server.api.campfire.views.ledger_told import chart_of, is_of, is_one_of, named_in, on_accounts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.queries.ledger import PlacedLine, ledger_lines
from ratable_server.queries.ledger_books import LedgerAsked
from ratable_server.queries.listing import EVERYTHING

_SORTS = ("-posted_at", "posted_at")
# Words of that ledger which have nothing behind them here: banks, bills, matching, pivots. Asked for, they are refused.
_UNSERVED = (
    "aggregation_fields", "bank", "bank_description", "bank_id", "categorized", "download",
    "exclude_reconciliation_report", "expense_or_ap", "group", "group_fields", "group_id", "group_keys",
    "has_linked_fixed_asset", "has_parent_bank_transaction", "is_not_reconciled", "is_reconciled", "needs_review",
    "no_department", "no_tag", "no_vendor", "opposing_account", "opposing_account_subtype", "payee", "payee_id",
    "pivot_fields", "q", "reconciliation_report", "revenue_or_receivables", "shouldPivot", "tag", "tag_groups", "tag_id",
    "department_or_unassigned", "exclude_entity", "exclude_entity_id", "exclude_id", "exclude_journal",
)  # fmt: skip
# These change nothing of what is told here.
_MOOT = (
    "account_rollup", "display_opening_balance", "entity_rollup", "exclude_uncategorized_accounts", "include_matches",
    "match_type",
)  # fmt: skip
_AMOUNTS = tuple(f"{side}_amount_{limit}" for side in ("debit", "credit") for limit in ("equal", "gte", "lte", "null"))
_IDS = (
    "account",
    "account_id",
    "accounts",
    "department",
    "department_id",
    "entity",
    "entity_id",
    "vendor",
    "vendor_id",
)
_WORDS = ("account_subtype", "account_type", "currency", "journal_type", "journal_type__nin", "ordering", "sort")
FILTERS = [
    *DAYS,
    ALL_TIME,
    *(parameter(name, OpenApiTypes.STR, "Lines of these.") for name in (*_IDS, *_WORDS)),
    *(parameter(name, OpenApiTypes.STR, "Lines of such amounts.") for name in _AMOUNTS),
    *(parameter(name, OpenApiTypes.STR, "Refused where it asks for something.") for name in _UNSERVED),
    *(parameter(name, OpenApiTypes.STR, "Changes nothing here.") for name in _MOOT),
    parameter("posted", OpenApiTypes.BOOL, "Addition: only what closed months have posted."),
]
TOTALS = inline_serializer(
    "ChartTransactionTotals",
    {
        "count": serializers.IntegerField(),
        "total_debits": told_amount(),
        "total_credits": told_amount(),
        "net": told_amount(),
    },
)


class LedgerTransactions(CampfireView):
    """The lines of the ledger."""

    operation_ids = {"GET": "coa_api_transaction_retrieve"}

    @gives(page_of(ChartTransactionSerializer), parameters=[*PAGES, *SYNC, *FILTERS])
    def get(self, request: Request) -> Response:
        """Lines by pages, the newest first."""
        chart, today = chart_of(self.actor), now_at().date()
        asked = lines_asked(request, chart)
        return listing(
            request,
            lambda page: ledger_lines(
                actor=self.actor, on=today, asked=replace(asked, limit=page.limit, offset=page.offset)
            ),
            lambda rows: told(self.actor, rows, chart),
        )


class LedgerTotals(CampfireView):
    """What lines come to."""

    operation_ids = {"GET": "get_chart_transaction_totals"}

    @gives(TOTALS, parameters=[*SYNC, *FILTERS])
    def get(self, request: Request) -> Response:
        """Debits and credits of the lines that are asked for."""
        asked = replace(lines_asked(request, chart_of(self.actor)), limit=EVERYTHING.limit)
        found = ledger_lines(actor=self.actor, on=now_at().date(), asked=asked)
        return Response({"count": found.count, **translate.totals_of(found.rows)})


class LedgerTransaction(CampfireView):
    """One line."""

    operation_ids = {"GET": "coa_api_transaction_retrieve_2"}

    @gives(ChartTransactionSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A line by its id."""
        found = ledger_lines(actor=self.actor, on=now_at().date(), asked=LedgerAsked(ids=[id]))
        if found.first is None:
            raise NotFound
        return Response(told(self.actor, [found.first], chart_of(self.actor))[0])


def told(actor: Actor, rows: Sequence[PlacedLine], chart: Chart) -> list[dict[str, Any]]:
    """Lines, as the wire has them."""
    names = named_in(actor, [row.entry for row in rows], [row.line for row in rows])
    return [
        ChartTransactionSerializer.answer(
            translate.from_line(row.line, row.entry, chart, names=names, tenant=actor.tenant_id), row.line.further
        )
        for row in rows
    ]


def lines_asked(request: Request, chart: Chart) -> LedgerAsked:
    """The lines that a request asks for."""
    refuse_unserved(request, _UNSERVED)
    window, limits = window_of(request, today=now_at().date()), limits_of(request)
    return LedgerAsked(
        days_from=window.starts_on,
        days_through=window.ends_on,
        modified_from=limits.modified_from,
        modified_through=limits.modified_through,
        is_deleted=limits.is_deleted,
        of_entry=_of_types(words_of(request, "journal_type"), words_of(request, "journal_type__nin")),
        currencies=words_of(request, "currency"),
        customers=ids_of(request, "vendor", "vendor_id"),
        contract_further=_of_contracts(request),
        entities=ids_of(request, "entity", "entity_id"),
        on_account=on_accounts(chart, _wanted(request)),
        is_posted=True if flag_of(request, "posted") else None,
        newest_first=_is_newest_first(request),
        **_of_amounts(request),
    )


def _of_types(types: Sequence[str] | None, not_types: Sequence[str] | None) -> Callable[[str, str], bool] | None:
    if types is None and not_types is None:
        return None

    def is_wanted(kind: str, code: str) -> bool:
        type = translate.type_of(kind, code)
        return (types is None or type in types) and type not in (not_types or ())

    return is_wanted


def _is_newest_first(request: Request) -> bool:
    name = "sort" if "sort" in request.query_params else "ordering"
    return choice_of(request, name, _SORTS) == "-posted_at"


def _of_contracts(request: Request) -> dict[str, list[int]]:
    departments = ids_of(request, "department", "department_id")
    return {} if departments is None else {"department": departments}


def _wanted(request: Request) -> list[Any]:
    ids = ids_of(request, "account", "account_id", "accounts")
    of_ids = [] if ids is None else [is_one_of(ids)]
    said = {field: words_of(request, f"account_{field}") for field in ("type", "subtype")}
    return [*of_ids, *(is_of(field, words) for field, words in said.items() if words)]


def _of_amounts(request: Request) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for side in ("debit", "credit"):
        equal = amount_of(request, f"{side}_amount_equal")
        limits[f"{side}_from"] = equal if equal is not None else amount_of(request, f"{side}_amount_gte")
        limits[f"{side}_through"] = equal if equal is not None else amount_of(request, f"{side}_amount_lte")
        limits[f"is_{side}"] = False if flag_of(request, f"{side}_amount_null") else None
    return limits
