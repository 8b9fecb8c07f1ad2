"""Guards that Django cannot say: row-level security, append-only tables, keys within a tenant, closed months.

The functions are in `0002_guards.sql`; here is which table gets which. A later migration calls them for its own
tables. Every model of the app must be guarded: a test compares this with the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from django.db import migrations

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

GUARDS = {
    "append_only": """
        termination allocation_change top_up breakage_estimate adjustment audit_entry audit_seal document
        journal_entry journal_line period_close period_reopening draw demand breakage revenue_transaction
        applied_move rated_line allocation policy_version usage_record usage_void
    """,
    "kept": """
        period run member usage_import usage_key usage_rejection
    """,
    "free": """
        product usage_group tier product_bundle bundle_line contract opening_balance tier_price_override
        usage_item prepaid_commit subscription milestone customer draft_journal_entry draft_journal_line
        idempotency_key reference draft_draw draft_demand draft_breakage draft_revenue_transaction
        draft_applied_move draft_rated_line draft_allocation
    """,
}

# (table, column, table it points to), each over (tenant_id, id)
REFERENCES = [
    ("termination", "contract_id", "contract"),
    ("allocation_change", "item_id", "usage_item"),
    ("top_up", "commit_id", "prepaid_commit"),
    ("breakage_estimate", "commit_id", "prepaid_commit"),
    ("adjustment", "commit_id", "prepaid_commit"),
    ("audit_seal", "audit_entry_id", "audit_entry"),
    ("usage_group", "product_id", "product"),
    ("tier", "usage_group_id", "usage_group"),
    ("bundle_line", "bundle_id", "product_bundle"),
    ("bundle_line", "product_id", "product"),
    ("contract", "customer_id", "customer"),
    ("opening_balance", "contract_id", "contract"),
    ("opening_balance", "prepaid_commit_id", "prepaid_commit"),
    ("opening_balance", "subscription_id", "subscription"),
    ("opening_balance", "milestone_id", "milestone"),
    ("tier_price_override", "contract_id", "contract"),
    ("tier_price_override", "usage_group_id", "usage_group"),
    ("usage_item", "contract_id", "contract"),
    ("usage_item", "product_id", "product"),
    ("usage_item", "usage_group_id", "usage_group"),
    ("usage_item", "bundle_id", "product_bundle"),
    ("prepaid_commit", "contract_id", "contract"),
    ("prepaid_commit", "product_id", "product"),
    ("subscription", "contract_id", "contract"),
    ("subscription", "product_id", "product"),
    ("milestone", "contract_id", "contract"),
    ("milestone", "product_id", "product"),
    ("document", "contract_id", "contract"),
    ("document", "prepaid_commit_id", "prepaid_commit"),
    ("document", "subscription_id", "subscription"),
    ("document", "milestone_id", "milestone"),
    ("draft_journal_entry", "run_id", "run"),
    ("journal_entry", "run_id", "run"),
    ("draft_journal_line", "run_id", "run"),
    ("draft_journal_line", "entry_id", "draft_journal_entry"),
    ("journal_line", "run_id", "run"),
    ("journal_line", "entry_id", "journal_entry"),
    ("period_close", "period_id", "period"),
    ("period_close", "run_id", "run"),
    ("period_reopening", "close_id", "period_close"),
    ("run", "period_id", "period"),
    ("run", "policy_version_id", "policy_version"),
    ("draft_draw", "run_id", "run"),
    ("draw", "run_id", "run"),
    ("draft_demand", "run_id", "run"),
    ("demand", "run_id", "run"),
    ("draft_breakage", "run_id", "run"),
    ("breakage", "run_id", "run"),
    ("draft_revenue_transaction", "run_id", "run"),
    ("revenue_transaction", "run_id", "run"),
    ("draft_applied_move", "run_id", "run"),
    ("applied_move", "run_id", "run"),
    ("draft_rated_line", "run_id", "run"),
    ("rated_line", "run_id", "run"),
    ("draft_allocation", "run_id", "run"),
    ("allocation", "run_id", "run"),
    ("usage_rejection", "usage_import_id", "usage_import"),
]

# Tables without another link into their tenant; the others belong to it through what they point to.
OF_TENANT = """
    audit_entry product product_bundle customer period idempotency_key reference policy_version member
    usage_import usage_void
"""

AMOUNTS = {
    "contract": ["minimum_monthly_commitment_amount"],
    "prepaid_commit": ["total_value"],
    "subscription": ["total_value"],
    "milestone": ["amount"],
    "opening_balance": ["amount"],
}

POSTED = """
    draw demand breakage revenue_transaction applied_move rated_line allocation journal_entry journal_line
"""
BOOKED = """
    draw breakage revenue_transaction applied_move journal_entry document top_up breakage_estimate adjustment termination
"""


def _statements() -> Iterator[str]:
    for guard, tables in GUARDS.items():
        yield from (f"SELECT ratable_guard('{table}', '{guard}')" for table in tables.split())
    yield "SELECT ratable_guard('tenant', 'kept', 'id')"
    yield "CREATE POLICY looked_up ON tenant FOR SELECT TO CURRENT_USER USING (true)"  # for ratable_tenant_id
    for table in OF_TENANT.split():
        yield f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)"
    for table, column, target in REFERENCES:
        yield f"SELECT ratable_refer('{table}', '{column}', '{target}')"
    for table, columns in AMOUNTS.items():
        arguments = ", ".join(f"'{column}'" for column in columns)
        yield (
            f"CREATE TRIGGER amounts BEFORE INSERT OR UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION ratable_check_amounts({arguments})"
        )
    yield from (f"SELECT ratable_guard_run('{table}')" for table in POSTED.split())
    yield from (f"SELECT ratable_guard_period('{table}', 'booked_on')" for table in BOOKED.split())


class Migration(migrations.Migration):
    """Functions, then their use."""

    dependencies: ClassVar = [("store", "0001_tables")]

    operations: ClassVar = [
        migrations.RunSQL([FUNCTIONS]),
        migrations.RunSQL(list(_statements())),
    ]
