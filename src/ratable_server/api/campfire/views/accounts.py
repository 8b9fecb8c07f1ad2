"""`/coa/api/account`: the chart of accounts, and its two halves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
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
from ratable_server.api.campfire.views.account_balances import account_balances
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.registered import INACTIVE, TEXT, RegisterView, ids_of
from ratable_server.clock import now_at
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.register import Entry, Only, ancestors, register, used_accounts

_FILTERS = [
    OpenApiParameter("account", OpenApiTypes.INT, description="This account; can be said several times."),
    OpenApiParameter("account_type", OpenApiTypes.STR, description="Of this type; can be said several times."),
    OpenApiParameter("account_subtype", OpenApiTypes.STR, description="Of this subtype; can be said several times."),
    OpenApiParameter("include_cost_allocation", OpenApiTypes.BOOL, description="Accounts of cost allocation, too."),
    INACTIVE,
    TEXT,
]

_NOTHING = (Decimal(0), Decimal(0))


class _OfAccounts(RegisterView):
    kind = "account"
    schema_of = ChartAccountSerializer
    links = {"parent": "account", "parent_bank_account": "account", "default_department": "department"}
    many = {"default_tags": "tag"}
    unused = {"status": "INACTIVE"}

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        above, used = ancestors(actor=self.actor, kind=self.kind), used_accounts(actor=self.actor)
        is_new = self.request.method == "POST"
        balances = {} if is_new else account_balances(self.actor, on=now_at().date())
        return [
            translate.from_account(
                entry,
                names,
                ancestors=above,
                is_used=entry.id in used or entry.id in balances or _is_above(above, entry),
                balances=balances.get(entry.id, {}).get(entry.further.get("currency") or "USD", _NOTHING),
            )
            for entry in entries
        ]

    @override
    def row(self, id: int) -> Entry:
        own = translate.OWN_ENTRIES.get(id)
        return super().row(id) if own is None else Entry(**asdict(own))

    def refuse_own(self, id: int) -> None:
        """Go on, unless it is an account of the books.

        Raises:
            ValidationError: told without a field.
        """
        if id in translate.OWN_ENTRIES:
            message = "An account of the books stays; name one of yours for its use in the settings or in products."
            raise ValidationError({"error": message})

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
        """Accounts by pages, in the order in which they were told; those of the books come last."""
        only = self._asked(request)
        own = [Entry(**asdict(entry)) for entry in translate.OWN_ENTRIES.values() if translate.is_asked(entry, only)]

        def ask(asked: Asked) -> Found[Entry]:
            told = register(actor=self.actor, kind=self.kind, asked=asked, only=only)
            if asked.is_deleted or asked.modified_from is not None:
                return told
            rest = own[max(asked.offset - told.count, 0) :][: asked.limit - len(told.rows)]
            return Found(count=told.count + len(own), rows=(*told.rows, *rest))

        return listing(request, ask, self.told)

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
            more = ["COST_ALLOCATION"] if flag_of(request, "include_cost_allocation") else []
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
        self.refuse_own(id)
        return self.changed(id, is_partial=False)

    @takes(ChartAccountSerializer, ChartAccountSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of an account."""
        self.refuse_own(id)
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take an account away that nothing names."""
        self.refuse_own(id)
        return self.removed(id)


def _is_above(above: dict[int, list[int]], entry: Entry) -> bool:
    return any(entry.id in chain for chain in above.values())
