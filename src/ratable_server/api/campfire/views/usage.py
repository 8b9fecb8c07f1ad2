"""`/rr/api/v1/contracts/{contract_id}/usage`: lines of a contract on which usage is recorded, and their allocations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.api.campfire.problems import CLOSED
from ratable_server.api.campfire.schemas.allocations import (
    ContractProductBundleSerializer,
    ContractProductBundleUpdateSerializer,
)
from ratable_server.api.campfire.schemas.usage import ContractUsageSerializer
from ratable_server.api.campfire.translate import allocations
from ratable_server.api.campfire.translate import usage as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.allocations_agreed import refuse_other_products, refuse_parts_of_minor_units
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import names_of
from ratable_server.api.campfire.views.registered import new_code
from ratable_server.api.campfire.views.usage_fields import Said, agreed_usage, recorded_item, said_usage
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.allocations import change_allocation
from ratable_server.operations.usage import RejectedFile
from ratable_server.operations.usage_items import delete_usage_item
from ratable_server.operations.usage_told import ItemTold, add_told_item, modify_told_item
from ratable_server.queries.catalog import products
from ratable_server.queries.contract_lines import UsageItem as Row
from ratable_server.queries.contract_lines import usage_items
from ratable_server.queries.item_revenue import ItemRevenue, item_revenues
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.usage import UsageAsked, UsedMonth, usage_records, used_months
from ratable_server.queries.usage_naming import Signed, contract_signed

_OF_MINIMUM = ("minimum_quantity_needs_one_usage_group", "minimum_quantity_needs_tiers_of_a_month")


class _UsageView(CampfireView):
    """What both routes of usage lines are."""

    @override
    def answer_refused(self, refused: Refused) -> Response:
        """A minimum in units is of the contract; here it is the usage group that does not go with it."""
        is_group = refused.code in _OF_MINIMUM
        told = Refused(refused.code, field="usage_group", detail=refused.detail) if is_group else refused
        return super().answer_refused(told)


class Usages(_UsageView):
    """The usage lines of a contract."""

    @gives(page_of(ContractUsageSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int) -> Response:
        """Usage lines by pages, in the order in which they were agreed."""
        currency = signed(self.actor, contract_id).currency
        return listing(
            request,
            lambda asked: usage_items(actor=self.actor, contract_id=contract_id, asked=asked),
            lambda rows: told(self.actor, rows, currency),
        )

    @posts(ContractUsageSerializer, ContractUsageSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Agree on usage of a product, a usage group or a bundle, and record what was used."""
        (contract, said), at = agreed_usage(self, contract_id, _usable), now_at()
        row = _add(self.actor, contract, said, at=at)
        is_nothing = not said.lines and not said.named.costs_unused
        return Response(told(self.actor, [row], contract.currency, are_unused=is_nothing)[0], status=201)


class Usage(_UsageView):
    """One usage line."""

    @gives(ContractUsageSerializer)
    def get(self, _request: Request, contract_id: int, id: int) -> Response:
        """A usage line by its id."""
        return self._told(contract_id, id)

    @takes(ContractUsageSerializer, ContractUsageSerializer)
    def put(self, _request: Request, contract_id: int, id: int) -> Response:
        """Say a usage line whole again; lines of usage that are told are all there are."""
        return self._change(contract_id, id, is_partial=False)

    @takes(ContractUsageSerializer, ContractUsageSerializer)
    def patch(self, _request: Request, contract_id: int, id: int) -> Response:
        """Change some of a usage line; lines of usage that are told are added or changed."""
        return self._change(contract_id, id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, contract_id: int, id: int) -> Response:
        """Take back a usage line on which nothing was used."""
        row = item_of(self.actor, contract_id, id)
        delete_usage_item(actor=self.actor, contract=row.contract, code=row.code, at=now_at())
        return Response(status=204)

    def _change(self, contract_id: int, id: int, *, is_partial: bool) -> Response:
        self.alone("usage_item", id, lambda: self._say(contract_id, id, is_partial=is_partial))
        return self._told(contract_id, id)

    def _say(self, contract_id: int, id: int, *, is_partial: bool) -> None:
        row = item_of(self.actor, contract_id, id)
        contract = signed(self.actor, contract_id)
        said = said_usage(self, contract_id, was=row if is_partial else None)
        _modify(self.actor, contract, said, was=row, is_partial=is_partial)

    def _told(self, contract_id: int, id: int) -> Response:
        row = item_of(self.actor, contract_id, id)
        return Response(told(self.actor, [row], signed(self.actor, contract_id).currency)[0])


class UsageAllocations(CampfireView):
    """How the amount of a usage line of a bundle is split over its products."""

    @gives(ContractProductBundleSerializer)
    def get(self, _request: Request, contract_id: int, usage_id: int) -> Response:
        """The split of what has been used so far."""
        return Response(self._told(contract_id, usage_id))

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def put(self, _request: Request, contract_id: int, usage_id: int) -> Response:
        """Split by other amounts, which sum to the total; of closed months the difference is booked in the open one."""
        return self._split(contract_id, usage_id)

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def patch(self, _request: Request, contract_id: int, usage_id: int) -> Response:
        """The same."""
        return self._split(contract_id, usage_id)

    def _split(self, contract_id: int, usage_id: int) -> Response:
        row, revenue = self._row(contract_id, usage_id)
        fields = self.read(ContractProductBundleUpdateSerializer)
        refuse_other_products(fields, revenue.shares)
        refuse_parts_of_minor_units(fields, signed(self.actor, contract_id).currency)
        if not allocations.is_whole(fields, revenue.total):
            raise ValidationError({"lines": [f"The amounts must sum to the total of {revenue.total:f}."]})
        lines = allocations.to_lines(fields, _codes(self.actor, fields))
        at = now_at()
        change_allocation(actor=self.actor, item=row.code, lines=lines, on=at.date(), at=at)
        return Response(self._told(contract_id, usage_id))

    def _told(self, contract_id: int, usage_id: int) -> dict[str, Any]:
        row, revenue = self._row(contract_id, usage_id)
        currency = signed(self.actor, contract_id).currency
        return ContractProductBundleSerializer.answer(allocations.from_allocation(row, revenue, currency), {})

    def _row(self, contract_id: int, usage_id: int) -> tuple[Row, ItemRevenue]:
        """The line with its revenue.

        Raises:
            NotFound: there is none, or it is of no bundle.
        """
        row = item_of(self.actor, contract_id, usage_id)
        if row.bundle_id is None:
            raise NotFound
        return row, item_revenues(actor=self.actor, items=[row], on=now_at().date())[row.code]


def item_of(actor: Actor, contract_id: int, id: int) -> Row:
    """The usage line that a path names, of the contract that it names.

    Raises:
        NotFound: there is none.
    """
    return found(usage_items(actor=actor, contract_id=contract_id, asked=Asked(ids=[id])))


def told(actor: Actor, rows: Sequence[Row], currency: str, *, are_unused: bool = False) -> list[dict[str, Any]]:
    """Usage lines of a contract, as the wire has them; those that are unused are new and cost nothing yet."""
    names = names_of(actor, [row.further for row in rows])
    revenues = item_revenues(actor=actor, items=rows, on=now_at().date(), are_unused=are_unused)
    months: defaultdict[str | None, list[UsedMonth]] = defaultdict(list)
    asked = UsageAsked(usage_items=[row.code for row in rows])
    for month in used_months(actor=actor, asked=asked) if rows and not are_unused else ():
        months[month.usage_item].append(month)
    return [
        ContractUsageSerializer.answer(
            translate.from_usage(row, revenues[row.code], months[row.code], names=names, currency=currency), row.further
        )
        for row in rows
    ]


def signed(actor: Actor, id: int) -> Signed:
    """The contract that a path names.

    Raises:
        NotFound: there is none.
    """
    return _there(contract_signed(actor=actor, id=id))


def _there(contract: Signed | None) -> Signed:
    if contract is None:
        raise NotFound
    return contract


def _usable(contract: Signed | None) -> Signed:
    """A contract that is there, and can have usage lines."""
    if _there(contract).further.get("is_evergreen"):
        raise ValidationError({"error": "An evergreen contract has no usage lines."})
    return _there(contract)


def _add(actor: Actor, contract: Signed, said: Said, *, at: datetime) -> Row:
    """A new usage line, with its usage; as it stands then."""
    item = translate.to_item(said.fields, new_code("usage"), named=said.named, contract=contract)
    lines = said.lines or ()
    records, _ = translate.to_records(
        lines, recorded_item(actor, item, contract_id=contract.id, lines=lines), there=(), gone=()
    )
    again = ItemTold(item=item, further=taken(said.fields, {}, translate.OURS), records=records)
    try:
        created = add_told_item(actor=actor, contract=contract.code, told=again, at=at)
    except RejectedFile as rejected:
        raise _told_rejection(rejected) from None
    named = said.named
    return Row(
        id=created.id,
        further=dict(again.further),
        created_at=at,
        modified_at=at,
        deleted_at=None,
        contract_id=contract.id,
        contract=contract.code,
        product_id=named.product.id if named.product else None,
        product=item.product_id,
        product_name=named.product.name if named.product else None,
        code=item.id,
        usage_group_id=named.group.id if named.group else None,
        usage_group=item.usage_group_id,
        bundle_id=named.bundle.id if named.bundle else None,
        bundle=item.product_bundle_id,
        starts_on=item.starts_on,
        ends_before=item.ends_before,
        draws=item.draws,
        drawdown_rate=item.drawdown_rate,
        drawdown_unit=item.drawdown_unit,
        allocation=None,
    )


def _modify(actor: Actor, contract: Signed, said: Said, *, was: Row, is_partial: bool) -> None:
    item = translate.to_item(said.fields, was.code, named=said.named, contract=contract)
    recorded = recorded_item(actor, item, contract_id=contract.id, lines=said.lines)
    records, left = _records(actor, recorded, said, is_partial=is_partial)
    again = ItemTold(
        item=item,
        further=taken(said.fields, was.further if is_partial else {}, translate.OURS),
        records=records,
        voids=() if is_partial else left,
    )
    try:
        modify_told_item(actor=actor, contract=contract.code, told=again, at=now_at())
    except RejectedFile as rejected:
        raise _told_rejection(rejected) from None


def _records(
    actor: Actor, item: UsageItem, said: Said, *, is_partial: bool
) -> tuple[list[dict[str, object]], list[str]]:
    """The records of lines, and the ids of records of lines that have none any more.

    Raises:
        ValidationError: a line would be counted beside the records that its month was told to be the sum of.
    """
    if said.lines is None:
        return [], []
    asked = UsageAsked(usage_items=[item.id])
    lines, told_again = translate.news_of(
        said.lines, {month.month_on: month for month in used_months(actor=actor, asked=asked)}
    )
    there, gone = (
        usage_records(actor=actor, asked=replace(asked, limit=EVERYTHING.limit, is_deleted=is_gone)).rows
        for is_gone in (False, True)
    )
    wrong = translate.refuses_sums(lines, item, [(row.event_id, row.month_on) for row in there], is_partial=is_partial)
    if wrong:
        raise ValidationError({"lines": [wrong]})
    own = [row.event_id for row in there if row.month_on not in told_again]
    return translate.to_records(lines, item, there=own, gone=[row.event_id for row in gone])


def _told_rejection(rejected: RejectedFile) -> ValidationError:
    """Each line that cannot be, by its place; a closed month is told as such."""
    codes = {rejection.row: rejection.code for rejection in rejected.receipt.rejections}
    if {"period_must_be_open", "usage_must_not_change_under_its_id"} & set(codes.values()):
        return ValidationError({"error": CLOSED})
    return ValidationError({"lines": [f"line {row}: {code.replace('_', ' ')}" for row, code in sorted(codes.items())]})


def _codes(actor: Actor, fields: dict[str, Any]) -> dict[int, str]:
    """Our ids of the products of an allocation.

    Raises:
        ValidationError: one is not there.
    """
    ids = sorted({line["product"] for line in fields["lines"]})
    codes = {row.id: row.code for row in products(actor=actor, asked=Asked(ids=ids, limit=len(ids) or 1)).rows}
    unknown = [each for each in ids if each not in codes]
    if unknown:
        raise ValidationError({"lines": [f'Invalid pk "{each}" - object does not exist.' for each in unknown]})
    return codes
