"""`/coa/api/account`: the chart of accounts, and its two halves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable.currencies import CURRENCIES
from ratable_server.api.campfire.schemas.accounts import ChartAccountSerializer
from ratable_server.api.campfire.translate import accounts as translate
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.registered import INACTIVE, TEXT, TRUE, RegisterView, ids_of
from ratable_server.queries.register import Entry, Only, ancestors, used_accounts

_FILTERS = [
    OpenApiParameter("account", OpenApiTypes.INT, description="This account; can be said several times."),
    OpenApiParameter("account_type", OpenApiTypes.STR, description="Of this type; can be said several times."),
    OpenApiParameter("account_subtype", OpenApiTypes.STR, description="Of this subtype; can be said several times."),
    OpenApiParameter("include_cost_allocation", OpenApiTypes.BOOL, description="Accounts of cost allocation, too."),
    INACTIVE,
    TEXT,
]


class _OfAccounts(RegisterView):
    kind = "account"
    schema_of = ChartAccountSerializer
    links = {"parent": "account", "parent_bank_account": "account", "default_department": "department"}
    many = {"default_tags": "tag"}
    unused = {"status": "INACTIVE"}

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        above, used = ancestors(actor=self.actor, kind=self.kind), used_accounts(actor=self.actor)
        return [
            translate.from_account(entry, names, ancestors=above, is_used=entry.id in used or _is_above(above, entry))
            for entry in entries
        ]

    @override
    def judged(self, fields: dict[str, Any], row: Entry | None) -> dict[str, Any]:
        judged = super().judged(fields, row)
        if judged.get("currency", "USD") not in CURRENCIES:
            raise ValidationError({"currency": ["Not a currency of ISO 4217."]})
        return {name: value for name, value in judged.items() if name not in translate.NEVER_KEPT}


class Accounts(_OfAccounts):
    """All accounts."""

    half: ClassVar[Sequence[str] | None] = None

    @gives(page_of(ChartAccountSerializer), parameters=[*PAGES, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Accounts by pages, in the order in which they were told."""
        return self.listed(request, self._asked(request))

    @posts(ChartAccountSerializer, ChartAccountSerializer)
    def post(self, _request: Request) -> Response:
        """Add an account; its number is the only one."""
        return self.created()

    def _asked(self, request: Request) -> Only:
        """`account` names single ones, which is the filter of the list by ids in the register."""
        having: dict[str, Sequence[Any]] = {
            name: said for name in ("account_type", "account_subtype") if (said := request.query_params.getlist(name))
        }
        if self.half is not None:
            more = ["COST_ALLOCATION"] if _is_true(request, "include_cost_allocation") else []
            half = [*self.half, *more]
            having["account_type"] = [each for each in having.get("account_type", half) if each in half]
        return self.only(request, ids_of(request, "account"), **having)


class BalanceSheetAccounts(Accounts):
    """Accounts of the balance sheet."""

    half = translate.IN_BALANCE_SHEET


class IncomeStatementAccounts(Accounts):
    """Accounts of the income statement."""

    half = translate.IN_INCOME_STATEMENT


class Account(_OfAccounts):
    """One account."""

    @gives(ChartAccountSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An account by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(ChartAccountSerializer, ChartAccountSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say an account whole again."""
        return self.changed(id, is_partial=False)

    @takes(ChartAccountSerializer, ChartAccountSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of an account."""
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take an account away that nothing names."""
        return self.removed(id)


def _is_above(above: dict[int, list[int]], entry: Entry) -> bool:
    return any(entry.id in chain for chain in above.values())


def _is_true(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in TRUE
