"""Reported usage that is there: by row, by key, and which of it an invoice has billed.

An invoice of a contract's usage bills what the books had learned before it, of the months that had ended by its day; of a
service month where it names one. Owns that rule.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from django.db.models import BooleanField, Count, Q, Sum
from django.db.models.expressions import RawSQL

from ratable_server.actor import Actor
from ratable_server.store.load.periods import current_closes
from ratable_server.store.models import ReportedUsage
from ratable_server.store.scope import rows_of

_BILLED = """
EXISTS (
    SELECT FROM document AS invoice
    WHERE invoice.tenant_id = reported_usage.tenant_id AND invoice.kind = 'invoice'
        AND invoice.prepaid_commit_id IS NULL AND invoice.subscription_id IS NULL AND invoice.milestone_id IS NULL
        AND invoice.number > reported_usage.number
        AND coalesce(invoice.service_on = reported_usage.month_on,
            invoice."on" >= (reported_usage.month_on + interval '1 month')::date - 1)
        AND invoice.contract_id IN (
            SELECT contract_id FROM usage_item
            WHERE usage_item.tenant_id = reported_usage.tenant_id
                AND usage_item.code IN (SELECT jsonb_object_keys(reported_usage.counted))
        )
        AND NOT EXISTS (
            SELECT FROM document_void AS void
            WHERE void.tenant_id = invoice.tenant_id AND void.document_id = invoice.id AND NOT EXISTS (
                SELECT FROM document_reopening AS reopening
                WHERE reopening.tenant_id = void.tenant_id AND reopening.void_id = void.id
            )
        )
        {which}
)
"""


def is_billed(by: str | None = None) -> RawSQL:
    """Whether an invoice that stands, or the one of this code, has billed it: an expression over `reported_usage`."""
    which, parameters = ("", []) if by is None else ("AND invoice.code = %s", [by])
    return RawSQL(_BILLED.format(which=which), parameters, output_field=BooleanField())  # noqa: S611 - our own


def held_reports(actor: Actor, ids: Collection[int]) -> dict[int, ReportedUsage]:
    """Reports that are there, by row; nobody else changes them until this transaction ends."""
    rows = rows_of(actor, ReportedUsage).select_for_update(no_key=True).filter(id__in=ids, deleted_at=None)
    return {row.id: row for row in rows.order_by("id")}


def held_reports_by_key(actor: Actor, keys: Collection[str]) -> dict[str, ReportedUsage]:
    """The same by key. Of several under one key the one that is there; of those that are not, the last."""
    rows = rows_of(actor, ReportedUsage).select_for_update(no_key=True).filter(unique_key__in=keys)
    found: dict[str, ReportedUsage] = {}
    for row in rows.order_by("id"):
        known = found.get(row.unique_key)
        if known is None or known.deleted_at is not None:
            found[row.unique_key] = row
    return found


def billed_among(actor: Actor, ids: Collection[int]) -> set[int]:
    """Those of these reports that are billed; whoever holds the tenant knows that it stays so."""
    rows = rows_of(actor, ReportedUsage).filter(is_billed(), id__in=ids)
    return set(rows.values_list("id", flat=True))


class Several(NamedTuple):
    """Reports that count on more than one item: how many, on how many, and the rows of the first."""

    reports: int
    items: int
    first: tuple[int, ...]


def reports_on_several_items(actor: Actor, month_on: date, *, shown: int) -> Several:
    """Of a month, with those of earlier months that the books have learned since the close before it."""
    before = current_closes(actor)
    known = max((close.run.facts_through for close in before if close.period.month_on < month_on), default=0)
    late = Q(month_on__lt=month_on, number__gt=known)
    rows = rows_of(actor, ReportedUsage).filter(late | Q(month_on=month_on), counts_on__gt=1, deleted_at=None)
    told = rows.aggregate(reports=Count("id"), items=Sum("counts_on"))
    first = rows.order_by("id").values_list("id", flat=True)[:shown] if told["reports"] else ()
    return Several(reports=told["reports"], items=told["items"] or 0, first=tuple(first))
