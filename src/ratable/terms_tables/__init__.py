"""Terms as tables: what the stages read of what was agreed.

Owns the translation of the records of `terms`, and of what has been amended since, into rows of
`tables`. Does no sum; a price is only brought to its scale.
"""

from __future__ import annotations

from ratable.money import to_minor
from ratable.pools_of_units import priced_grants, to_millionths
from ratable.terms import Terms
from ratable.terms_tables.commits import add_commits, estimate, granted
from ratable.terms_tables.frame import Catalog, Frame, contract_row
from ratable.terms_tables.items import add_items, streams_of
from ratable.terms_tables.schedules import milestone_rows, source_rows, subscription_rows
from ratable.terms_tables.shapes import (
    Amendments,
    Row,
    TermsTables,
    addressed_stream,
    counts_from,
    month_rows,
    unaddressed_stream,
)

__all__ = [
    "Amendments",
    "Row",
    "TermsTables",
    "addressed_stream",
    "counts_from",
    "granted",
    "month_rows",
    "terms_tables",
    "unaddressed_stream",
]


def terms_tables(terms: Terms, amendments: Amendments) -> TermsTables:
    """All tables of what was agreed, with what is known of amendments."""
    found = TermsTables(*([] for _ in TermsTables._fields))
    catalog = Catalog(terms)
    for contract in terms.contracts:
        frame = Frame(contract, catalog, amendments, policy=terms.policy)
        found.contracts.append(contract_row(frame))
        streams = list(streams_of(frame))
        add_commits(found, frame, streams)
        add_items(found, frame, streams)
    _amend(found, catalog, amendments)
    found.grants.extend(priced_grants(found.unit_pools, found.unit_grants, rounding=terms.policy.rounding))
    for contract in terms.contracts:
        found.sources.extend(source_rows(contract))
        for subscription in contract.subscriptions:
            rows = subscription_rows(contract, subscription, amendments, proration=terms.policy.proration)
            found.schedules.extend(rows)
        for milestone in contract.milestones:
            found.schedules.extend(milestone_rows(contract, milestone, amendments))
    return found


def _amend(found: TermsTables, catalog: Catalog, amendments: Amendments) -> None:
    """Top-ups and credits in the measure of their pool, and estimates."""
    for commit_id, month_on, amount in amendments.grants:
        given: Row = {"commit_id": commit_id, "month_on": month_on}
        if commit_id in catalog.units_of_commit:
            found.unit_grants.append({**given, "amount_minor": to_millionths(amount)})
        else:
            found.grants.append({**given, "amount_minor": to_minor(amount, catalog.currency_of_commit[commit_id])})
    for commit_id, month_on, percentage in amendments.estimates:
        found.estimates.append(estimate(commit_id, month_on, percentage))
