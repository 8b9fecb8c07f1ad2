"""Reported usage as it stands: what was told, where it came from, and whether an invoice has billed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from ratable_server.actor import Actor
from ratable_server.queries.listing import code_of
from ratable_server.store.load.billed_items import Named
from ratable_server.store.load.reported_usage import is_billed
from ratable_server.store.load.terms import load_entity
from ratable_server.store.models import Customer
from ratable_server.store.models import ReportedUsage as Row
from ratable_server.store.scope import books_of, rows_of

Status = Literal["importing", "pending", "processed"]
Comparison = Literal["=", "!=", "<", "<=", ">", ">="]
STATUSES: tuple[Status, ...] = get_args(Status)

_LOOKUPS: dict[Comparison, str] = {"=": "", "!=": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte"}
_ROADS = {
    "customer": "customer__code",
    "contract": "contract__code",
    "item": "item__code",
    "further": "further__contains",
}
_TEXTS = {"description", "unique_key", "file_name"}  # nothing told is an empty text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedUsage:
    """One report, with what it names by row and by code; `status` is `processed` once an invoice that stands has billed it."""

    id: int
    customer_id: int
    customer: str
    customer_name: str
    contract_id: int | None
    contract: str | None
    item_id: int | None
    item: str | None
    unit_of_measure: str
    quantity: Decimal
    started_at: datetime
    ended_at: datetime | None
    description: str
    unique_key: str
    further: dict[str, Any]
    origin: str
    file_name: str
    import_id: int | None
    status: Status
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is asked of a report: a field of it against a value; None is nothing told.

    `invoice` is the code of the one that has billed it.
    """

    name: str
    comparison: Comparison
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAsked:
    """A page of reports that meet all conditions: in the order of their rows, or the latest usage first."""

    limit: int
    offset: int = 0
    conditions: Sequence[Condition] = field(default_factory=tuple)
    is_latest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPage:
    """Reports, whether there are more, and the zone of the books, in which they are told."""

    rows: tuple[ReportedUsage, ...]
    has_more: bool
    zone: ZoneInfo


def reported_usage(*, actor: Actor, asked: ReportedAsked) -> ReportedPage:
    """A page of the reports that are there."""
    with books_of(actor):
        order = ("-started_at", "-id") if asked.is_latest_first else ("id",)
        rows = _met(_rows(actor), asked.conditions).select_related("customer", "contract", "item").order_by(*order)
        page = list(rows[asked.offset : asked.offset + asked.limit + 1])
        return ReportedPage(
            rows=tuple(_report(row) for row in page[: asked.limit]),
            has_more=len(page) > asked.limit,
            zone=zone_of(actor),
        )


def customer_of(*, actor: Actor, named: Sequence[Named]) -> int | None:
    """The row of the first customer that one of these names means; None: there is none."""
    ids = [each for each in named if isinstance(each, int)]
    codes = [each for each in named if isinstance(each, str)]
    with books_of(actor):
        found = rows_of(actor, Customer).filter(Q(id__in=ids) | Q(code__in=codes))
        return found.order_by("id").values_list("id", flat=True).first()


def books_zone(*, actor: Actor) -> ZoneInfo:
    """The zone of the books."""
    with books_of(actor):
        return zone_of(actor)


def zone_of(actor: Actor) -> ZoneInfo:
    """The zone of the books; inside `books_of`."""
    return ZoneInfo(load_entity(actor).timezone)


def _rows(actor: Actor) -> QuerySet[Row]:
    status = Case(
        When(usage_import__status="pending", then=Value("importing")),
        When(is_billed(), then=Value("processed")),
        default=Value("pending"),
        output_field=CharField(),
    )
    return rows_of(actor, Row).filter(deleted_at=None).annotate(status=status)


def _met(rows: QuerySet[Row], conditions: Sequence[Condition]) -> QuerySet[Row]:
    for each in conditions:
        if each.name == "invoice":
            billed = is_billed(each.value)
            rows = rows.exclude(billed) if each.comparison == "!=" else rows.filter(billed)
            continue
        road = _ROADS.get(each.name, each.name)
        if each.value is None:
            asked = Q(**{road: ""}) if each.name in _TEXTS else Q(**{f"{road}__isnull": True})
        else:
            asked = Q(**{f"{road}{_LOOKUPS[each.comparison]}": each.value})
        rows = rows.exclude(asked) if each.comparison == "!=" else rows.filter(asked)
    return rows


def _report(row: Any) -> ReportedUsage:
    names = (
        "id", "customer_id", "contract_id", "item_id", "unit_of_measure", "quantity", "started_at", "ended_at",
        "description", "unique_key", "further", "origin", "file_name", "status", "created_at", "created_by",
        "modified_at", "modified_by",
    )  # fmt: skip
    return ReportedUsage(
        **{name: getattr(row, name) for name in names},
        customer=row.customer.code,
        customer_name=row.customer.name,
        contract=code_of(row.contract),
        item=code_of(row.item),
        import_id=row.usage_import_id,
    )
