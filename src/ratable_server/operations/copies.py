"""A contract once more under another id: its terms, and what is kept beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from ratable.terms import Contract
from ratable_server.actor import Actor
from ratable_server.operations.kept import Beside, Kept
from ratable_server.store import models
from ratable_server.store.scope import rows_of

_LINES: tuple[tuple[str, Any], ...] = (
    ("usage_item", models.UsageItem),
    ("prepaid_commit", models.PrepaidCommit),
    ("subscription", models.Subscription),
    ("milestone", models.Milestone),
)
_UNIQUE = {"usage_item", "prepaid_commit"}  # codes of these are unique beyond their contract


def copy_of(contract: Contract, code: str) -> Contract:
    """The same terms: items and prepaid commits get the new contract's id before their own, a cut-over is none of it."""

    def renamed(own: str) -> str:
        return _renamed(own, contract.id, code)

    return replace(
        contract,
        id=code,
        opening=None,
        usage_items=tuple(replace(item, id=renamed(item.id)) for item in contract.usage_items),
        prepaid_commits=tuple(replace(commit, id=renamed(commit.id)) for commit in contract.prepaid_commits),
    )


def copied_beside(actor: Actor, contract: str, code: str, *, at: datetime) -> Kept:
    """Names and further fields of the copy."""
    row = rows_of(actor, models.Contract).get(code=contract)
    own = Beside(name=f"{row.name or contract} (Copy)", further=row.further)
    return Kept(
        at=at, beside={("contract", code): own, **dict(_of_lines(actor, row, code)), **dict(_of_prices(actor, row))}
    )


def _of_lines(actor: Actor, row: models.Contract, code: str) -> Iterator[tuple[tuple[str, ...], Beside]]:
    for kind, model in _LINES:
        for line in rows_of(actor, model).filter(contract_id=row.id):
            own = _renamed(line.code, row.code, code) if kind in _UNIQUE else line.code
            yield (kind, own), Beside(name=getattr(line, "name", ""), further=line.further)


def _of_prices(actor: Actor, row: models.Contract) -> Iterator[tuple[tuple[str, ...], Beside]]:
    own = rows_of(actor, models.TierPriceOverride).filter(contract_id=row.id)
    for each in own.select_related("usage_group__product"):
        group = each.usage_group
        key = ("tier_price_override", group.product.code, group.code, str(each.tier_number))
        yield key, Beside(further=each.further)


def _renamed(own: str, contract: str, copy: str) -> str:
    return f"{copy}/{own.removeprefix(f'{contract}/')}"
