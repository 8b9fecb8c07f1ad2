"""What the database refuses by itself, to the application and to the owner (D11)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, DataError, IntegrityError, connection, connections, transaction

from ratable.currencies import CURRENCIES
from ratable.money import minor_unit_digits
from ratable_server.actor import Actor
from ratable_server.operations.tenants import found_tenant
from ratable_server.store.models import (
    Contract,
    Customer,
    Document,
    Draw,
    JournalEntry,
    JournalLine,
    PrepaidCommit,
    UsageRecord,
)
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.rows import (
    GUARDED_MODELS,
    MONTH_ON,
    Model,
    Rows,
    enter,
    guard_of,
    lock_months,
    one_of_each,
)

each_guarded = pytest.mark.parametrize("model", GUARDED_MODELS, ids=lambda model: model._meta.db_table)


@pytest.fixture(scope="module")
def full(books: None) -> Actor:
    """A tenant with a row in every table."""
    actor = found_tenant(code="full", name="Full", request_id="r-1", at=AT)
    one_of_each(actor)
    return actor


def constraint_of(error: BaseException) -> str | None:
    """The rule that the database names."""
    diag = getattr(error.__cause__, "diag", None)
    return getattr(diag, "constraint_name", None)


@each_guarded
def test_d11_what_is_kept_is_not_changed_nor_removed(full: Actor, model: Model):
    table = connection.ops.quote_name(model._meta.db_table)
    column = "id" if model._meta.db_table == "tenant" else "tenant_id"
    changes = [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]
    if guard_of(model) == "append_only":
        changes.append(f"UPDATE {table} SET {column} = {column}")
    with books_of(full):
        before = model._default_manager.count()
    assert before
    for change in changes:
        with pytest.raises(DatabaseError, match="permission denied"), books_of(full), connection.cursor() as cursor:
            cursor.execute(change)
        with pytest.raises(IntegrityError, match="is refused") as refused, transaction.atomic(using="owner"):
            enter(connections["owner"], full)
            with connections["owner"].cursor() as cursor:
                cursor.execute(change)
        assert constraint_of(refused.value) in {"append_only", "kept"}
    with books_of(full):
        assert model._default_manager.count() == before


def test_d11_partitions_are_guarded_like_the_whole(full: Actor):
    change = "UPDATE usage_record_2026_01 SET quantity = 2"
    with pytest.raises(DatabaseError, match="permission denied"), books_of(full), connection.cursor() as cursor:
        cursor.execute(change)
    for refused in (change, "DELETE FROM usage_record_2026_01", "TRUNCATE usage_record_2026_01"):
        with pytest.raises(IntegrityError, match="is refused"), transaction.atomic(using="owner"):
            enter(connections["owner"], full)
            with connections["owner"].cursor() as cursor:
                cursor.execute(refused)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM usage_record_2026_01")
        assert cursor.fetchone() == (0,)  # nothing without a tenant


# ── journal ──────────────────────────────────────────────────────────────────────────────────


def entry_of(actor: Actor, code: str, *, line_count: int = 2, total_minor: int = 100) -> JournalEntry:
    run = Rows(actor).make(Draw)
    entry = JournalEntry(
        tenant_id=actor.tenant_id,
        run_id=run.run_id,  # type: ignore[attr-defined]
        entry_code=code,
        contract_id="K1",
        currency="USD",
        source_kind="usage",
        source_id="K1",
        kind="invoice",
        service_on=MONTH_ON,
        booked_on=MONTH_ON,
        on=MONTH_ON,
        place=1,
        number=1,
        line_count=line_count,
        total_minor=total_minor,
    )
    entry.save(force_insert=True)
    return entry


def add_line(entry: JournalEntry, *, debit: int = 0, credit: int = 0) -> None:
    JournalLine(
        tenant_id=entry.tenant_id,
        run_id=entry.run_id,
        entry=entry,
        account="cash",
        debit_minor=debit,
        credit_minor=credit,
    ).save(force_insert=True)


@pytest.mark.parametrize(
    ("lines", "line_count", "total_minor"),
    [
        ([(100, 0), (0, 99)], 2, 100),  # does not balance
        ([(100, 0)], 2, 100),  # one side
        ([], 2, 100),  # no lines
        ([(100, 0), (0, 100)], 3, 100),  # a line is missing
        ([(100, 0), (0, 100)], 2, 90),  # another sum than it says
    ],
)
def test_d11_an_entry_that_does_not_balance_is_refused_at_commit(
    actor: Actor, lines: list[tuple[int, int]], line_count: int, total_minor: int
):
    is_written = False
    with pytest.raises(IntegrityError, match="does not balance") as refused, books_of(actor):
        entry = entry_of(actor, "E1", line_count=line_count, total_minor=total_minor)
        for debit, credit in lines:
            add_line(entry, debit=debit, credit=credit)
        is_written = True  # the entry may be unbalanced until the commit
    assert is_written
    assert constraint_of(refused.value) == "journal_entry_must_balance"
    with books_of(actor):
        assert rows_of(actor, JournalEntry).count() == rows_of(actor, JournalLine).count() == 0


def test_d11_nothing_is_added_to_a_complete_entry(actor: Actor):
    with books_of(actor):
        entry = entry_of(actor, "E1")
        add_line(entry, debit=100)
        add_line(entry, credit=100)
    for sides in ([(1, 0)], [(1, 0), (0, 1)]):
        with pytest.raises(IntegrityError, match="has all its lines"), books_of(actor):
            for debit, credit in sides:
                add_line(entry, debit=debit, credit=credit)
    with pytest.raises(IntegrityError, match="journal_line_has_one_side"), books_of(actor):
        add_line(entry, debit=-100)
    with books_of(actor):
        assert sorted(rows_of(actor, JournalLine).values_list("debit_minor", "credit_minor")) == [(0, 100), (100, 0)]


# ── periods ──────────────────────────────────────────────────────────────────────────────────


def test_d11_nothing_is_posted_into_a_closed_period(actor: Actor):
    with books_of(actor):
        draw = Rows(actor).make(Draw)
    lock_months(actor, [date(2025, 12, 1)])
    values = {field.attname: getattr(draw, field.attname) for field in Draw._meta.local_fields if field.name != "id"}
    with pytest.raises(IntegrityError, match="2025-12: the period is closed") as refused, books_of(actor):
        Draw(**{**values, "booked_on": date(2025, 12, 31)}).save(force_insert=True)
    assert constraint_of(refused.value) == "period_must_be_open"
    with books_of(actor):
        Draw(**values).save(force_insert=True)
    lock_months(actor, [MONTH_ON])
    for booked_on in (MONTH_ON, date(2026, 2, 1)):  # the month itself, and what a run of that month books elsewhere
        with pytest.raises(IntegrityError, match="period"), books_of(actor):
            Draw(**{**values, "booked_on": booked_on}).save(force_insert=True)
    with books_of(actor):
        assert rows_of(actor, Draw).count() == 2


def test_d11_no_document_is_booked_in_a_closed_period(actor: Actor):
    with books_of(actor):
        contract = Rows(actor).make(Contract).pk
    lock_months(actor, [MONTH_ON])

    def invoice(booked_on: date) -> None:
        with books_of(actor):
            Document(
                tenant_id=actor.tenant_id,
                contract_id=contract,
                code=f"INV-{booked_on}",
                kind="invoice",
                amount_minor=100,
                on=booked_on,
                booked_on=booked_on,
                number=1,
                recorded_at=AT,
            ).save(force_insert=True)

    with pytest.raises(IntegrityError, match="2026-01: the period is closed"):
        invoice(MONTH_ON)
    invoice(date(2026, 2, 1))
    with books_of(actor):
        assert list(rows_of(actor, Document).values_list("code", flat=True)) == ["INV-2026-02-01"]


def test_a_document_of_usage_is_an_invoice_of_nothing_else(actor: Actor):
    with books_of(actor):
        rows = Rows(actor)
        contract, commit = rows.make(Contract).pk, rows.make(PrepaidCommit).pk

    def file(kind: str, **named: Any) -> None:
        with books_of(actor):
            Document(
                tenant_id=actor.tenant_id,
                contract_id=contract,
                code=kind,
                kind=kind,
                amount_minor=100,
                is_of_usage=True,
                on=MONTH_ON,
                booked_on=MONTH_ON,
                number=1,
                recorded_at=AT,
                **named,
            ).save(force_insert=True)

    for kind, named in (
        ("invoice", {"prepaid_commit_id": commit}),
        ("payment", {}),
        ("credit_memo", {"against": "revenue"}),
    ):
        with pytest.raises(IntegrityError) as refused:
            file(kind, **named)
        assert constraint_of(refused.value) == "document_is_of_one_source"
    file("invoice")
    with books_of(actor):
        assert list(rows_of(actor, Document).values_list("kind", "is_of_usage")) == [("invoice", True)]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────


def write_commit(actor: Actor, total_value: str, *, currency: str) -> str:
    """A prepaid commit by direct SQL, since Django refuses NaN by itself; give what was kept."""
    with books_of(actor), connection.cursor() as cursor:
        contract = Contract(currency=currency, **contract_values(actor))
        contract.save(force_insert=True)
        cursor.execute(
            "INSERT INTO prepaid_commit (tenant_id, contract_id, place, code, name, currency, total_value,"
            " discount_percentage, priority, starts_on)"
            " VALUES (%s, %s, 0, 'C1', '', '', %s::numeric, 0, 1, '2026-01-01') RETURNING total_value::text",
            [actor.tenant_id, contract.pk, total_value],
        )
        return str(cursor.fetchone()[0])


def contract_values(actor: Actor) -> dict[str, Any]:
    customer = Rows(actor).make(Customer)
    return {"tenant_id": actor.tenant_id, "customer": customer, "code": "K1", "starts_on": MONTH_ON}


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("0.005", "USD"),
        ("0.5", "JPY"),
        ("0.0001", "BHD"),
        ("1e26", "USD"),
        ("0.0000000000001", "USD"),
    ],
)
def test_d11_amounts_are_numbers_that_fit_their_currency(actor: Actor, amount: str, currency: str):
    with pytest.raises(IntegrityError) as refused:
        write_commit(actor, amount, currency=currency)
    assert constraint_of(refused.value) in {"amount_must_fit_currency", "prepaid_commit_total_value_check"}
    with books_of(actor):
        assert rows_of(actor, PrepaidCommit).count() == rows_of(actor, Contract).count() == 0


def test_d11_a_minimum_fits_the_currency_of_its_contract(actor: Actor):
    with pytest.raises(IntegrityError, match="more digits than its currency"), books_of(actor):
        Contract(currency="USD", minimum_monthly_commitment_amount=Decimal("0.005"), **contract_values(actor)).save(
            force_insert=True
        )
    with books_of(actor):
        assert rows_of(actor, Contract).count() == 0


@pytest.mark.parametrize(
    ("amount", "currency"), [("1000.10", "USD"), ("0.001", "BHD"), ("99999999999999999999999999", "JPY")]
)
def test_amounts_are_kept_as_given(actor: Actor, amount: str, currency: str):
    assert write_commit(actor, amount, currency=currency) == amount
    with books_of(actor):
        assert str(rows_of(actor, PrepaidCommit).get().total_value) == amount


@pytest.mark.parametrize("quantity", ["NaN", "0.0000000000001", "1e26", "-Infinity"])
def test_d11_quantities_have_twelve_places_and_no_more(actor: Actor, quantity: str):
    prepare_months([MONTH_ON])
    values = "(tenant_id, event_id, stream, used_on, month_on, quantity, usage_import_id, row, number, open_on)"
    with pytest.raises(IntegrityError, match="usage_record"), books_of(actor), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO usage_record {values} VALUES (%s, 'e', 's', %s, %s, %s::numeric, 1, 1, 1, %s)",
            [actor.tenant_id, MONTH_ON, MONTH_ON, quantity, MONTH_ON],
        )
    with books_of(actor):
        assert rows_of(actor, UsageRecord).count() == 0


def test_digits_of_currencies_are_those_of_the_engine(books: None):
    codes = sorted(CURRENCIES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, ratable_minor_digits(code) FROM unnest(%s::text[]) AS code", [codes])
        assert dict(cursor.fetchall()) == {code: minor_unit_digits(code) for code in codes}


# ── partitions, migrations ───────────────────────────────────────────────────────────────────


def test_partitions_are_made_once_and_only_for_months(actor: Actor):
    months = [date(2031, 5, 1), date(2031, 6, 1), date(2031, 5, 1)]
    assert prepare_months(months) == 2
    assert prepare_months(months) == 0
    for day in (date(2031, 5, 2), date(1850, 1, 1)):
        with pytest.raises(DataError, match="not a month"):
            prepare_months([day])


def test_months_are_prepared_beside_an_open_transaction(actor: Actor):
    with pytest.raises(ZeroDivisionError), books_of(actor):
        assert prepare_months([date(2033, 1, 1), date(2033, 2, 1)]) == 2
        raise ZeroDivisionError
    with books_of(actor):
        assert prepare_months([date(2033, 2, 1), date(2033, 3, 1)]) == 1  # the transaction is gone, its months are not


def test_preparing_a_month_waits_for_no_import(actor: Actor, second_connection: Any):
    prepare_months([MONTH_ON])
    second_connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
    second_connection.execute(
        "INSERT INTO usage_record (tenant_id, event_id, stream, used_on, month_on, usage_import_id, row, number, open_on)"
        " VALUES (%s, 'e', 's', '2026-01-05', '2026-01-01', 1, 1, 1, '2026-01-01')",
        [actor.tenant_id],
    )
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
        try:
            assert prepare_months([date(2032, 1, 1)]) == 1
        finally:
            cursor.execute("RESET lock_timeout")


def test_migrations_are_those_of_the_models(books: None):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
