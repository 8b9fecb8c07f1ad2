"""Adding a term to a contract that is signed: judged together with all that is on it, under its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from ratable.periods import day_after, next_month
from ratable.terms import Contract, Terms
from ratable.terms_rules import check_terms
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import keep_open
from ratable_server.operations.contract_rows import Lines, Sold, sold_to
from ratable_server.operations.kept import Kept, refuse_unfit_beside
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store import models
from ratable_server.store.load.standing import Standing, load_standing, standing_after
from ratable_server.store.locks import holding
from ratable_server.store.prepared import first_row
from ratable_server.store.scope import rows_of

_DAYS = """
SELECT starts_on, opening_as_of FROM contract WHERE tenant_id = %(tenant)s AND code = %(code)s AND deleted_at IS NULL
"""
# The month is kept in the same statement that finds it; its status is the one once the lock is there.
_KEEP = """
SELECT contract.id, counts.from_on, closed.month_on, (
    SELECT status FROM period WHERE period.tenant_id = %(tenant)s AND period.month_on = date_trunc(
        'month', coalesce((closed.month_on + interval '1 month')::date, counts.from_on)
    )::date FOR SHARE
)
FROM contract
CROSS JOIN LATERAL (SELECT coalesce(contract.opening_as_of + 1, contract.starts_on) AS from_on) AS counts
CROSS JOIN (SELECT max(month_on) AS month_on FROM period WHERE tenant_id = %(tenant)s AND status = 'closed') AS closed
WHERE contract.tenant_id = %(tenant)s AND contract.code = %(code)s AND contract.deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A contract to which something is added: as it was, its row, and the first day that no close has settled."""

    before: Contract
    row_id: int
    open_on: date
    lines: Lines


@contextmanager
def extension_of(
    actor: Actor, contract: str, extended: Callable[[Contract], Contract], *, kept: Kept
) -> Iterator[Extension]:
    """The transaction in which a contract gets another term; `extended` gives it as it will be.

    Refuses:
        those of what is kept beside, contract_must_be_known, contract_must_not_be_terminated, code_must_be_unused, the rules of terms
    """
    refuse_unfit_beside(kept.beside)
    with changes_by(actor):
        row_id, open_on = keep_open_for(actor, contract)
        standing = hold_standing(actor, contract, row_id=row_id)
        if standing.terminated_on is not None:
            raise Refused("contract_must_not_be_terminated", field="contract", detail=contract)
        after = extended(standing.contract)
        catalog = sold_to(actor, after)
        judge_contract(after, catalog)
        yield Extension(before=standing.contract, row_id=row_id, open_on=open_on, lines=Lines(actor, catalog, kept))


def keep_open_for(actor: Actor, code: str) -> tuple[int, date]:
    """The row of a contract, and the first day that no close has settled; it stays so until this transaction ends.

    Refuses:
        contract_must_be_known
    """
    found = first_row(_KEEP, {"tenant": actor.tenant_id, "code": code})
    if found is None:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    row_id, from_on, closed_on, status = found
    if status in {None, "closed"}:  # nobody has booked into the month yet, or it was closed at this moment
        return row_id, keep_open(actor, from_on)
    return row_id, next_month(closed_on) if closed_on else date.min


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
    row_id = rows_of(actor, models.Contract).filter(code=code).values_list("id", flat=True).first()
    return standing_of(actor, code, row_id=row_id or 0).contract


def standing_of(actor: Actor, code: str, *, row_id: int) -> Standing:
    """The same by its row, with its end before its time.

    Refuses:
        contract_must_be_known
    """
    found = load_standing(actor, row_id)
    if found is None:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    return found


def hold_standing(actor: Actor, code: str, *, row_id: int) -> Standing:
    """The same for a contract that nobody else changes until this transaction ends.

    Refuses:
        contract_must_be_known
    """
    held, found = standing_after(actor, row_id, before=holding(actor, code))
    if found is None or held != [(row_id,)]:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    return found


def judge_contract(contract: Contract, catalog: Sold) -> None:
    """Go on, unless a contract cannot be agreed so; `catalog` is what is sold to it.

    Refuses:
        the rules of terms
    """
    used = {item.product_id for item in contract.usage_items}
    used |= {override.product_id for override in contract.tier_price_overrides}
    products = tuple(product for product in catalog.terms if product.id in used)
    refuse_terms(check_terms(Terms(products=products, contracts=(contract,))))
