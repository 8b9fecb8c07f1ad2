"""Invoices and credit memos as a customer has them, one for each document that was filed so far, and what settles them.

A payment may be below nothing: it pays a credit memo out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now

from ratable_server.store.fields import CodeField, FurtherField

PAPERS_OF_DOCUMENTS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

_KINDS, _STAGES = ("invoice", "credit_memo"), ("draft", "open", "sent", "uncollectible")
_GUARDS: list[Any] = [
    "SELECT ratable_guard('paper', 'kept')",
    "SELECT ratable_refer('paper', 'contract_id', 'contract')",
    "SELECT ratable_guard('paper_line', 'kept')",
    "SELECT ratable_refer('paper_line', 'paper_id', 'paper')",
    "SELECT ratable_refer('paper_line', 'document_id', 'document')",
    "SELECT ratable_guard('settlement', 'kept')",
    "SELECT ratable_refer('settlement', 'invoice_id', 'paper')",
    "SELECT ratable_refer('settlement', 'credit_memo_id', 'paper')",
    "SELECT ratable_refer('settlement', 'document_id', 'document')",
]


def _link(to: str, *, is_optional: bool = False, is_indexed: bool = True) -> Any:
    return models.ForeignKey(
        blank=is_optional,
        db_constraint=False,
        db_index=is_indexed,
        null=is_optional,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


def _day() -> Any:
    return models.DateField(blank=True, null=True)


def _told() -> list[tuple[str, Any]]:
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("created_at", models.DateTimeField(db_default=Now())),
        ("modified_at", models.DateTimeField(db_default=Now())),
        ("deleted_at", models.DateTimeField(null=True, blank=True)),
        ("tenant", _link("tenant", is_indexed=False)),
    ]


def _options(table: str, *constraints: Any) -> dict[str, Any]:
    return {"db_table": table, "abstract": False, "default_permissions": (), "constraints": list(constraints)}


def _id_of_tenant(model: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=("tenant", "id"), name=f"{model}_id_of_tenant")


class Migration(migrations.Migration):
    """The tables and their guards, then what they hold of what was filed.

    Further fields come after: a default that is a parameter would put a table's constraints off to the very end.
    """

    dependencies: ClassVar = [("store", "0016_memos_of_adjustments")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Paper",
            fields=[
                *_told(),
                ("kind", models.TextField()),
                ("code", CodeField()),
                ("contract", _link("contract")),
                ("stage", models.TextField(default="open")),
                ("on", models.DateField()),
                ("due_on", _day()),
                ("total_minor", models.BigIntegerField(default=0)),
                ("settled_minor", models.BigIntegerField(default=0)),
                ("settled_on", _day()),
                ("voided_on", _day()),
            ],
            options=_options(
                "paper",
                _id_of_tenant("paper"),
                models.UniqueConstraint(
                    fields=("tenant", "kind", "code"), condition=Q(deleted_at=None), name="paper_code"
                ),
                models.CheckConstraint(condition=Q(kind__in=_KINDS), name="paper_kind"),
                models.CheckConstraint(condition=Q(stage__in=_STAGES), name="paper_stage"),
                models.CheckConstraint(
                    condition=Q(settled_minor__gte=0, settled_minor__lte=F("total_minor")), name="paper_settled"
                ),
            ),
        ),
        migrations.CreateModel(
            name="PaperLine",
            fields=[
                *_told(),
                ("paper", _link("paper")),
                ("document", _link("document", is_optional=True)),
                ("place", models.IntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField(default=0)),
            ],
            options=_options("paper_line"),
        ),
        migrations.CreateModel(
            name="Settlement",
            fields=[
                *_told(),
                ("invoice", _link("paper", is_optional=True)),
                ("credit_memo", _link("paper", is_optional=True)),
                ("document", _link("document", is_optional=True)),
                ("amount_minor", models.BigIntegerField()),
                ("on", models.DateField()),
                ("external_id", models.TextField(blank=True, default="")),
                ("voided_on", _day()),
            ],
            options=_options(
                "settlement",
                _id_of_tenant("settlement"),
                models.UniqueConstraint(
                    fields=("tenant", "external_id"),
                    condition=~Q(external_id="") & Q(voided_on=None, deleted_at=None),
                    name="settlement_code",
                ),
                models.CheckConstraint(condition=Q(amount_minor__gt=0), name="settlement_amount_must_be_positive"),
            ),
        ),
        *(migrations.AddField(model, "further", FurtherField()) for model in ("paper", "paperline", "settlement")),
        migrations.RunSQL([*_GUARDS, PAPERS_OF_DOCUMENTS]),
        migrations.RemoveConstraint("document", "document_amount_must_be_positive"),
        migrations.AddConstraint(
            "document",
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(kind="payment", amount_minor__lt=0),
                name="document_amount_must_be_positive",
            ),
        ),
    ]
