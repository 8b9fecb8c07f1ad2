"""`/rr/api/v1/contracts`: what was agreed with customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.contracts import STATUSES, ContractSerializer
from ratable_server.api.campfire.translate import contracts as translate
from ratable_server.api.campfire.translate import prepaid_commits
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import created, names_of, refuse_unknown, tags_of
from ratable_server.api.campfire.views.registered import ids_of
from ratable_server.api.campfire.views.transactions_gone import delete_with_revenue
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.contracts import create_contract, delete_contract, modify_contract
from ratable_server.queries.catalog import products
from ratable_server.queries.contracts import Contract as Row
from ratable_server.queries.contracts import ContractsAsked, Standing, contracts
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import Asked
from ratable_server.queries.totals import contract_totals

_STATUS = OpenApiParameter("status", OpenApiTypes.STR, many=True, enum=STATUSES, description="Where they stand today.")


class Contracts(CampfireView):
    """All contracts."""

    operation_ids = {"GET": "list_contracts", "POST": "create_contract"}

    @gives(page_of(ContractSerializer), parameters=[*PAGES, *SYNC, _STATUS])
    def get(self, request: Request) -> Response:
        """Contracts by pages, in the order in which they were signed; `q`, `client` and `status` narrow them."""
        return listing(
            request,
            lambda asked: contracts(actor=self.actor, asked=_narrowed(request, asked)),
            lambda rows: told(self.actor, rows),
        )

    @posts(ContractSerializer, ContractSerializer)
    def post(self, _request: Request) -> Response:
        """Sign a contract, with its prepaid commits."""
        fields = _fields(self, is_partial=False)
        if fields.get("client") is None:
            raise ValidationError({"client": ["This field is required."]})
        _refuse_renewal(fields)
        if fields.get("status") == translate.DELETED:
            raise ValidationError({"status": ["A contract is deleted once it is there."]})
        code = created("contract", translate.wanted_code(fields), lambda code: _create(self.actor, fields, code))
        return Response(told(self.actor, contracts(actor=self.actor, asked=Asked(codes=[code])).rows)[0], status=201)


class Contract(CampfireView):
    """One contract."""

    @gives(ContractSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A contract by its id."""
        return Response(told(self.actor, [contract_of(self.actor, id)])[0])

    @takes(ContractSerializer, ContractSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a contract whole again: what is left out of its further fields is unset. The status `DELETED` deletes it."""
        return self._change(id, is_partial=False)

    @takes(ContractSerializer, ContractSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a contract. The status `DELETED` deletes it, whatever else is said."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a contract under which nothing has happened out of the books."""
        self._delete(id)
        return Response(status=204)

    def _delete(self, id: int) -> None:
        code = contract_of(self.actor, id).code
        delete_with_revenue(self.actor, code, lambda: delete_contract(actor=self.actor, contract=code, at=now_at()))

    def _change(self, id: int, *, is_partial: bool) -> Response:
        if self.read(ContractSerializer, is_partial=is_partial).get("status") == translate.DELETED:
            self._delete(id)
            return Response(
                told(self.actor, contracts(actor=self.actor, asked=Asked(ids=[id], is_deleted=True)).rows)[0]
            )
        self.alone("contract", id, lambda: self._say(id, is_partial=is_partial))
        return Response(told(self.actor, [contract_of(self.actor, id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = contract_of(self.actor, id)
        fields = translate.less_told_end(_fields(self, is_partial=is_partial), row)
        if fields.get("prepaid_commits"):
            raise ValidationError({"prepaid_commits": ["A signed contract gets prepaid commits by their own route."]})
        counted = {translate.QUANTITY: row.minimum_monthly_commitment_quantity} if "is_evergreen" in fields else {}
        _refuse_renewal({**row.further, "contract_end_date": row.ends_before, **counted, **fields}, is_asked=fields)
        if row.terminated_on is not None and "contract_end_date" in fields:
            raise Refused("contract_must_not_be_terminated", field="ends_before", detail=row.code)
        was = translate.head_of(row)
        modify_contract(
            actor=self.actor,
            contract=row.code,
            head=translate.to_head(fields, was, customer=_customer(self.actor, fields)),
            further=taken(fields, row.further if is_partial else {}, translate.OURS),
            seen=was,
            at=now_at(),
        )


def contract_of(actor: Actor, id: int) -> Row:
    """The contract that a path names.

    Raises:
        NotFound: there is none.
    """
    return found(contracts(actor=actor, asked=Asked(ids=[id])))


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Contracts, as the wire has them."""
    names = names_of(actor, [row.further for row in rows])
    on = now_at().date()
    totals = contract_totals(actor=actor, contracts=[row.code for row in rows], on=on)
    return [
        ContractSerializer.answer(
            translate.from_contract(row, totals[row.code], names, tenant=actor.tenant_id, on=on), row.further
        )
        for row in rows
    ]


def refuse_other_contract(fields: dict[str, Any], contract_id: int) -> None:
    """Go on, unless the body names another contract than the path.

    Raises:
        ValidationError: it does.
    """
    if fields.get("contract") not in {None, contract_id}:
        raise ValidationError({"contract": ["The path names another contract."]})


_STANDINGS: dict[str, Standing] = {"PENDING": "pending", "ACTIVE": "active", "COMPLETED": "completed"}


def _statuses(request: Request) -> list[str]:
    """The statuses that are asked for; deleted contracts are asked for alone.

    Raises:
        ValidationError: one is none.
    """
    said = [each for part in request.query_params.getlist("status") for each in part.upper().split(",") if each]
    unknown = [each for each in said if each not in STATUSES]
    if unknown:
        raise ValidationError({"status": [f'"{unknown[0]}" is not a valid choice.']})
    return said


def _narrowed(request: Request, asked: Asked) -> ContractsAsked:
    limits = limits_of(request)
    statuses = _statuses(request)
    return ContractsAsked(
        limit=asked.limit,
        offset=asked.offset,
        modified_from=limits.modified_from,
        modified_through=limits.modified_through,
        is_deleted=limits.is_deleted or statuses == ["DELETED"],
        standings=[_STANDINGS[each] for each in statuses if each in _STANDINGS]
        if set(statuses) - {"DELETED"}
        else None,
        on=now_at().date(),
        text=request.query_params.get("q", ""),
        customer_ids=ids_of(request, "client"),
    )


def _fields(view: CampfireView, *, is_partial: bool) -> dict[str, Any]:
    """The fields of a body, with tags in one form; everything that they name is there."""
    fields = view.read(ContractSerializer, is_partial=is_partial)
    if "tags" in fields and "tag_ids" not in fields:
        fields["tag_ids"] = tags_of(view.actor, fields["tags"])
    fields.pop("tags", None)
    refuse_unknown(view.actor, fields)
    for minimum in translate.MINIMUMS:  # the rules of terms tell that one of them is, and not which one
        if (fields.get(minimum) or 0) < 0:
            raise Refused("amount_must_be_positive", field=minimum, detail=str(fields[minimum]))
    return fields


def _refuse_renewal(fields: dict[str, Any], *, is_asked: dict[str, Any] | None = None) -> None:
    """Go on, unless a contract would renew in two ways, or without an end by no period; judged where it is asked for.

    Raises:
        ValidationError: told by the field that does not fit.
    """
    if is_asked is None or translate.RENEWS & set(is_asked):
        wrong = translate.refuses_renewal(fields)
        if wrong:
            raise ValidationError(wrong)


def _customer(actor: Actor, fields: dict[str, Any]) -> str | None:
    if fields.get("client") is None:
        return None
    row = customers(actor=actor, asked=Asked(ids=[fields["client"]])).first
    if row is None:
        raise ValidationError({"client": [f'Invalid pk "{fields["client"]}" - object does not exist.']})
    return row.code


def _create(actor: Actor, fields: dict[str, Any], code: str) -> Any:
    at = now_at()
    commits = [{**said, "product_code": product_code(actor, said)} for said in fields.get("prepaid_commits") or ()]
    signed = {**fields, "prepaid_commits": commits}
    contract = translate.to_contract(signed, code, customer=_customer(actor, fields) or "", on=at.date())
    return create_contract(
        actor=actor,
        contract=contract,
        name=fields.get("deal_name") or "",
        further=taken(fields, {}, translate.OURS),
        beside=translate.beside_of_commits(contract, fields, prepaid_commits.OURS),
        at=at,
    )


def product_code(actor: Actor, fields: dict[str, Any]) -> str | None:
    """Our id of the product that a body names.

    Raises:
        ValidationError: there is none.
    """
    if fields.get("product") is None:
        return None
    row = products(actor=actor, asked=Asked(ids=[fields["product"]])).first
    if row is None:
        raise ValidationError({"product": [f'Invalid pk "{fields["product"]}" - object does not exist.']})
    return row.code
