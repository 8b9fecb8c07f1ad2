"""Voids of documents, and what takes them back: facts, kept for ever, never booked in a closed month."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

from ratable_server.store.fields import MonthField

_GUARDS: list[Any] = [
    "SELECT ratable_guard('document_void', 'append_only')",
    "SELECT ratable_refer('document_void', 'document_id', 'document')",
    "SELECT ratable_guard_period('document_void', 'booked_on')",
    "SELECT ratable_guard('document_reopening', 'append_only')",
    "SELECT ratable_refer('document_reopening', 'void_id', 'document_void')",
    "SELECT ratable_guard_period('document_reopening', 'booked_on')",
]


def _link(to: str, *, is_indexed: bool = True) -> Any:
    return models.ForeignKey(
        db_constraint=False,
        db_index=is_indexed,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"store.{to}",
    )


def _fact() -> list[tuple[str, Any]]:
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("number", models.BigIntegerField()),
        ("recorded_at", models.DateTimeField()),
        ("recorded_by", models.TextField()),
        ("request_id", models.TextField()),
        ("booked_on", MonthField()),
        ("tenant", _link("tenant", is_indexed=False)),
    ]


class Migration(migrations.Migration):
    """The tables, then their guards."""

    dependencies: ClassVar = [("store", "0008_api_token")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="DocumentVoid",
            fields=[
                *_fact(),
                ("document", _link("document")),
                ("reason", models.TextField(blank=True, default="")),
                ("on", models.DateField()),
            ],
            options={
                "db_table": "document_void",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="documentvoid_id_of_tenant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentReopening",
            fields=[*_fact(), ("void", _link("documentvoid"))],
            options={
                "db_table": "document_reopening",
                "abstract": False,
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="documentreopening_id_of_tenant"),
                    models.UniqueConstraint(fields=("tenant", "void"), name="document_reopening_of_void"),
                ],
            },
        ),
        migrations.RunSQL(_GUARDS),
    ]
