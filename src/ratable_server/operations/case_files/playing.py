"""Playing a case through the operations, as a user would: terms first, then entry by entry.

Owns what the books refused, told in the words of the case format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ratable.cases import records
from ratable.cases.withdrawals import without
from ratable.price_plans import Refusal
from ratable.terms import Contract, Product, Terms
from ratable.terms_rules import check_terms
from ratable.terms_tables import Row
from ratable_server.actor import Actor
from ratable_server.errors import Obstructed, Refused
from ratable_server.operations.case_files.acts import moment_of, tell_entry
from ratable_server.operations.terms import import_terms
from ratable_server.operations.told_prices import unfit_own_prices, unfit_plans
from ratable_server.operations.usage import Receipt, resolve_rejection
from ratable_server.store.load.rejected_usage import open_records
from ratable_server.store.scope import books_of

_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_ID = re.compile(r"[0-9a-f]{16}\.\d+")  # of a row without an id, as the books name it

# What the books tell apart, and the case format does not.
_IN_ORDER = {"period_must_be_open": "periods_must_close_in_order"}
_LAST_CLOSED = {"period_must_be_closed": "only_the_last_closed_period_reopens"}


@dataclass(kw_only=True)
class Played:
    """A case after its last entry: the case less its refused terms, and what was not taken."""

    case: records.Case
    refused: list[Row] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)


def play_case(*, actor: Actor, case: records.Case) -> Played:
    """Tell a case to empty books.

    Prices in another measure than their plan, which the calculation takes, are refused terms here: a case is told now.

    Refuses:
        whatever the import of its terms refuses, beyond what the case's own rules do
    """
    terms, refusals = _told_now(case.terms)
    played = Played(case=replace(case, terms=without(case.terms, refusals)))
    played.refused.extend({"id": refusal.id, "code": refusal.code} for refusal in refusals)
    first_on = min((entry.on for entry in case.entries), default=_BEFORE.date())
    import_terms(actor=actor, terms=terms, at=moment_of(first_on))
    for entry in case.entries:
        _take(actor, played, entry)
    return played


def _told_now(terms: Terms) -> tuple[Terms, list[Refusal]]:
    """What of the terms the books take, and what is refused: by the rules of terms, then by those of telling prices."""
    refusals: list[Refusal] = []
    for rule in (check_terms, unfit_plans, unfit_own_prices):
        found = list(rule(terms))
        terms = _sound(without(terms, found), found)
        refusals += found
    return terms, refusals


def _sound(terms: Terms, refusals: Iterable[Refusal]) -> Terms:
    """The terms less price plans and bundles that were refused, and what a contract says of these."""
    gone = {(refusal.kind, refusal.id) for refusal in refusals}
    return replace(
        terms,
        products=tuple(_sold(product, gone) for product in terms.products),
        product_bundles=tuple(each for each in terms.product_bundles if ("product_bundle", each.id) not in gone),
        contracts=tuple(_agreed(contract, gone) for contract in terms.contracts),
    )


def _sold(product: Product, gone: set[tuple[str, str]]) -> Product:
    return replace(product, usage_groups=tuple(it for it in product.usage_groups if ("usage_group", it.id) not in gone))


def _agreed(contract: Contract, gone: set[tuple[str, str]]) -> Contract:
    overrides = contract.tier_price_overrides
    return replace(
        contract, tier_price_overrides=tuple(it for it in overrides if ("usage_group", it.usage_group_id) not in gone)
    )


def _take(actor: Actor, played: Played, entry: records.Entry) -> None:
    try:
        answer = _tell(actor, entry)
    except Refused as refused:
        _refuse(played, entry, refused.code)
    else:
        if isinstance(answer, Receipt):
            _set_aside(actor, played, entry, receipt=answer)


def _tell(actor: Actor, entry: records.Entry) -> object:
    """Do what an entry says; a close goes on without usage that it cannot take any more."""
    try:
        return tell_entry(actor, entry)
    except Obstructed as refused:
        if any(one.code != "rejections_must_be_resolved" for one in refused.obstacles):
            raise
    with books_of(actor):
        rejected = open_records(actor)
    for one in rejected:
        _resolve(actor, entry, import_code=one.import_code, row=one.row)
    return tell_entry(actor, entry)


def _refuse(played: Played, entry: records.Entry, code: str) -> None:
    name = getattr(entry.act, "id", None) or str(entry.number)
    match entry.act:
        case records.Close():
            code = _IN_ORDER.get(code, code)
        case records.Reopen():
            code = _LAST_CLOSED.get(code, code)
        case records.VoidUsage() if code == "period_must_be_open":
            played.rejected.append(_rejected(entry, usage_id=name, item_id="", code=code, value="", row=0))
            return
        case _:
            pass
    played.refused.append({"id": name, "code": code})


def _set_aside(actor: Actor, played: Played, entry: records.Entry, *, receipt: Receipt) -> None:
    """Rejected rows are kept, and stand in the way of no close of the case."""
    for each in receipt.rejections:
        usage_id = f"{entry.number}.{each.row}" if _OWN_ID.fullmatch(each.event_id) else each.event_id
        told = _rejected(entry, usage_id=usage_id, item_id=each.stream, code=each.code, value=each.value, row=each.row)
        played.rejected.append(told)
        _resolve(actor, entry, import_code=receipt.import_code, row=each.row)


def _resolve(actor: Actor, entry: records.Entry, *, import_code: str, row: int) -> None:
    at = moment_of(entry.on)
    resolve_rejection(actor=actor, import_code=import_code, row=row, reason="the case goes on without it", at=at)


def _rejected(entry: records.Entry, *, usage_id: str, item_id: str, code: str, value: str, row: int) -> Row:
    return {
        "usage_id": usage_id,
        "item_id": item_id,
        "batch": entry.number,
        "row": row,
        "code": code,
        "value": value,
    }
