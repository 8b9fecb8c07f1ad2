"""`/ca/api/get_trial_balance`, `get_income_statement`, `get_balance_sheet` and `/coa/api/general-ledger`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.statements import (
    BalanceSheetSerializer,
    GeneralLedgerSerializer,
    IncomeStatementSerializer,
    TrialBalanceResponseSerializer,
)
from ratable_server.api.campfire.translate import statements as translate
from ratable_server.api.campfire.translate.chart import Account
from ratable_server.api.campfire.translate.statements import Span
from ratable_server.api.campfire.views.documented import gives
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.ledger_asking import (
    ALL_TIME,
    DAYS,
    FIRST_DAY,
    LAST_DAY,
    choice_of,
    ids_of,
    parameter,
    refuse_unserved,
    window_of,
)
from ratable_server.api.campfire.views.ledger_told import chart_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.queries.ledger_books import AccountKey, LedgerAsked, ledger_of, narrowed, with_accounts
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import register
from ratable_server.queries.statements import Booked, balance_sheet, income_statement, trial_balance_of

_MOST_COLUMNS = 120
_SCOPE = [
    *DAYS,
    parameter("entity", OpenApiTypes.STR, "Lines of these: of the entry, else its document, else its contract."),
    parameter("entity_rollup", OpenApiTypes.BOOL, "And of the entities below them."),
    parameter("group_by", OpenApiTypes.STR, "Refused: there are no breakdowns here."),
    parameter("posted", OpenApiTypes.BOOL, "Addition: only what closed months have posted."),
]
_CADENCE = parameter("cadence", OpenApiTypes.STR, "How the days are cut into columns.", enum=translate.CADENCES)
_DEPARTMENT = parameter("department", OpenApiTypes.STR, "What contracts of these departments booked.")
_BASIS = parameter("income_statement_basis", OpenApiTypes.STR, "What income counts.", enum=translate.BASES)


class TrialBalance(CampfireView):
    """Debits and credits of each account."""

    operation_ids = {"GET": "ca_api_get_trial_balance_retrieve"}

    @gives(TrialBalanceResponseSerializer, parameters=[*_SCOPE, _DEPARTMENT, _BASIS])
    def get(self, request: Request) -> Response:
        """Balances from the beginning to the last day; income of the range, or of the fiscal year."""
        span, basis = _span(request), choice_of(request, "income_statement_basis", translate.BASES)
        books = _books(self.actor, request)
        balance = trial_balance_of(
            actor=self.actor,
            starts_on=span.starts_on,
            through_on=span.ends_on,
            year_starts_on=year_start(self.actor, span.ends_on),
            basis="period" if basis == "period" else "fiscal_ytd",
            booked=books.booked,
        )
        return Response(translate.from_trial_balance(balance, books.accounts, span, basis=basis))


class IncomeStatement(CampfireView):
    """What was earned."""

    operation_ids = {"GET": "ca_api_get_income_statement_retrieve"}

    @gives(IncomeStatementSerializer, parameters=[*_SCOPE, _CADENCE])
    def get(self, request: Request) -> Response:
        """What income accounts have in each column."""
        span, cadence, shown = _columns(request)
        books = _books(self.actor, request)
        columns = income_statement(actor=self.actor, ranges=shown, booked=books.booked)
        rows = translate.from_income_statement(columns, books.accounts, shown)
        return Response({"income_statement": rows, **_heading(span, cadence, shown)})


class BalanceSheet(CampfireView):
    """Where accounts stand."""

    operation_ids = {"GET": "ca_api_get_balance_sheet_retrieve"}

    @gives(BalanceSheetSerializer, parameters=[*_SCOPE, _CADENCE])
    def get(self, request: Request) -> Response:
        """What stands on each account at the end of each column, from the beginning on."""
        span, cadence, shown = _columns(request)
        books = _books(self.actor, request)
        eves = [year_start(self.actor, each.ends_on) - timedelta(days=1) for each in shown]
        told = balance_sheet(actor=self.actor, days=[*(each.ends_on for each in shown), *eves], booked=books.booked)
        columns, earlier = told[: len(shown)], told[len(shown) :]
        rows = translate.from_balance_sheet(columns, earlier, books.accounts, shown=shown)
        return Response({"balance_sheet": rows, **_heading(span, cadence, shown)})


class GeneralLedger(CampfireView):
    """Each account over a range of days."""

    operation_ids = {"GET": "coa_api_general_ledger_retrieve"}

    @gives(GeneralLedgerSerializer, parameters=[*_SCOPE, ALL_TIME])
    def get(self, request: Request) -> Response:
        """What each account had before, what moved it, and what it has at the end; its lines are `/coa/api/transaction`."""
        window = window_of(request, today=now_at().date())
        span = Span(window.starts_on or FIRST_DAY, window.ends_on or LAST_DAY)
        books = _books(self.actor, request)
        everything = Booked(lines=books.booked.lines, income_accounts=frozenset())
        days = [span.starts_on - timedelta(days=1), span.ends_on]
        opening, closing = balance_sheet(actor=self.actor, days=days, booked=everything)
        rows = translate.from_general_ledger(opening, closing, books.accounts)
        return Response({"accounts": rows, "start_date": window.starts_on, "end_date": window.ends_on})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """The lines that a statement sums, by account, and the accounts by their ids as text."""

    booked: Booked
    accounts: Mapping[str, Account]


def _books(actor: Actor, request: Request) -> _Books:
    refuse_unserved(request, ("group_by",))
    chart, accounts = chart_of(actor), dict[str, Account]()

    def named(key: AccountKey) -> str:
        account = chart.account(key)
        accounts[str(account.id)] = account
        return str(account.id)

    departments = ids_of(request, "department")
    asked = LedgerAsked(
        contract_further={} if departments is None else {"department": departments},
        entities=_entities_asked(actor, request),
        is_posted=True if flag_of(request, "posted") else None,
    )
    ledger = ledger_of(actor, on=now_at().date())
    lines = with_accounts(narrowed(actor, ledger, asked), named)
    income = frozenset(id for id, account in accounts.items() if account.is_of_income)
    return _Books(booked=Booked(lines=lines, income_accounts=income), accounts=accounts)


def _entities_asked(actor: Actor, request: Request) -> list[int] | None:
    """The entities whose lines count; None: all lines."""
    entities = ids_of(request, "entity")
    if entities is None or not flag_of(request, "entity_rollup"):
        return entities
    return _with_children(actor, entities)


def _with_children(actor: Actor, entities: list[int]) -> list[int]:
    parents = {each.id: each.further.get("parent") for each in _entities(actor)}
    found, count = set(entities), 0
    while len(found) != count:
        count = len(found)
        found |= {id for id, parent in parents.items() if parent in found}
    return sorted(found)


def _entities(actor: Actor) -> Any:
    return register(actor=actor, kind="entity", asked=EVERYTHING).rows


def year_start(actor: Actor, day: date) -> date:
    """The fiscal year is that of the first entity; without one it is the calendar's."""
    first = next(iter(_entities(actor)), None)
    told = first.further if first else {}
    month, of_month = told.get("fiscal_year_month") or 1, told.get("fiscal_year_day") or 1
    is_sound = month in range(1, 13) and of_month in range(1, 32)
    return translate.year_start(day, *((month, of_month) if is_sound else (1, 1)))


def _span(request: Request) -> Span:
    window = window_of(request, today=now_at().date())
    starts_on, ends_on = window.starts_on or FIRST_DAY, window.ends_on or LAST_DAY
    if starts_on > ends_on:
        raise ValidationError({"start_date": ["Must not be after end_date."]})
    return Span(starts_on, ends_on)


def _columns(request: Request) -> tuple[Span, str, list[Span]]:
    span, cadence = _span(request), choice_of(request, "cadence", translate.CADENCES)
    shown = list(islice(translate.spans(span.starts_on, span.ends_on, cadence), _MOST_COLUMNS + 1))
    if len(shown) > _MOST_COLUMNS:
        raise ValidationError({"cadence": [f"More than {_MOST_COLUMNS} columns."]})
    return span, cadence, shown


def _heading(span: Span, cadence: str, shown: list[Span]) -> dict[str, Any]:
    return {
        "start_date": span.starts_on,
        "end_date": span.ends_on,
        "cadence": cadence,
        "headers": translate.headers_of(shown),
    }
