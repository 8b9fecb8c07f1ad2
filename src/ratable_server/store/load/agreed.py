"""What was agreed, as reports read it: contracts with their customers, prepaid commits and schedules as signed.

Owns what of it the closes that count had learned; terms are told as they were known then.
"""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from ratable import tables
from ratable.commit_lives import UNIT_DIGITS
from ratable.periods import FAR
from ratable.reports import INPUTS
from ratable.terms_tables import Amendments, Row, TermsTables, terms_tables
from ratable_server.actor import Actor
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.knowledge import Knowledge, query_of_terms, terms_known
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import Termination
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

# Looked up one by one: of tables that were just filled the planner knows nothing, and a join would compare each with each.
_LIVES = ("rollovers", "unit_rollovers", "unit_commits", "unit_pools")
_CUSTOMERS = """
SELECT contract.code, (SELECT customer.code FROM customer WHERE customer.id = contract.customer_id)
FROM "contract" AS contract WHERE contract.tenant_id = %s
"""
_GRANTS = """
SELECT prepaid_commit.code, top_up.booked_on, {amount} FROM top_up
JOIN prepaid_commit ON prepaid_commit.tenant_id = top_up.tenant_id AND prepaid_commit.id = top_up.commit_id
WHERE top_up.tenant_id = %s AND top_up.booked_on <= %s AND top_up.number <= %s
    AND top_up.recorded_at <= coalesce(%s::timestamptz, top_up.recorded_at){only}
"""
_OF_MONEY = _GRANTS.format(amount="top_up.amount_minor", only="")
_OF_UNITS = _GRANTS.format(amount=f"(top_up.units * {10**UNIT_DIGITS})::bigint", only=" AND top_up.units IS NOT NULL")
# For who asks of contracts only in which currency they are.
_CURRENCIES = """
SELECT code, currency, 0, starts_on, DATE '9999-12-31', starts_on, DATE '9999-12-31', DATE '9999-12-31', 0, 0
FROM contract WHERE tenant_id = %s
"""


def load_currencies(actor: Actor) -> pa.Table:
    """The contracts with nothing but their currency: enough where amounts are told apart by it, and much quicker."""
    return read_table(_CURRENCIES, [actor.tenant_id], tables.CONTRACTS)


def load_customers(actor: Actor, known: Knowledge) -> pa.Table:
    """The customer of each contract, as it was known."""
    return read_table(query_of_terms(actor, known, _CUSTOMERS), [actor.tenant_id], INPUTS["customers"])


def load_grants(actor: Actor, counted: Counted) -> pa.Table:
    """Top-ups and credits that are booked in the months that count."""
    return _load_grants(actor, counted, _OF_MONEY)


def load_unit_grants(actor: Actor, counted: Counted) -> pa.Table:
    """Those of pools of units, in millionths of a unit."""
    return _load_grants(actor, counted, _OF_UNITS)


def _load_grants(actor: Actor, counted: Counted, query: str) -> pa.Table:
    through_on = counted.through_on or date.min
    known = counted.known
    return read_table(query, [actor.tenant_id, through_on, known.facts_through, known.at], tables.GRANTS)


def load_agreed(actor: Actor, counted: Counted) -> dict[str, pa.Table]:
    """The inputs `contracts`, `agreed_commits` and `agreed_schedules`: as signed, with the day that ended a contract.

    Beside them, as `agreed_...`, what the caps of rollovers are judged by.
    """
    with terms_known(actor, counted.known):
        terms = load_terms(actor, has_usage=False)
    found = terms_tables(terms, Amendments())
    released_on = _releases(actor, counted)
    contracts: list[Row] = [
        {**row, "released_on": released_on.get(str(row["contract_id"]), FAR)} for row in found.contracts
    ]
    schemas = TermsTables.schemas()
    return {
        "contracts": _table(contracts, tables.CONTRACTS),
        "agreed_schedules": _table(found.schedules, tables.SCHEDULES),
        "agreed_commits": _table(found.commits, tables.COMMITS),
        **{f"agreed_{name}": _table(getattr(found, name), schemas[name]) for name in _LIVES},
    }


def load_engine_terms(actor: Actor, contract: str, amendments: Amendments, *, known: Knowledge) -> dict[str, pa.Table]:
    """The engine's tables of one contract as it was known, with what is known of its amendments."""
    with terms_known(actor, known):
        terms = load_terms(actor, [contract])
    found = terms_tables(terms, amendments)
    return {name: _table(getattr(found, name), schema) for name, schema in TermsTables.schemas().items()}


def _releases(actor: Actor, counted: Counted) -> dict[str, date]:
    """The day on which the books ended a contract, as far as they had learned of it."""
    rows = rows_of(actor, Termination).filter(number__lte=counted.known.facts_through)
    if counted.known.at is not None:
        rows = rows.filter(recorded_at__lte=counted.known.at)
    return dict(rows.values_list("contract__code", "released_on"))


def _table(rows: list[Row], schema: ibis.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
