"""A customer's terms for the tests of operations, and what the books hold: how much, and whether anything was added."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from ratable.terms import (
    BundleLine,
    Contract,
    Milestone,
    PrepaidCommit,
    Product,
    ProductBundle,
    Subscription,
    Terms,
    Tier,
    UsageGroup,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.terms import import_terms
from ratable_server.store.models import AuditEntry
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.setting_up import books as all_models
from tests.server.conftest import AT
from tests.server.rows import lock_months

CALLS = UsageGroup(
    id="calls",
    pricing_model="volume_based",
    tiers=(
        Tier(number=1, upper_quantity=Decimal(1000), price=Decimal("0.10")),
        Tier(number=2, price=Decimal("0.08")),
    ),
)
API = Product(id="api", name="API", usage_groups=(CALLS,), currency="USD")
SUPPORT = Product(id="support", name="Support")
SUITE = ProductBundle(
    id="suite",
    lines=(
        BundleLine(product_id="api", percentage=Decimal(70)),
        BundleLine(product_id="support", percentage=Decimal(30)),
    ),
)
JANUARY, MARCH, JULY = date(2026, 1, 1), date(2026, 3, 1), date(2026, 7, 1)
NEXT_YEAR = date(2027, 1, 1)

ACME = Contract(
    id="acme",
    customer="Acme Inc",
    currency="USD",
    starts_on=JANUARY,
    ends_before=NEXT_YEAR,
    usage_items=(
        UsageItem(id="acme-calls", product_id="api", usage_group_id="calls", starts_on=JANUARY, draws=True),
        UsageItem(id="acme-suite", product_bundle_id="suite", starts_on=JANUARY),
    ),
    prepaid_commits=(
        PrepaidCommit(id="pool", product_id="api", total_value=Decimal(1000), starts_on=JANUARY, ends_before=NEXT_YEAR),
    ),
    subscriptions=(Subscription(id="seats", total_value=Decimal(1200), starts_on=JANUARY, ends_before=NEXT_YEAR),),
    milestones=(Milestone(id="setup", on=date(2026, 2, 10), amount=Decimal(500)),),
)
TERMS = Terms(products=(API, SUPPORT), product_bundles=(SUITE,), contracts=(ACME,))


def agree(actor: Actor, *contracts: Contract) -> None:
    """The catalogue and some contracts, that of Acme by default, in the books."""
    import_terms(
        actor=actor,
        terms=Terms(products=TERMS.products, product_bundles=TERMS.product_bundles, contracts=contracts or (ACME,)),
        at=AT,
    )


def close_months(actor: Actor, through: date) -> None:
    """Lock every month of the year up to this one, as a close would, without what a close posts."""
    lock_months(actor, [through.replace(month=month, day=1) for month in range(1, through.month + 1)])


def held(actor: Actor) -> dict[str, int]:
    """How many rows the tenant has in each table."""
    with books_of(actor):
        counts = {
            model._meta.db_table: rows_of(actor, model).count() for model in all_models() if hasattr(model, "tenant")
        }
    return {table: count for table, count in counts.items() if count}


def last_entry(actor: Actor) -> Any:
    """The row of what the audit was told last."""
    with books_of(actor):
        return rows_of(actor, AuditEntry).order_by("-id")[0]


def kept(actor: Actor) -> dict[str, str]:
    """The content of every table of the tenant, as a hash: nothing was written if it is the same."""
    tables = [model._meta.db_table for model in all_models() if hasattr(model, "tenant")]
    told = "md5(string_agg(row_of::text, chr(10) ORDER BY row_of::text))"
    query = " UNION ALL ".join(
        f"SELECT '{table}', (SELECT {told} FROM {table} AS row_of WHERE tenant_id = %s)" for table in tables
    )
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(query, [actor.tenant_id] * len(tables))
        return {table: content for table, content in cursor.fetchall() if content}


@contextmanager
def refuses(actor: Actor, code: str) -> Iterator[None]:
    """What is tried here is refused by this rule, and the books, their audit with them, are as before."""
    before = kept(actor)
    with pytest.raises(Refused) as refused:
        yield
    assert refused.value.code == code
    assert kept(actor) == before
