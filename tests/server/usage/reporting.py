"""A small company whose billing system reports its usage, for tests: one account, two contracts, three items."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ratable.terms import Contract, Entity, PrepaidCommit, Product, Terms, Tier, UsageGroup, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import (
    Report,
    ReportOutcome,
    Revision,
    delete_reported_usage,
    report_usage,
    revise_reported_usage,
)
from ratable_server.store.models import ReportedUsage, UsageRecord, UsageVoid
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT

JANUARY, JULY, NEXT_YEAR = date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)


def _by(unit: str | None, price: str) -> UsageGroup:
    tiers = (Tier(number=1, price=Decimal(price)),)
    return UsageGroup(id=f"by-{unit}", pricing_model="unit_based", tiers=tiers, unit_of_measure=unit)


API = Product(id="api", name="API", usage_groups=(_by("Call", "0.10"), _by("GB", "2"), _by(None, "5")), currency="USD")


def _item(code: str, unit: str | None, *, starts_on: date = JANUARY) -> UsageItem:
    draws = code == "acme-calls"
    return UsageItem(id=code, product_id="api", usage_group_id=f"by-{unit}", draws=draws, starts_on=starts_on)


ACME = Contract(
    id="acme",
    customer="Acme Inc",
    currency="USD",
    starts_on=JANUARY,
    ends_before=NEXT_YEAR,
    usage_items=(_item("acme-calls", "Call"), _item("acme-data", "GB"), _item("acme-each", None)),
    prepaid_commits=(
        PrepaidCommit(id="pool", product_id="api", total_value=Decimal(100), starts_on=JANUARY, ends_before=NEXT_YEAR),
    ),
)
LABS = Contract(
    id="labs",
    customer="Acme Inc",
    currency="USD",
    starts_on=JANUARY,
    usage_items=(_item("labs-calls", "Call", starts_on=JULY),),
)
BOLT = Contract(
    id="bolt",
    customer="Bolt GmbH",
    currency="USD",
    starts_on=JANUARY,
    usage_items=(_item("bolt-calls", "Call"),),
)


def agree_on_reports(actor: Actor, *, timezone: str = "UTC") -> None:
    """The terms in the books."""
    terms = Terms(entity=Entity(timezone=timezone), products=(API,), contracts=(ACME, LABS, BOLT))
    import_terms(actor=actor, terms=terms, at=AT)


def a_report(**fields: Any) -> Report:
    """Ten calls of Acme on 10 January, unless it is said otherwise."""
    told: dict[str, Any] = {
        "customer": "Acme Inc",
        "unit_of_measure": "Call",
        "quantity": Decimal(10),
        "started_at": datetime(2026, 1, 10, 12, tzinfo=UTC),
        **fields,
    }
    return Report(**told)


def reported(actor: Actor, **fields: Any) -> int:
    """The row of a report that was taken."""
    (outcome,) = report_usage(actor=actor, reports=[a_report(**fields)], at=AT)
    assert outcome.refused is None, outcome.refused
    assert outcome.id is not None
    return outcome.id


def refusals(outcomes: tuple[ReportOutcome, ...]) -> list[tuple[str, str] | None]:
    """What each was refused for: the rule and the field."""
    return [(each.refused.code, each.refused.field) if each.refused else None for each in outcomes]


def counting(actor: Actor) -> list[tuple[str, str, Decimal]]:
    """What counts: the end of the id behind the letters, the day, the quantity."""
    with books_of(actor):
        voids = rows_of(actor, UsageVoid).values("record_id")
        rows = rows_of(actor, UsageRecord).exclude(id__in=voids).order_by("event_id")
        return [(row.event_id[32:], f"{row.used_on}", row.quantity or Decimal(0)) for row in rows]


def how_many(actor: Actor) -> tuple[int, int, int]:
    """Reports that are there, records of usage, voids."""
    with books_of(actor):
        reports = rows_of(actor, ReportedUsage).filter(deleted_at=None).count()
        return reports, rows_of(actor, UsageRecord).count(), rows_of(actor, UsageVoid).count()


# ── what processes of their own do ───────────────────────────────────────────────────────────


def _answered(outcomes: tuple[ReportOutcome, ...]) -> str:
    (outcome,) = outcomes
    return outcome.refused.code if outcome.refused else str(outcome.became)


def report_once(actor: Actor, unique_key: str) -> str:
    """Report under a key: what became of it, or the rule that it breaks."""
    return _answered(report_usage(actor=actor, reports=[a_report(unique_key=unique_key)], at=AT))


def revise_once(actor: Actor, row_id: int, quantity: int) -> str:
    """Tell another quantity."""
    revision = Revision(id=row_id, fields={"quantity": Decimal(quantity)})
    return _answered(revise_reported_usage(actor=actor, revisions=[revision], at=AT))


def delete_once(actor: Actor, row_id: int) -> str:
    """Take a report back."""
    return _answered(delete_reported_usage(actor=actor, ids=[row_id], at=AT))


def bill_once(actor: Actor, on: date) -> str:
    """Bill the usage of Acme."""
    return file_invoice(actor=actor, invoice=Invoice(contract="acme", amount=Decimal(1)), on=on, at=AT).code
