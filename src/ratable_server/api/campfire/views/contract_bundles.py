"""`/rr/api/v1/contracts/{contract_id}/bundles`: what a contract calls a bundle, kept and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.contract_bundles import ContractBundleSerializer
from ratable_server.api.campfire.translate import contract_bundles as translate
from ratable_server.api.campfire.views.asking import found, limits_of
from ratable_server.api.campfire.views.contracts import contract_of, refuse_other_contract
from ratable_server.api.campfire.views.documented import SYNC, deletes, gives, posts, takes
from ratable_server.api.campfire.views.naming import created
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.register import keep_entry, remove_entry
from ratable_server.operations.told import Created
from ratable_server.queries.catalog import products
from ratable_server.queries.contract_lines import contract_bundles
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.register import Entry

_MANY = ContractBundleSerializer(many=True)


class ContractBundles(CampfireView):
    """The bundles of a contract."""

    operation_ids = {"GET": "list_contract_bundles", "POST": "create_contract_bundle"}

    @gives(_MANY, parameters=SYNC)
    def get(self, request: Request, contract_id: int) -> Response:
        """All of them, in the order in which they came."""
        contract_of(self.actor, contract_id)
        asked = replace(limits_of(request), limit=EVERYTHING.limit)
        return Response(
            _told(self.actor, contract_bundles(actor=self.actor, contract_id=contract_id, asked=asked).rows)
        )

    @posts(ContractBundleSerializer, ContractBundleSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Keep a bundle of a contract."""
        contract = contract_of(self.actor, contract_id)
        kept = _kept(self, contract, {}, is_partial=False)
        code = created("bundle", None, lambda code: _keep(self.actor, code, kept))
        rows = contract_bundles(actor=self.actor, contract_id=contract_id, asked=Asked(codes=[code])).rows
        return Response(_told(self.actor, rows)[0], status=201)


class ContractBundle(CampfireView):
    """One bundle of a contract."""

    @gives(ContractBundleSerializer)
    def get(self, _request: Request, contract_id: int, id: int) -> Response:
        """A bundle by its id."""
        return Response(_told(self.actor, [self._row(contract_id, id)])[0])

    @takes(ContractBundleSerializer, ContractBundleSerializer)
    def put(self, _request: Request, contract_id: int, id: int) -> Response:
        """Say a bundle whole again."""
        return self._change(contract_id, id, is_partial=False)

    @takes(ContractBundleSerializer, ContractBundleSerializer)
    def patch(self, _request: Request, contract_id: int, id: int) -> Response:
        """Change some of a bundle; lines that are told are all there are."""
        return self._change(contract_id, id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, contract_id: int, id: int) -> Response:
        """Take a bundle off a contract."""
        row = self._row(contract_id, id)
        remove_entry(actor=self.actor, kind=translate.KIND, code=row.code, at=now_at())
        return Response(status=204)

    def _row(self, contract_id: int, id: int) -> Entry:
        return found(contract_bundles(actor=self.actor, contract_id=contract_id, asked=Asked(ids=[id])))

    def _change(self, contract_id: int, id: int, *, is_partial: bool) -> Response:
        self.alone("contract_bundle", id, lambda: self._say(contract_id, id, is_partial=is_partial))
        return Response(_told(self.actor, [self._row(contract_id, id)])[0])

    def _say(self, contract_id: int, id: int, *, is_partial: bool) -> None:
        row = self._row(contract_id, id)
        contract = contract_of(self.actor, contract_id)
        kept = _kept(self, contract, row.further if is_partial else {}, is_partial=is_partial)
        _keep(self.actor, row.code, kept)


def _kept(view: CampfireView, contract: Contract, was: Mapping[str, Any], *, is_partial: bool) -> dict[str, Any]:
    """What is to be kept of a body.

    Raises:
        ValidationError: it cannot be, or names a product that is not there.
    """
    fields = view.read(ContractBundleSerializer, is_partial=is_partial)
    refuse_other_contract(fields, contract.id)
    kept = translate.to_kept(fields, was, contract=contract.id)
    wrong = translate.refuses(kept, is_evergreen=bool(contract.further.get("is_evergreen")))
    if wrong:
        raise ValidationError(wrong)
    names = _product_names(view.actor, [kept])
    unknown = [each for each in translate.products_in(kept) if each not in names]
    if unknown:
        raise ValidationError({"lines": [f'Invalid pk "{each}" - object does not exist.' for each in unknown]})
    return kept


def _keep(actor: Actor, code: str, kept: Mapping[str, Any]) -> Created:
    keep_entry(actor=actor, kind=translate.KIND, code=code, further=kept, at=now_at())
    return Created(code=code)


def _product_names(actor: Actor, every: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    ids = sorted({each for kept in every for each in translate.products_in(kept)})
    rows = products(actor=actor, asked=Asked(ids=ids, limit=EVERYTHING.limit)).rows if ids else ()
    return {row.id: row.name for row in rows}


def _told(actor: Actor, rows: Sequence[Entry]) -> list[dict[str, Any]]:
    names = _product_names(actor, [row.further for row in rows])
    return [
        ContractBundleSerializer.answer(translate.from_bundle(row, names, tenant=actor.tenant_id), row.further)
        for row in rows
    ]
