"""One sound row of every model, made from its columns, so that no model can be forgotten by a test over all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import models

from ratable_server.actor import Actor
from ratable_server.store import setting_up
from ratable_server.store.fields import CurrencyField, ExactField, MonthField, WholeField
from ratable_server.store.models import (
    DraftJournalLine,
    JournalLine,
    Period,
    PeriodClose,
    PolicyVersion,
    Run,
    Tenant,
)
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT

MONTH_ON = date(2026, 1, 1)
Model = type[models.Model]

ALL_MODELS: list[Model] = setting_up.books()


def guard_of(model: Model) -> str:
    """What the database keeps from happening to its rows."""
    return str(getattr(model, "guard"))  # noqa: B009 - a model's own attribute, which Model has not


GUARDED_MODELS = [model for model in ALL_MODELS if guard_of(model) != "free"]

# Where a column is not free to hold just anything.
_SPECIAL: dict[str, dict[str, Any]] = {
    "member": {"role": "viewer"},
    "api_token": {"role": "viewer"},
    "oauth_client": {"role": "viewer"},
    "policy_version": {"number": 1_000},
    "usage_group": {"pricing_model": "unit_based"},
    "document": {"kind": "invoice", "against": ""},
    "paper": {"kind": "invoice"},
    "subscription": {"ends_before": date(2027, 1, 1)},
    "register_entry": {"kind": "tag"},
    "journal_entry": {"line_count": 2, "total_minor": 5},
    "draft_journal_entry": {"line_count": 2, "total_minor": 5},
    "written_entry": {"is_removed": True, "lines": [], "posts": []},
    "journal_line": {"debit_minor": 5, "credit_minor": 0},
}


class Rows:
    """Makes rows for one actor, and what they point to before them."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.made: dict[Model, models.Model] = {}

    def make(self, model: Model) -> models.Model:
        """The row of this model; the same one when asked again."""
        if model is Tenant:
            return Tenant._default_manager.get()
        if model not in self.made:
            self.made[model] = row = model(**self._values(model))
            row.save(force_insert=True)
            if model.__name__.endswith("JournalEntry"):
                self._add_lines(row)
        return self.made[model]

    def _values(self, model: Model) -> dict[str, Any]:
        own = {**_SPECIAL.get(model._meta.db_table, {}), **self._unique_everywhere(model)}
        values: dict[str, Any] = {"tenant_id": self.actor.tenant_id}
        for field in model._meta.local_fields:
            if (field.name not in own and field.name in {"id", "tenant", "pk"}) or field.null or field.generated:
                continue
            if field.name in own:
                values[field.name] = own[field.name]
            elif isinstance(field, models.ForeignKey):
                values[field.name] = self.make(field.related_model)
            elif not (field.has_default() or field.has_db_default()):
                values[field.name] = _value(field)
        return values

    def _unique_everywhere(self, model: Model) -> dict[str, Any]:
        """What no two tenants may have alike."""
        match model._meta.db_table:
            case "api_token" | "oauth_token":
                return {"digest": f"word-{self.actor.tenant_id}"}
            case "oauth_client":
                return {"client_id": f"word-{self.actor.tenant_id}"}
            case "draft_journal_entry":  # drafted entries take their ids from those of posted ones
                return {"id": 2**40 + self.actor.tenant_id}
        return {}

    def _add_lines(self, entry: Any) -> None:
        line = JournalLine if entry._meta.db_table == "journal_entry" else DraftJournalLine
        sides = {"tenant_id": self.actor.tenant_id, "run_id": entry.run_id, "entry": entry}
        self.made[line] = line(**sides, account="accounts_receivable", debit_minor=5)
        self.made[line].save(force_insert=True)
        line(**sides, account="contract_liability", credit_minor=5).save(force_insert=True)


def one_of_each(actor: Actor) -> Rows:
    """A row of every model in the actor's books."""
    prepare_months([MONTH_ON])
    rows = Rows(actor)
    with books_of(actor):
        for model in ALL_MODELS:
            if model not in {JournalLine, DraftJournalLine}:  # they come with their entries
                rows.make(model)
    return rows


def lock_months(actor: Actor, months: Sequence[date]) -> None:
    """Close months by a close of the last one whose run has posted nothing."""
    with books_of(actor):
        rows = [Period(tenant_id=actor.tenant_id, month_on=month_on) for month_on in months]
        rows_of(actor, Period).bulk_create(rows, ignore_conflicts=True)
        shared = {"tenant_id": actor.tenant_id, "request_id": actor.request_id}
        of_month = {**shared, "period": rows_of(actor, Period).get(month_on=months[-1])}
        run = Run(
            **of_month,
            status="posted",
            calculation_version="none",
            policy_version=rows_of(actor, PolicyVersion).latest("number"),
            facts_through=0,
            started_at=AT,
            started_by=actor.name,
        )
        run.save(force_insert=True)
        PeriodClose(
            **of_month, run=run, version=1, closed_at=AT, closed_by=actor.name, journal_hash="", totals={}
        ).save(force_insert=True)
        rows_of(actor, Period).filter(month_on__in=months).update(status="closed")


def enter(connection: Any, actor: Actor) -> None:
    """Show another connection's transaction the rows of the actor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])


def _value(field: models.Field[Any, Any]) -> Any:
    match field:
        case MonthField():
            return MONTH_ON
        case CurrencyField():
            return "USD"
        case ExactField() | WholeField() | models.IntegerField():
            return 1
        case models.BooleanField():
            return False
        case models.DateTimeField():
            return AT
        case models.DateField():
            return MONTH_ON
        case models.JSONField():
            return {}
        case models.BinaryField():
            return b"hash"
        case models.TextField():
            return "word"
    raise TypeError(field)


__all__ = ["ALL_MODELS", "GUARDED_MODELS", "MONTH_ON", "Rows", "enter", "guard_of", "lock_months", "one_of_each"]
