"""What was agreed, as reports read it: contracts with their customers, prepaid commits and schedules as signed.

Owns what of it had been agreed at a moment of knowledge. Rows of terms have no history of their own: what was signed
later is left out by the audit, what was changed since is told as it is now.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import pyarrow as pa
from django.db import connection

from ratable import tables
from ratable.periods import FAR
from ratable.reports import INPUTS
from ratable.terms import Contract
from ratable.terms_tables import Amendments, Row, TermsTables, terms_tables
from ratable_server.actor import Actor
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import Termination
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

# Looked up one by one: of tables that were just filled the planner knows nothing, and a join would compare each with each.
_CUSTOMERS = """
SELECT contract.code, (SELECT customer.code FROM customer WHERE customer.id = contract.customer_id) FROM contract
WHERE contract.tenant_id = %s
"""
_GRANTS = """
SELECT prepaid_commit.code, top_up.booked_on, top_up.amount_minor FROM top_up
JOIN prepaid_commit ON prepaid_commit.tenant_id = top_up.tenant_id AND prepaid_commit.id = top_up.commit_id
WHERE top_up.tenant_id = %s AND top_up.booked_on <= %s AND (%s::timestamptz IS NULL OR top_up.recorded_at <= %s)
"""
# The first that the audit says of a thing is its making; what was imported whole has no entry of its own.
_SIGNED_LATER = """
SELECT subject_kind, subject_code FROM (
    SELECT DISTINCT ON (subject_kind, subject_code) subject_kind, subject_code, action, recorded_at FROM audit_entry
    WHERE tenant_id = %s AND subject_kind IN ('contract', 'prepaid_commit', 'subscription', 'milestone')
    ORDER BY subject_kind, subject_code, id
) AS made
WHERE recorded_at > %s AND (action LIKE 'create%%' OR action LIKE 'duplicate%%' OR action LIKE 'add%%')
"""


# For who asks of contracts only in which currency they are.
_CURRENCIES = """
SELECT code, currency, 0, starts_on, DATE '9999-12-31', starts_on, DATE '9999-12-31', DATE '9999-12-31', 0, 0
FROM contract WHERE tenant_id = %s
"""


def load_currencies(actor: Actor) -> pa.Table:
    """The contracts with nothing but their currency: enough where amounts are told apart by it, and much quicker."""
    return read_table(_CURRENCIES, [actor.tenant_id], tables.CONTRACTS)


def load_customers(actor: Actor) -> pa.Table:
    """The customer of each contract."""
    return read_table(_CUSTOMERS, [actor.tenant_id], INPUTS["customers"])


def load_grants(actor: Actor, counted: Counted) -> pa.Table:
    """Top-ups and credits that are booked in the months that count."""
    through_on = counted.through_on or date.min
    return read_table(_GRANTS, [actor.tenant_id, through_on, counted.known_at, counted.known_at], tables.GRANTS)


def load_agreed(actor: Actor, counted: Counted) -> dict[str, pa.Table]:
    """The inputs `contracts`, `agreed_commits` and `agreed_schedules`: as signed, with the day that ended a contract."""
    terms = load_terms(actor, has_usage=False)
    later = _signed_later(actor, counted)
    signed = tuple(_without(contract, later) for contract in terms.contracts) if later else terms.contracts
    found = terms_tables(replace(terms, contracts=signed), Amendments())
    released_on = _releases(actor, counted)
    contracts: list[Row] = [
        {**row, "released_on": released_on.get(str(row["contract_id"]), FAR)} for row in found.contracts
    ]
    return {
        "contracts": _table(contracts, tables.CONTRACTS),
        "agreed_commits": _table(found.commits, tables.COMMITS),
        "agreed_schedules": _table(found.schedules, tables.SCHEDULES),
    }


def load_engine_terms(actor: Actor, contract: str, amendments: Amendments) -> dict[str, pa.Table]:
    """The engine's tables of one contract, with all that is known of its amendments."""
    found = terms_tables(load_terms(actor, [contract]), amendments)
    return {name: _table(getattr(found, name), schema) for name, schema in TermsTables.schemas().items()}


def _signed_later(actor: Actor, counted: Counted) -> frozenset[tuple[str, str]]:
    if counted.known_at is None:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED_LATER, [actor.tenant_id, counted.known_at])
        return frozenset((str(kind), str(code)) for kind, code in cursor.fetchall())


def _without(contract: Contract, later: frozenset[tuple[str, str]]) -> Contract:
    """The contract as far as it had been signed; one that had not been has nothing on it."""
    if ("contract", contract.id) in later:
        return replace(contract, prepaid_commits=(), subscriptions=(), milestones=())
    return replace(
        contract,
        prepaid_commits=tuple(one for one in contract.prepaid_commits if ("prepaid_commit", one.id) not in later),
        subscriptions=tuple(one for one in contract.subscriptions if ("subscription", one.id) not in later),
        milestones=tuple(one for one in contract.milestones if ("milestone", one.id) not in later),
    )


def _releases(actor: Actor, counted: Counted) -> dict[str, date]:
    """The day on which the books ended a contract, as far as they had learned of it."""
    rows = rows_of(actor, Termination)
    if counted.known_at is not None:
        rows = rows.filter(recorded_at__lte=counted.known_at)
    return dict(rows.values_list("contract__code", "released_on"))


def _table(rows: list[Row], schema: ibis.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
