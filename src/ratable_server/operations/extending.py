"""Adding a term to a contract that is signed: judged together with all that is on it, under its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from ratable.periods import day_after, next_month
from ratable.terms import Contract, Terms
from ratable.terms_rules import check_terms
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import keep_open
from ratable_server.operations.contract_rows import Lines, Sold, names_in, sold_to
from ratable_server.operations.kept import Kept, refuse_unfit_beside
from ratable_server.operations.register_links import things_beside
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.load.offered import offered_asked, offered_from
from ratable_server.store.load.standing import Standing, load_standing, standing_asked, standing_from
from ratable_server.store.locks import holding, keeping_and_holding
from ratable_server.store.prepared import Asked, Rows, first_row, rows_of_each

_DAYS = """
SELECT starts_on, opening_as_of FROM contract WHERE tenant_id = %(tenant)s AND code = %(code)s AND deleted_at IS NULL
"""
BARE = Contract(id="", customer="", currency="", starts_on=date.min)
"""What stands on it is all that a contract names: what is added, or what a line will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A contract to which something is added: as it was, its row, and the first day that no close has settled."""

    before: Contract
    row_id: int
    open_on: date
    lines: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A contract that is held: as it stands, its row, its last day of service if it was ended, and the first open day."""

    contract: Contract
    row_id: int
    terminated_on: date | None
    open_on: date


@contextmanager
def extension_of(
    actor: Actor, contract: str, extended: Callable[[Contract], Contract], *, kept: Kept
) -> Iterator[Extension]:
    """The transaction in which a contract gets another term; `extended` gives it as it will be.

    Refuses:
        those of what is kept beside, contract_must_be_known, contract_must_not_be_terminated, code_must_be_unused, the rules of terms
    """
    refuse_unfit_beside(kept.beside)
    names = names_in(extended(BARE))
    keeping = keeping_sold(actor, names)
    asked = (standing_asked(actor, contract), offered_asked(actor, contract, names))
    names_beside = things_beside(kept.beside)
    with changes_by(actor, names=names_beside, first=(*keeping, keeping_and_holding(actor, contract), *asked)) as found:
        held, (offered,) = _held(actor, contract, asked=asked, found=found[len(keeping) :])
        if held.terminated_on is not None:
            raise Refused("contract_must_not_be_terminated", field="contract", detail=contract)
        after = extended(held.contract)
        catalog = sold_to(actor, after, read=offered_from(offered))
        judge_contract(after, catalog)
        yield Extension(
            before=held.contract, row_id=held.row_id, open_on=held.open_on, lines=Lines(actor, catalog, kept)
        )


def hold_open(actor: Actor, code: str) -> Held:
    """A contract that nobody else changes until this transaction ends, and its first open month, which stays open so long.

    Refuses:
        contract_must_be_known
    """
    asked = (standing_asked(actor, code),)
    held, _ = _held(actor, code, asked=asked, found=rows_of_each(keeping_and_holding(actor, code), *asked))
    return held


def _held(actor: Actor, code: str, *, asked: Sequence[Asked], found: Sequence[Rows]) -> tuple[Held, Sequence[Rows]]:
    """The same out of what was `found`, with the rows of what was `asked` besides how it stands, once it is held.

    A month that nobody has booked into yet, or that was closed at this moment, is kept now, and then the contract held.
    """
    kept, *read = found
    if not kept:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    ((row_id, from_on, closed_on, is_kept, held_id),) = kept
    open_on = next_month(closed_on) if closed_on else date.min
    if not is_kept:
        open_on = keep_open(actor, from_on)
        held, *read = rows_of_each(holding(actor, code), *asked)
        held_id = held[0][0] if held else None
    standing = standing_from(read[0])
    if standing is None or held_id != row_id:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    return (
        Held(row_id=row_id, open_on=open_on, contract=standing.contract, terminated_on=standing.terminated_on),
        read[1:],
    )


def start_of(actor: Actor, code: str) -> date:
    """The first day of a contract that is computed: after its cut-over, if it has one.

    Refuses:
        contract_must_be_known
    """
    days = first_row(_DAYS, {"tenant": actor.tenant_id, "code": code})
    if days is None:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    starts_on, opening_as_of = days
    return starts_on if opening_as_of is None else day_after(opening_as_of)


def contract_of(actor: Actor, code: str) -> Contract:
    """The terms of a contract that is there.

    Refuses:
        contract_must_be_known
    """
    return standing_of(actor, code).contract


def standing_of(actor: Actor, code: str) -> Standing:
    """The same with its end before its time.

    Refuses:
        contract_must_be_known
    """
    found = load_standing(actor, code)
    if found is None:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    return found


def judge_contract(contract: Contract, catalog: Sold) -> None:
    """Go on, unless a contract cannot be agreed so; `catalog` is what is sold to it. It may grow: see `check_terms`.

    Refuses:
        the rules of terms
    """
    used = {item.product_id for item in contract.usage_items}
    used |= {override.product_id for override in contract.tier_price_overrides}
    products = tuple(product for product in catalog.terms if product.id in used)
    refuse_terms(check_terms(Terms(products=products, contracts=(contract,)), may_grow=True))
