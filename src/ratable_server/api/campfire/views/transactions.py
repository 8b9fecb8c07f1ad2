"""`/rr/api/v1/transactions`: revenue, posted and planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.problems import CLOSED
from ratable_server.api.campfire.schemas.transactions import RevenueTransactionSerializer
from ratable_server.api.campfire.translate import transactions as translate
from ratable_server.api.campfire.views.asking import found, limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import names_of, refuse_unknown, tags_of
from ratable_server.api.campfire.views.transactions_gone import delete_with_revenue
from ratable_server.api.campfire.views.transactions_usage import (
    item_of,
    refuse_other_tier,
    retell_usage,
    tell_usage,
    untell_usage,
)
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.alone import change_together
from ratable_server.operations.register import keep_entry
from ratable_server.queries.catalog import products
from ratable_server.queries.contracts import contracts
from ratable_server.queries.ledger_revenue import postings
from ratable_server.queries.listing import EVERYTHING, Asked, Found
from ratable_server.queries.register import Entry, register
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.queries.revenue_gone import gone_revenue
from ratable_server.queries.revenue_papers import credit_memos_of, invoices_of


class Transactions(CampfireView):
    """All revenue."""

    operation_ids = {"GET": "list_revenue_transactions", "POST": "create_revenue_transaction"}

    @gives(page_of(RevenueTransactionSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Revenue by pages, by the month that books it: what closed months posted, and what open ones come to.

        With `include_deleted` what is not there any more since usage or its contract was deleted here.
        """
        limits = limits_of(request)
        return listing(request, lambda asked: self._found(limits, asked), lambda rows: told(self.actor, rows))

    def _found(self, limits: Asked, asked: Asked) -> Found[RevenueTransaction]:
        on = now_at().date()
        if limits.is_deleted:
            return gone_revenue(actor=self.actor, kind=translate.NOTE, on=on, asked=asked)
        return revenue_transactions(actor=self.actor, on=on, asked=_revenue(limits, asked))

    @posts(RevenueTransactionSerializer, RevenueTransactionSerializer)
    def post(self, _request: Request) -> Response:
        """Record usage of a usage line; the answer is what its month comes to with it."""
        fields = _fields(self, is_partial=False)
        wrong = translate.calculated_in(fields, {}, free=translate.OF_USAGE)
        if wrong:
            raise ValidationError({name: [translate.CALCULATED] for name in wrong})
        row = change_together(actor=self.actor, change=lambda: self._tell(fields))
        return Response(told(self.actor, [row])[0], status=201)

    def _tell(self, fields: dict[str, Any]) -> RevenueTransaction:
        row = tell_usage(self.actor, fields)
        _note(self.actor, row, fields, is_partial=True)
        return row


class Transaction(CampfireView):
    """One amount of revenue."""

    @gives(RevenueTransactionSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An amount of revenue by its id, which it keeps when it is posted."""
        return Response(told(self.actor, [self._row(id)])[0])

    @takes(RevenueTransactionSerializer, RevenueTransactionSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say again what can be told of it: labels, and of usage in an open month its quantity or its amount."""
        return self._change(id, is_partial=False)

    @takes(RevenueTransactionSerializer, RevenueTransactionSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of it."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take back the usage that it is of, in an open month."""
        row = self._row(id)
        if row.is_posted:
            raise ValidationError({"error": CLOSED})
        if not _is_of_usage(row):
            raise ValidationError({"error": translate.CALCULATED.replace("told", "deleted")})
        delete_with_revenue(self.actor, row.contract, lambda: untell_usage(self.actor, row))
        return Response(status=204)

    def _row(self, id: int) -> RevenueTransaction:
        return found(revenue_transactions(actor=self.actor, on=now_at().date(), asked=RevenueAsked(ids=[id])))

    def _change(self, id: int, *, is_partial: bool) -> Response:
        self.alone("revenue_transaction", id, lambda: self._say(id, is_partial=is_partial))
        return Response(told(self.actor, [self._row(id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = self._row(id)
        fields, before = _fields(self, is_partial=is_partial), told(self.actor, [row])[0]
        is_open = not row.is_posted and _is_of_usage(row) and row.bundle_id is None and row.kind == "usage"
        wrong = translate.calculated_in(fields, before, free=translate.USED if is_open else ())
        if wrong:
            closed = {"error": CLOSED}
            raise ValidationError(closed if row.is_posted else {name: [translate.CALCULATED] for name in wrong})
        if "usage_tier" in fields:
            refuse_other_tier(self.actor, fields, item_of(self.actor, row), was=before["usage_tier"])
        anew = {name: fields[name] for name in translate.USED if fields.get(name) not in (None, before[name])}
        if anew:
            retell_usage(self.actor, row, anew, external_id=fields.get("external_id"))
        _note(self.actor, row, fields, is_partial=is_partial)


def told(actor: Actor, rows: Sequence[RevenueTransaction]) -> list[dict[str, Any]]:
    """Revenue, as the wire has it."""
    contract_ids = sorted({row.contract_id for row in rows})
    product_ids = sorted({row.product_id for row in rows if row.product_id is not None})
    signed = translate.by_id(contracts(actor=actor, asked=_all_of(contract_ids)).rows if contract_ids else ())
    sold = translate.by_id(products(actor=actor, asked=_all_of(product_ids)).rows if product_ids else ())
    notes, billed = notes_of(actor, rows), invoices_of(actor=actor, rows=rows)
    credited = credit_memos_of(actor=actor, rows=rows)
    posting = postings(actor=actor)
    every = [
        translate.Said(
            posting=posting.get(row.journal_entry),
            contract=signed.get(row.contract_id),
            product=sold.get(row.product_id or 0),
            invoice=billed.get(row.id),
            credit_memo=credited.get(row.id),
            note=notes[row.id].further if row.id in notes else {},
            noted_at=notes[row.id].modified_at if row.id in notes else None,
        )
        for row in rows
    ]
    pairs = list(zip(rows, every, strict=True))
    names = names_of(actor, [translate.dimensions_of(row, said) for row, said in pairs])
    on = now_at().date()
    return [
        RevenueTransactionSerializer.answer(
            translate.from_transaction(row, replace(said, names=names), tenant=actor.tenant_id, on=on), said.note
        )
        for row, said in pairs
    ]


def notes_of(actor: Actor, rows: Sequence[RevenueTransaction]) -> dict[int, Entry]:
    """What was told of revenue beside its figures, by its ids."""
    codes = [str(row.id) for row in rows]
    found_notes = (
        register(actor=actor, kind=translate.NOTE, asked=Asked(codes=codes, limit=EVERYTHING.limit)).rows
        if codes
        else ()
    )
    return {int(entry.code): entry for entry in found_notes}


def _is_of_usage(row: RevenueTransaction) -> bool:
    """Of usage of its own month; what was booked late of another one is a difference."""
    return row.usage_item_id is not None and row.service_on == row.booked_on


def _fields(view: CampfireView, *, is_partial: bool) -> dict[str, Any]:
    """The fields of a body, with tags in one form; everything that they name is there."""
    fields = view.read(RevenueTransactionSerializer, is_partial=is_partial)
    if fields.get("tags") is not None and "tag_ids" not in fields:
        fields["tag_ids"] = tags_of(view.actor, fields["tags"])
    fields.pop("tags", None)
    refuse_unknown(view.actor, fields)
    return fields


def _note(actor: Actor, row: RevenueTransaction, fields: dict[str, Any], *, is_partial: bool) -> None:
    """Keep what was told of an amount of revenue beside its figures."""
    before = notes_of(actor, [row]).get(row.id)
    note = translate.note_of(fields, before.further if before is not None and is_partial else {})
    if note or before is not None:
        keep_entry(actor=actor, kind=translate.NOTE, code=str(row.id), further=note, at=now_at())


def _all_of(ids: Sequence[int]) -> Asked:
    return Asked(ids=ids, limit=EVERYTHING.limit)


def _revenue(limits: Asked, asked: Asked) -> RevenueAsked:
    return RevenueAsked(
        limit=asked.limit,
        offset=asked.offset,
        modified_from=limits.modified_from,
        modified_through=limits.modified_through,
    )
