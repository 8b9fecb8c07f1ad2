"""The register as it was told: entities, accounts, departments, tags and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from ratable_server.actor import Actor
from ratable_server.queries.listing import EVERYTHING, FIRST_PAGE, Asked, Found, asked_rows, page_of
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.models import Product, RegisterEntry
from ratable_server.store.scope import books_of, rows_of

_OF_PRODUCT = ("revenue_account", "invoice_account", "ar_account", "invoice_unbilled_account", "bad_debt_account")
_NAMES = ("name", "number", "code", "display_name", "nickname")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing of a kind."""

    id: int
    kind: str
    code: str
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which things of a kind: those with a text in their name or number, with one of some values, without others."""

    text: str = ""
    names: Sequence[str] | None = None
    ids: Sequence[int] | None = None
    having: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    lacking: Mapping[str, Any] = field(default_factory=dict)
    less_ids: Sequence[int] = ()


ANY = Only()


def register(*, actor: Actor, kind: str, asked: Asked = FIRST_PAGE, only: Only = ANY) -> Found[Entry]:
    """The things of a kind, in the order in which they came."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, RegisterEntry, with_deleted=True).filter(kind=kind), asked)
        return page_of(_narrowed(rows, only), asked, lambda page: [entry_of(row) for row in page])


def ancestors(*, actor: Actor, kind: str) -> dict[int, list[int]]:
    """The things above each thing of a kind, from the top down; of those that have a parent."""
    entries = register(actor=actor, kind=kind, asked=EVERYTHING).rows
    parents = {entry.id: entry.further.get("parent") for entry in entries if entry.further.get("parent")}
    return {each: _above(each, parents) for each in parents}


def default_accounts(*, actor: Actor) -> dict[str, Any]:
    """The default accounts, by their use, as they were told; empty: none were."""
    found = register(actor=actor, kind="default_accounts").first
    return {} if found is None else found.further


def used_accounts(*, actor: Actor) -> set[int]:
    """The accounts that products and the default accounts name."""
    with books_of(actor):
        products = rows_of(actor, Product).values_list(*(f"further__{name}" for name in _OF_PRODUCT))
        named = {each for row in products for each in row if isinstance(each, int)}
    return named | {each for each in default_accounts(actor=actor).values() if isinstance(each, int)}


def closed_through(*, actor: Actor) -> date | None:
    """The last day of the last closed month; None: nothing is closed."""
    with books_of(actor):
        open_on = first_open_month(actor)
        return None if open_on is None else open_on - timedelta(days=1)


def _above(each: int, parents: Mapping[int, Any]) -> list[int]:
    chain: list[int] = []
    above = parents.get(each)
    while isinstance(above, int) and above not in chain:
        chain.append(above)
        above = parents.get(above)
    return chain[::-1]


def _narrowed(rows: QuerySet[RegisterEntry], only: Only) -> QuerySet[RegisterEntry]:
    if only.text:
        rows = rows.filter(_any(Q(**{f"further__{name}__icontains": only.text}) for name in _NAMES))
    if only.names is not None:
        rows = rows.filter(further__name__in=list(only.names))
    if only.ids is not None:
        rows = rows.filter(id__in=list(only.ids))
    for name, values in only.having.items():
        rows = rows.filter(_any(Q(further__contains={name: value}) for value in values))
    for name, value in only.lacking.items():
        rows = rows.exclude(further__contains={name: value})
    return rows.exclude(id__in=only.less_ids) if only.less_ids else rows


def _any(conditions: Any) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def entry_of(row: RegisterEntry) -> Entry:
    """A row of the register as a record."""
    return Entry(
        id=row.id,
        kind=row.kind,
        code=row.code,
        further=row.further,
        created_at=row.created_at,
        modified_at=row.modified_at,
        deleted_at=row.deleted_at,
    )
