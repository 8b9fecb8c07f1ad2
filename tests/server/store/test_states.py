"""What stands agreed is what the audit says: prices that are changed past it are found, and told by the contract or product."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from ratable_server.actor import Actor
from ratable_server.operations.audit import seal_audit
from ratable_server.operations.catalog import change_price_plan
from ratable_server.operations.contracts import ContractHead, create_contract, delete_contract, modify_contract
from ratable_server.operations.customers import modify_customer
from ratable_server.operations.milestones import add_milestone, delete_milestone
from ratable_server.operations.prepaid_commits import modify_prepaid_commit
from ratable_server.queries.verification import verification
from ratable_server.store.models import AuditEntry
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, CALLS, JANUARY, NEXT_YEAR, agree

_ACME, _API = ("terms_are_as_audited", "contract contract/acme"), ("terms_are_as_audited", "contract product/api")
PAST_THE_AUDIT = [
    ("UPDATE prepaid_commit SET total_value = 900000", _ACME),
    ("UPDATE tier SET price = 99 WHERE number = 2", _API),
    ("UPDATE tier SET maximum_amount = 1 WHERE number = 1", _API),
    ("UPDATE usage_group SET rating_group = 'record'", _API),
    ("UPDATE usage_group SET maximum_amount = 1", _API),
    ("UPDATE usage_group SET rated_individually = true", _API),
    ("UPDATE subscription SET ends_before = '2026-07-01'", _ACME),
    ("UPDATE milestone SET deleted_at = now()", _ACME),
    ("UPDATE usage_item SET draws = false", _ACME),
    ("UPDATE contract SET minimum_monthly_commitment_amount = 5000", _ACME),
    ("DELETE FROM milestone", _ACME),
    ("UPDATE bundle_line SET percentage = 50", ("terms_are_as_audited", "contract product_bundle/suite")),
    ("UPDATE customer SET name = 'Other'", ("terms_are_as_audited", "contract customer/Acme Inc")),
    (
        """INSERT INTO milestone (tenant_id, contract_id, code, place, "on", amount)
        SELECT tenant_id, id, 'more', 9, '2026-03-01', 1000000 FROM contract""",
        _ACME,
    ),
    (
        """INSERT INTO contract (tenant_id, code, name, customer_id, currency, starts_on)
        SELECT tenant_id, 'secret', '', customer_id, currency, starts_on FROM contract""",
        ("terms_are_as_audited", "contract contract/secret"),
    ),
]


def unsound(actor: Actor) -> list[tuple[str, str]]:
    return [(one.check, one.first_bad_row) for one in verification(actor) if not one.is_sound]


@pytest.fixture
def agreed(actor: Actor) -> Actor:
    """Books with what an import told: Acme's terms and what they refer to."""
    agree(actor)
    return actor


def test_an_import_tells_the_audit_prices_values_and_days(agreed: Actor):
    with books_of(agreed):
        entries = {
            (entry.subject_kind, entry.subject_code): entry
            for entry in rows_of(agreed, AuditEntry).filter(action="import_terms")
        }
    assert set(entries) == {
        ("customer", "Acme Inc"), ("product", "api"), ("product", "support"), ("product_bundle", "suite"),
        ("contract", "acme"), ("terms", "main"),
    }  # fmt: skip
    told = {code: entry.after or {} for (_, code), entry in entries.items()}
    calls, pool = told["api"]["usage_groups"][0], told["acme"]["prepaid_commits"][0]
    assert [tier["price"] for tier in calls["tiers"]] == ["0.10", "0.08"]
    assert (pool["total_value"], pool["starts_on"], pool["ends_before"]) == ("1000", "2026-01-01", "2027-01-01")
    assert all(entry.state.startswith("1:") for key, entry in entries.items() if key[0] != "terms")
    assert (entries["terms", "main"].state_of, entries["terms", "main"].state) == ("", "")


def test_many_contracts_of_one_import_have_a_state_each(actor: Actor):
    bare = replace(ACME, usage_items=(), prepaid_commits=())
    agree(actor, *(replace(bare, id=f"c{number}") for number in range(30)))
    with books_of(actor):
        states = dict(rows_of(actor, AuditEntry).filter(subject_kind="contract").values_list("subject_code", "state"))
    assert len(states) == 30
    assert all(state.startswith("1:") for state in states.values())
    assert unsound(actor) == []


@pytest.mark.parametrize(("statement", "found"), PAST_THE_AUDIT, ids=lambda value: str(value)[:40])
def test_terms_that_are_changed_past_the_audit_are_named(agreed: Actor, statement: str, found: tuple[str, str]):
    assert unsound(agreed) == []
    with books_of(agreed), connection.cursor() as cursor:  # as the application, which may
        cursor.execute(statement)
        assert cursor.rowcount >= 1
    assert unsound(agreed) == [found]


def test_what_operations_change_is_what_the_audit_says(agreed: Actor):
    tiers = (replace(CALLS.tiers[0], price=Decimal("0.20")), *CALLS.tiers[1:])
    change_price_plan(actor=agreed, product="api", group=replace(CALLS, tiers=tiers), at=AT)
    modify_prepaid_commit(
        actor=agreed, contract="acme", commit=replace(ACME.prepaid_commits[0], total_value=Decimal(2000)), at=AT
    )
    delete_milestone(actor=agreed, contract="acme", code="setup", at=AT)
    add_milestone(actor=agreed, contract="acme", milestone=replace(ACME.milestones[0], id="launch"), at=AT)
    modify_customer(actor=agreed, customer="Acme Inc", name="Acme Incorporated", at=AT)
    head = ContractHead(name="A", customer="Acme Inc", currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)
    modify_contract(actor=agreed, contract="acme", head=head, at=AT)
    bare = replace(ACME, id="bare", usage_items=(), prepaid_commits=(), subscriptions=(), milestones=())
    create_contract(actor=agreed, contract=bare, at=AT)
    delete_contract(actor=agreed, contract="bare", at=AT)
    assert unsound(agreed) == []

    with books_of(agreed), connection.cursor() as cursor:
        cursor.execute("UPDATE contract SET deleted_at = NULL WHERE code = 'bare'")
    assert unsound(agreed) == [("terms_are_as_audited", "contract contract/bare")]


def test_a_state_that_is_changed_in_the_audit_breaks_its_seal(agreed: Actor, superuser: psycopg.Connection):
    seal_audit(agreed, at=AT)
    assert unsound(agreed) == []
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(
            "UPDATE audit_entry SET state = 'gone' WHERE state_of = 'contract/acme' AND tenant_id = %s",
            [agreed.tenant_id],
        )
    assert [check for check, _ in unsound(agreed)] == ["audit_chain", "terms_are_as_audited"]


def test_entries_of_before_there_were_states_are_not_compared(agreed: Actor, superuser: psycopg.Connection):
    forget = "UPDATE audit_entry SET state_of = '', state = '' WHERE tenant_id = %s"
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute(forget, [agreed.tenant_id])
    assert unsound(agreed) == []
    add_milestone(actor=agreed, contract="acme", milestone=replace(ACME.milestones[0], id="launch"), at=AT)
    assert unsound(agreed) == []
    with books_of(agreed), connection.cursor() as cursor:
        cursor.execute('UPDATE milestone SET amount = 1, "on" = %s', [date(2026, 5, 1)])
    assert unsound(agreed) == [_ACME]
