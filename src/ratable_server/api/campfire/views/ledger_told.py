"""What all views of the ledger need: the chart of the tenant, names of what its contracts say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.chart import OF_PRODUCT, Account, Chart
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.naming import names_of
from ratable_server.queries.chart import chart_sources
from ratable_server.queries.ledger import LedgerEntry, LedgerLine
from ratable_server.queries.ledger_books import AccountKey


def chart_of(actor: Actor) -> Chart:
    """Which account each line stands on."""
    return Chart(chart_sources(actor=actor, product_fields=sorted(set(OF_PRODUCT.values()))))


def named_in(actor: Actor, entries: Iterable[LedgerEntry], lines: Iterable[LedgerLine]) -> Names:
    """Names of the entities, departments and tags that entries and lines have, of themselves or of their contracts."""
    told = [entry.written or {} for entry in entries]
    told += [further for line in lines for further in (line.further, line.party.further if line.party else {})]
    told += [{"entity": line.entity} for line in lines]
    return names_of(actor, told)


def on_accounts(chart: Chart, wanted: Sequence[Callable[[Account], bool]]) -> Callable[[AccountKey], bool] | None:
    """What picks the lines on accounts that are all that is wanted; None: whatever account."""
    if not wanted:
        return None
    return lambda key: all(is_wanted(chart.account(key)) for is_wanted in wanted)


def is_one_of(ids: Sequence[int]) -> Callable[[Account], bool]:
    """Accounts by their ids."""
    return lambda account: account.id in ids


def is_of(field: str, words: Sequence[str]) -> Callable[[Account], bool]:
    """Accounts by their type or subtype."""
    folded = {word.upper() for word in words}
    return lambda account: str(getattr(account, field)).upper() in folded


def options(**limits: Any) -> dict[str, Any]:
    """The limits that are there."""
    return {name: value for name, value in limits.items() if value is not None}
