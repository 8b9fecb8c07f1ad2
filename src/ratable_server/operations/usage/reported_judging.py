"""One report, revision or deletion judged: what becomes of its row and of what counts, or the rule that it breaks.

Changes the row in memory alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ratable.periods import month_of
from ratable_server.errors import Refused
from ratable_server.operations.usage.reported_changes import Changed, told_of
from ratable_server.operations.usage.reported_fit import instant, refuse_unfit_fields
from ratable_server.operations.usage.reported_items import Customers, Place
from ratable_server.operations.usage.reports import Became, Report, ReportedFile
from ratable_server.store.load.billed_items import BilledItem
from ratable_server.store.models import ReportedUsage
from ratable_server.store.public_ids import reported_usage_code

PLAIN = ("unit_of_measure", "quantity", "started_at", "ended_at", "description", "unique_key")
_COUNTING = ("unit_of_measure", "quantity", "started_at")
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What the books know: their zone, the customers, the first month whose usage may change, which reports are billed.

    `file` is the one that is read, if one is.
    """

    zone: ZoneInfo
    customers: Customers
    first_on: date = date.min
    billed: Collection[int] = ()
    file: ReportedFile | None = None

    def reported(self, place: int, row: ReportedUsage, report: Report, *, became: Became = "created") -> Changed:
        """A report that is new, or takes the place of one that was deleted.

        Refuses:
            code_must_be_known, and what does not fit
        """
        before = told_of(row) if became == "restored" else None
        where = self.customers.place(customer=report.customer, contract=report.contract, item=report.item)
        row.customer_id, row.contract_id, row.item_id = where.columns
        row.origin = "import" if self.file else "api"
        row.usage_import_id, row.file_name = (self.file.import_id, self.file.name) if self.file else (None, "")
        row.further = dict(report.further)
        row.deleted_at = None
        self._write(row, {name: getattr(report, name) for name in PLAIN})
        items = self._items(row, where)
        return Changed(place=place, row=row, became=became, before=before, items=items)

    def reported_again(self, place: int, row: ReportedUsage, report: Report) -> Changed | None:
        """A report under a key that is known: the same is left, other content is a revision; None: it is the same.

        Refuses:
            unique_key_must_keep_its_place, and those of `revised` and `reported`
        """
        if row.deleted_at is not None:
            return self.reported(place, row, report, became="restored")
        where = self.customers.place(customer=report.customer, contract=report.contract, item=report.item)
        if where.columns != (row.customer_id, row.contract_id, row.item_id):
            raise Refused("unique_key_must_keep_its_place", field="unique_key", detail=row.unique_key)
        fields = {name: getattr(report, name) for name in PLAIN}
        told = {name: value for name, value in self._read(fields).items() if getattr(row, name) != value}
        if dict(report.further) != row.further:
            told["further"] = {**dict.fromkeys(row.further), **report.further}
        return self.revised(place, row, told)

    def revised(self, place: int, row: ReportedUsage, fields: Fields) -> Changed | None:
        """Other content of a report that is there; None: nothing is other.

        Refuses:
            reported_usage_must_be_priced_here, reported_usage_must_not_be_billed, period_must_be_open, and what does not fit
        """
        self._refuse_priced_elsewhere(row)
        plain = {name: fields[name] for name in PLAIN if name in fields}
        before, was = told_of(row), {name: getattr(row, name) for name in (*PLAIN, "month_on", "further")}
        row.further = _merged(row.further, fields.get("further", {}))
        looked_at = self.customers.dimensions(row.customer_id, row.counted)
        recounted = [name for name in looked_at if row.further.get(name) != was["further"].get(name)]
        if row.id in self.billed and (plain or recounted):
            raise Refused("reported_usage_must_not_be_billed", field=[*plain, *recounted][0], detail=_named(row))
        self._write(row, plain)
        if all(getattr(row, name) == value for name, value in was.items()):
            return None
        items = None
        if recounted or any(getattr(row, name) != was[name] for name in _COUNTING):
            self._refuse_late(was["month_on"], row.month_on)
            items = self._items(row, self._place(row))
        return Changed(place=place, row=row, became="revised", before=before, items=items)

    def deleted(self, place: int, row: ReportedUsage, *, at: datetime) -> Changed:
        """Take a report back.

        Refuses:
            reported_usage_must_be_priced_here, reported_usage_must_not_be_billed, period_must_be_open
        """
        self._refuse_priced_elsewhere(row)
        if row.id in self.billed:
            raise Refused("reported_usage_must_not_be_billed", detail=_named(row))
        self._refuse_late(row.month_on)
        before = told_of(row)
        row.deleted_at = at
        return Changed(place=place, row=row, became="deleted", before=before, items=())

    def _read(self, fields: Fields) -> dict[str, Any]:
        """The fields with their times in UTC."""
        times = {name: instant(at, self.zone) for name in ("started_at", "ended_at") if (at := fields.get(name))}
        return {**fields, **times}

    def _write(self, row: ReportedUsage, fields: Fields) -> None:
        told = self._read(fields)
        refuse_unfit_fields({"started_at": row.started_at, "ended_at": row.ended_at, "further": row.further, **told})
        for name, value in told.items():
            setattr(row, name, value)
        row.month_on = month_of(self._day(row))

    def _day(self, row: ReportedUsage) -> date:
        return row.started_at.astimezone(self.zone).date()

    def _items(self, row: ReportedUsage, where: Place) -> tuple[BilledItem, ...]:
        return tuple(where.items_meant(unit_of_measure=row.unit_of_measure, on=self._day(row)))

    def _place(self, row: ReportedUsage) -> Place:
        return self.customers.place(customer=row.customer_id, contract=row.contract_id, item=row.item_id)

    def _refuse_priced_elsewhere(self, row: ReportedUsage) -> None:
        if self.customers.price_dynamically(row.customer_id, row.counted):
            raise Refused("reported_usage_must_be_priced_here", detail=_named(row))

    def _refuse_late(self, *months: date) -> None:
        if min(months) < self.first_on:
            raise Refused("period_must_be_open", field="started_at", detail=f"{min(months):%Y-%m} is closed")


def _merged(further: Fields, told: Fields) -> dict[str, Any]:
    """Further fields as they become; one that is told as None goes."""
    return {name: value for name, value in {**further, **told}.items() if value is not None}


def _named(row: ReportedUsage) -> str:
    return reported_usage_code(row.id)
