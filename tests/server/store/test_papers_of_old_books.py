"""Books that were kept before there were papers: each invoice and credit memo gets its paper when they are migrated (0017)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from ratable_server.actor import Actor
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.papers import PapersAsked, papers
from ratable_server.store import models, places, setting_up
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import as_superuser

BEFORE = ("store", "0016_memos_of_adjustments")
AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def old_database(books: None) -> Iterator[psycopg.Connection]:
    """A database as it was before papers; gives a connection past every guard."""
    name = "before_papers"
    connections.close_all()
    with as_superuser("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {places.OWNER} ENCODING 'UTF8'")
        _point_to(name)
        try:
            MigrationExecutor(connections["owner"]).migrate([BEFORE])
            with as_superuser(name) as superuser:
                yield superuser
        finally:
            connections.close_all()
            _point_to(places.DATABASE)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _point_to(database: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database


class OldBooks:
    """Rows of a tenant, written as they were before papers."""

    def __init__(self, superuser: psycopg.Connection, code: str) -> None:
        self._superuser = superuser
        self._number = 0
        self.tenant = self._add("tenant", code=code, name=code, timezone="UTC", two_person_close=False, fact_number=99,
                                recorded_at=AT)  # fmt: skip
        customer = self._add("customer", tenant_id=self.tenant, code="acme", name="Acme Inc")
        self.contract = self._add("contract", tenant_id=self.tenant, code="acme", name="Acme 2026", customer_id=customer,
                                  currency="USD", starts_on=JANUARY)  # fmt: skip

    def filed(self, kind: str, code: str, amount_minor: int, **fields: Any) -> int:
        """A document."""
        against = {"against": "revenue" if kind == "credit_memo" else ""}
        usual = {
            "contract_id": self.contract,
            "on": date(2026, 1, 10),
            "booked_on": JANUARY,
            "further": "{}",
            **against,
        }
        return self._fact("document", kind=kind, code=code, amount_minor=amount_minor, **{**usual, **fields})

    def voided(self, document: int, on: date) -> int:
        """A void of a document."""
        return self._fact("document_void", document_id=document, on=on, booked_on=on.replace(day=1), reason="")

    def reopened(self, void: int) -> None:
        """A void that was taken back."""
        self._fact("document_reopening", void_id=void, booked_on=FEBRUARY)

    def _fact(self, table: str, **fields: Any) -> int:
        self._number += 1
        told = {"recorded_at": AT, "recorded_by": "somebody", "request_id": "r-0"}
        return self._add(table, tenant_id=self.tenant, number=self._number, **told, **fields)

    def _add(self, table: str, **fields: Any) -> int:
        columns, values = ", ".join(f'"{name}"' for name in fields), ", ".join(["%s"] * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING id"
        (id,) = self._superuser.execute(statement.encode(), list(fields.values())).fetchone() or (0,)
        return int(id)


def test_each_invoice_and_credit_memo_gets_its_paper(old_database: psycopg.Connection):
    """Two tenants with the same codes; a void stands, another was taken back and told again."""
    mine, other = OldBooks(old_database, "main"), OldBooks(old_database, "other")
    mine.filed("invoice", "INV-1", 8_000_000, further='{"message": "Thank you"}')
    mine.filed("payment", "#2", 8_000_000)
    mine.filed("credit_memo", "INV-1", 20_000)
    gone = mine.filed("invoice", "INV-2", 500)
    mine.voided(gone, date(2026, 2, 3))
    stands = mine.filed("invoice", "INV-3", 700)
    mine.reopened(mine.voided(stands, date(2026, 2, 4)))
    again = mine.filed("invoice", "INV-4", 900)
    mine.reopened(mine.voided(again, date(2026, 2, 4)))
    mine.voided(again, date(2026, 2, 5))
    other.filed("invoice", "INV-1", 1)

    assert "store.0017_papers" in setting_up.migrate()

    actor = _actor(mine.tenant)
    told = [
        (paper.kind, paper.code, paper.on, paper.stage, int(paper.total), int(paper.settled), paper.voided_on)
        for kind in ("invoice", "credit_memo")
        for paper in papers(actor=actor, asked=PapersAsked(kind=kind, limit=EVERYTHING.limit, order=["id"])).rows
    ]
    day = date(2026, 1, 10)
    assert sorted(told) == [
        ("credit_memo", "INV-1", day, "open", 200, 0, None),
        ("invoice", "INV-1", day, "open", 80_000, 0, None),
        ("invoice", "INV-2", day, "open", 5, 0, date(2026, 2, 3)),
        ("invoice", "INV-3", day, "open", 7, 0, None),
        ("invoice", "INV-4", day, "open", 9, 0, date(2026, 2, 5)),
    ]
    first = papers(actor=actor, asked=PapersAsked(kind="invoice", codes=["INV-1"])).rows[0]
    assert (first.further, [line.amount for line in first.lines]) == ({"message": "Thank you"}, [Decimal(80_000)])
    with books_of(actor):
        lines = rows_of(actor, models.PaperLine).select_related("document", "paper")
        assert all((line.document.kind, line.document.code) == (line.paper.kind, line.paper.code) for line in lines)
        assert lines.count() == 5
    assert [paper.total for paper in papers(actor=_actor(other.tenant), asked=PapersAsked(kind="invoice")).rows] == [
        Decimal("0.01")
    ]


def test_nobody_sees_the_papers_of_another_tenant_after_it(old_database: psycopg.Connection):
    """While it runs the owner reads over all tenants; then row-level security is forced on everybody again."""
    setting_up.migrate()
    tables = ("document", "document_void", "document_reopening", "paper", "paper_line")
    found = old_database.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relrowsecurity AND relforcerowsecurity",
        [list(tables)],
    ).fetchall()
    assert sorted(name for (name,) in found) == sorted(tables)


def _actor(tenant_id: int) -> Actor:
    return Actor(tenant_id=tenant_id, name="somebody", role="admin", request_id="r-0")
