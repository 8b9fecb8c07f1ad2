"""What the lines of an invoice or a credit memo are of: what they name, or what sells their product, or usage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from rest_framework.exceptions import ValidationError

from ratable.money import minor_unit_digits
from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.invoices import TARGETS, amount_of
from ratable_server.api.campfire.translate.words import TAGS, named_in
from ratable_server.api.campfire.views.naming import names_of
from ratable_server.clock import now_at
from ratable_server.operations.paper_told import Line
from ratable_server.queries.catalog import Product, products
from ratable_server.queries.contract_lines import milestones, subscriptions, usage_items
from ratable_server.queries.contracts import Contract, ContractsAsked, contracts
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import Paper
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.queries.revenue import RevenueAsked, revenue_transactions

Fields = Mapping[str, Any]
Named = tuple[str, str]  # ("prepaid_commit", "pool"): what a line is of, and its code
_NAMELESS = "These books post what belongs to a contract: name one, or revenue transactions of one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a contract sells: codes by id for each kind, and what sells a product; usage is one of them, without a code."""

    currency: str
    by_id: Mapping[str, Mapping[int, str]]
    sellers: Mapping[int, frozenset[Named]]
    billed: Mapping[int | None, frozenset[Named]] = field(default_factory=dict)

    def of(self, line: Fields, place: int) -> dict[str, str]:
        """What a line is of, as the argument of `Line` that names it; nothing: of the contract's usage.

        Raises:
            ValidationError: it names what the contract has not, or what sells its product is not one thing.
        """
        named = self._named(line, place)
        if named is None:
            named = _one(self._billed_by(line) or self.sellers.get(line.get("product") or 0, frozenset()), place)
        return {named[0]: named[1]} if named[1] else {}

    def bills_usage(self, line: Fields) -> bool:
        """Is all revenue that the body names for a line usage, overage and true-ups?"""
        return self._billed_by(line) == frozenset({_USAGE})

    def _billed_by(self, line: Fields) -> frozenset[Named] | None:
        return self.billed.get(line.get("product")) or self.billed.get(None)

    def _named(self, line: Fields, place: int) -> Named | None:
        said = {name: line[name] for name in TARGETS if line.get(name) is not None}
        if len(said) > 1:
            raise wrong_line(place, list(said)[1], "A line is of one thing.")
        for name, id in said.items():
            code = self.by_id[TARGETS[name]].get(id)
            if code is None:
                raise wrong_line(place, name, f'Invalid pk "{id}" - object does not exist.')
            return TARGETS[name], code
        return None


_USAGE: Named = ("usage", "")


def wrong_line(place: int, name: str, message: str) -> ValidationError:
    """A fault of one field of one line, told as DRF does."""
    return ValidationError({"lines": [*({} for _ in range(place)), {name: [message]}]})


def contract_named(actor: Actor, fields: Fields) -> Contract:
    """The contract that an invoice or a credit memo names, itself or by its revenue.

    Raises:
        ValidationError: it names none, or another customer's; or its currency is not that of the contract.
    """
    rows = _contracts(actor, fields)
    if not rows:
        raise ValidationError({"contract": [_NAMELESS]})
    contract = rows[0]
    if fields.get("client") not in {None, contract.customer_id}:
        raise ValidationError({"client": ["The contract is with another customer."]})
    if (fields.get("currency") or contract.currency) != contract.currency:
        raise ValidationError({"currency": [f"The contract is in {contract.currency}."]})
    return contract


def _contracts(actor: Actor, fields: Fields) -> Sequence[Contract]:
    id = fields.get("contract")
    if id is not None:
        found = contracts(actor=actor, asked=Asked(ids=[id])).rows
        if not found:
            raise ValidationError({"contract": [f'Invalid pk "{id}" - object does not exist.']})
        return found
    codes = {row.contract for row in _billed(actor, fields)}
    if len(codes) > 1:
        raise ValidationError({"revenue_transactions": ["They are of several contracts."]})
    return contracts(actor=actor, asked=ContractsAsked(codes=sorted(codes))).rows if codes else ()


def sources_of(actor: Actor, contract: Contract, fields: Fields) -> Sources:
    """What the contract sells, and what the revenue is of that the body names."""
    commits = prepaid_commits(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    over_time = subscriptions(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    on_a_day = milestones(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    items = usage_items(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    kinds: dict[str, Sequence[Any]] = {
        "prepaid_commit": commits,
        "subscription": over_time,
        "milestone": on_a_day,
    }
    sold: list[tuple[int | None, Named]] = [(item.product_id, _USAGE) for item in items]
    sold += [(row.product_id, (kind, row.code)) for kind, rows in kinds.items() for row in rows]
    by_id = {kind: {row.id: row.code for row in rows} for kind, rows in kinds.items()}
    billed = _billed_sources(actor, contract, fields, by_id=by_id)
    return Sources(currency=contract.currency, by_id=by_id, sellers=_grouped(sold), billed=billed)


def lines_of(fields: Fields, sources: Sources) -> tuple[Line, ...]:
    """The lines of an invoice, as the books have them.

    One that bills usage by its revenue is of usage alone; what else names nothing clears the oldest that is unbilled.
    """
    lines = []
    for place, line in enumerate(fields["lines"]):
        named = sources.of(line, place)
        is_of_usage = not named and sources.bills_usage(line)
        lines.append(Line(**money_of(line, place, sources.currency), **named, is_of_usage=is_of_usage))  # type: ignore[arg-type]
    return tuple(lines)


def money_of(line: Fields, place: int, currency: str) -> dict[str, Decimal]:
    """What a line comes to, and its tax."""
    said = amount_of(line, digits=minor_unit_digits(currency))
    if said is None:
        raise wrong_line(place, "amount", "This field is required.")
    tax = line.get("tax") or Decimal(0)
    if tax < 0 < said:
        raise wrong_line(place, "tax", "A line that bills something has no tax below nothing.")
    return {"amount": said, "tax": tax}


def lines_again(paper: Paper) -> tuple[Line, ...]:
    """The lines of a paper that a change leaves as they are."""
    return tuple(
        Line(
            amount=line.amount,
            tax=line.tax,
            prepaid_commit=line.prepaid_commit,
            subscription=line.subscription,
            milestone=line.milestone,
            is_of_usage=line.is_of_usage,
            against=_against(line.against),
            period=line.service_on,
        )
        for line in paper.lines
    )


def furthers_of(papers: Sequence[Paper]) -> list[Fields]:
    """What is kept beside papers, their contracts and their lines."""
    heads = [further for paper in papers for further in (paper.further, paper.contract_further)]
    return [*heads, *(line.further for paper in papers for line in paper.lines)]


def products_of(actor: Actor, papers: Sequence[Paper]) -> dict[int, Product]:
    """The products that the lines of papers name, by id."""
    named = (line.further.get("product") for paper in papers for line in paper.lines)
    ids = {each for each in named if isinstance(each, int)}
    if not ids:
        return {}
    return {row.id: row for row in products(actor=actor, asked=Asked(ids=sorted(ids), limit=len(ids))).rows}


def refuse_unknown_in_lines(actor: Actor, lines: Sequence[Fields]) -> None:
    """Go on, unless a line names a product, a department, an account or a tag that is not there.

    Raises:
        ValidationError: told by its line.
    """
    names = names_of(actor, lines)
    ids = {line["product"] for line in lines if line.get("product") is not None}
    known = {row.id for row in products(actor=actor, asked=Asked(ids=sorted(ids), limit=len(ids))).rows} if ids else ids
    for place, line in enumerate(lines):
        if line.get("product") is not None and line["product"] not in known:
            raise wrong_line(place, "product", f'Invalid pk "{line["product"]}" - object does not exist.')
        for kind, id in named_in(line):
            if (kind, id) not in names.told:
                field = TAGS if kind == "tag" else kind
                raise wrong_line(place, field, f'Invalid pk "{id}" - object does not exist.')


def refuse_null(fields: Fields, *names: str) -> None:
    """Go on, unless one of these fields says nothing; what the books file themselves has none, so that it is told as null.

    Raises:
        ValidationError: told by its field.
    """
    for name in names:
        if name in fields and fields[name] is None:
            raise ValidationError({name: ["This field may not be null."]})


def lines_told(paper: Paper) -> list[dict[str, Any]]:
    """The lines of a paper as they were told, for a change that leaves them."""
    return [{**line.further, "amount": line.amount, "tax": line.tax} for line in paper.lines]


def _against(said: str | None) -> Literal["revenue", "liability", "adjustment"]:
    return "liability" if said == "liability" else "adjustment" if said == "adjustment" else "revenue"


def _grouped(sold: Sequence[tuple[int | None, Named]]) -> dict[int, frozenset[Named]]:
    found: dict[int, set[Named]] = {}
    for product_id, named in sold:
        if product_id is not None:
            found.setdefault(product_id, set()).add(named)
    return {product_id: frozenset(each) for product_id, each in found.items()}


def _billed_sources(
    actor: Actor, contract: Contract, fields: Fields, *, by_id: Mapping[str, Mapping[int, str]]
) -> dict[int | None, frozenset[Named]]:
    """What the revenue is of that a body names, by product; all of it under None."""
    found: dict[int | None, set[Named]] = {}
    for row in _billed(actor, fields):
        if row.contract != contract.code:
            raise ValidationError({"revenue_transactions": [f'"{row.id}" is of another contract.']})
        named = _source_of(row, by_id)
        found.setdefault(row.product_id, set()).add(named)
        found.setdefault(None, set()).add(named)
    return {product_id: frozenset(each) for product_id, each in found.items()}


def _source_of(row: Any, by_id: Mapping[str, Mapping[int, str]]) -> Named:
    """Overage, true-ups and usage are of the contract's usage; what a pool covered is of the pool."""
    for kind, id in (("subscription", row.subscription_id), ("milestone", row.milestone_id)):
        if id is not None:
            return kind, by_id[kind][id]
    if row.kind in {"drawdown", "breakage", "adjustment"} and row.prepaid_commit_id is not None:
        return "prepaid_commit", by_id["prepaid_commit"][row.prepaid_commit_id]
    return _USAGE


def _billed(actor: Actor, fields: Fields) -> Sequence[Any]:
    ids: Sequence[int] = fields.get("revenue_transactions") or ()
    if not ids:
        return ()
    on: date = now_at().date()
    rows = revenue_transactions(actor=actor, on=on, asked=RevenueAsked(ids=ids, limit=EVERYTHING.limit)).rows
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing:
        raise ValidationError(
            {"revenue_transactions": [f'Invalid pk "{each}" - object does not exist.' for each in missing]}
        )
    return rows


def _one(found: frozenset[Named], place: int) -> Named:
    """The one thing that a line can be of; usage, where that is among them or where there is nothing."""
    if not found or _USAGE in found:
        return _USAGE
    if len(found) > 1:
        raise wrong_line(place, next(iter(TARGETS)), "Several things of the contract sell this: name one of them.")
    return next(iter(found))
