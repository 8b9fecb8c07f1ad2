"""No tenant sees, changes or points to a row of another, whoever asks the database."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.tenants import found_tenant, tenant_id
from ratable_server.store.models import (
    ApiToken,
    BundleLine,
    Customer,
    IdempotencyKey,
    JournalEntry,
    JournalLine,
    OauthClient,
    OauthToken,
    Product,
    ProductBundle,
    ReportFile,
    Run,
    Tenant,
    UsageRecord,
    WebhookEvent,
)
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.rows import ALL_MODELS, Model, enter, guard_of, one_of_each

NewActor = Callable[..., Actor]
_LOOKED_UP = (
    Tenant,
    ApiToken,
    IdempotencyKey,
    OauthClient,
    OauthToken,
    ReportFile,
    WebhookEvent,
)  # by the owner's functions, before it is known whose they are

RESULTS = [*import_module("ratable_server.store.migrations.0005_posting").RESULTS, "rejected_usage"]
# Results and journals refer to their run, and lines to their entry, by triggers: see 0005_posting.sql
LOOKED_UP = [model for model in ALL_MODELS if model._meta.db_table.removeprefix("draft_") in RESULTS]

each_model = pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model._meta.db_table)


@pytest.fixture(scope="module")
def crowded(books: None) -> tuple[Actor, Actor]:
    """Two tenants, each with a row in every table."""
    ours = found_tenant(code="ours", name="Ours", request_id="r-1", at=AT)
    theirs = found_tenant(code="theirs", name="Theirs", request_id="r-2", at=AT)
    one_of_each(ours)
    one_of_each(theirs)
    return ours, theirs


@each_model
def test_rows_of_another_tenant_are_invisible(crowded: tuple[Actor, Actor], model: Model):
    ours, theirs = crowded
    column = "id" if model is Tenant else "tenant_id"
    for alias in ("default",) if model in _LOOKED_UP else ("default", "owner"):
        with transaction.atomic(using=alias):
            enter(connections[alias], ours)
            seen = set(model._default_manager.using(alias).values_list(column, flat=True))
        assert seen == {ours.tenant_id}, alias
    assert theirs.tenant_id != ours.tenant_id


@each_model
def test_nothing_is_visible_without_a_tenant(crowded: tuple[Actor, Actor], model: Model):
    assert model._default_manager.count() == 0
    if model not in _LOOKED_UP:
        assert model._default_manager.using("owner").count() == 0


@each_model
def test_no_row_is_written_for_another_tenant(crowded: tuple[Actor, Actor], model: Model):
    ours, theirs = crowded
    column, value = "id" if model is Tenant else "tenant_id", str(theirs.tenant_id)
    if model is UsageRecord:  # a row finds its partition first
        column, value = f"{column}, month_on", f"{value}, '2026-01-01'"
    table = connection.ops.quote_name(model._meta.db_table)
    with books_of(theirs):
        before = model._default_manager.count()
    for alias in ("default", "owner"):
        with (
            pytest.raises(DatabaseError, match="row-level security policy"),
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
        ):
            enter(connections[alias], ours)
            cursor.execute(f"INSERT INTO {table} ({column}) VALUES ({value})")
    with books_of(theirs):
        assert model._default_manager.count() == before


@pytest.mark.parametrize(
    "model", [model for model in ALL_MODELS if guard_of(model) != "append_only"], ids=lambda model: model._meta.db_table
)
def test_no_row_is_given_to_another_tenant(crowded: tuple[Actor, Actor], model: Model):
    ours, theirs = crowded
    column = "id" if model is Tenant else "tenant_id"
    kept = "its rows are kept|stays as it was begun"  # of months and runs, whoever asks
    with pytest.raises(DatabaseError, match=f"row-level security policy|{kept}"), books_of(ours):
        rows_of(ours, model).update(**{column: theirs.tenant_id}) if model is not Tenant else _rename(theirs)
    with books_of(ours):
        assert model._default_manager.count() >= 1


def _rename(theirs: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenant SET id = %s", [theirs.tenant_id])


@each_model
def test_every_link_stays_in_its_tenant(books: None, model: Model):
    """Each foreign key of the models is one of the database, over (tenant_id, column)."""
    if model is UsageRecord:
        pytest.skip("usage has no foreign key: it would cost a look-up for each record; see 0002_guards.sql")
    expected: set[str] = (
        set()
        if model in LOOKED_UP
        else {
            f"FOREIGN KEY (tenant_id, {field.column}) REFERENCES {field.related_model._meta.db_table}(tenant_id, id)"
            for field in model._meta.local_fields
            if isinstance(field, models.ForeignKey) and field.name != "tenant"
        }
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            [connection.ops.quote_name(model._meta.db_table)],
        )
        found = {row[0] for row in cursor.fetchall()}
    assert {text for text in found if "tenant_id, " in text} == expected
    is_of_tenant = any("FOREIGN KEY (tenant_id) REFERENCES tenant(id)" in text for text in found)
    assert bool(expected) != is_of_tenant or model in LOOKED_UP or model._meta.db_table in {"tenant", "usage_key"}


@pytest.mark.parametrize("model", LOOKED_UP, ids=lambda model: model._meta.db_table)
def test_a_result_cannot_be_of_a_run_of_another_tenant(crowded: tuple[Actor, Actor], model: Any):
    ours, theirs = crowded
    with books_of(theirs):
        their_run = rows_of(theirs, Run).get().id
    with books_of(ours):
        before = list(rows_of(ours, model).order_by("id").values_list("id", "run_id"))
        row: Any = rows_of(ours, model).order_by("id").first()
    row.pk, row.run_id, row.entry_code = 2**41, their_run, "another"
    with pytest.raises(IntegrityError, match="which is not there"), books_of(ours):
        row.save(force_insert=True)
    if guard_of(model) == "free":
        with pytest.raises(IntegrityError, match="which is not there"), books_of(ours):
            rows_of(ours, model).update(run_id=their_run)
    with books_of(ours):
        assert list(rows_of(ours, model).order_by("id").values_list("id", "run_id")) == before


def test_a_line_cannot_be_of_an_entry_of_another_tenant_or_run(crowded: tuple[Actor, Actor]):
    ours, theirs = crowded
    with books_of(theirs):
        their_entry = rows_of(theirs, JournalEntry).get().id
    with books_of(ours):
        line = rows_of(ours, JournalLine).order_by("id").first()
        assert line
        another_run = Run.objects.get(id=line.run_id)
        another_run.pk = None
        another_run.save(force_insert=True)
        before = rows_of(ours, JournalLine).count()
    own = {"entry_id": line.entry_id, "run_id": line.run_id}
    for other in ({"entry_id": their_entry}, {"entry_id": 0}, {"run_id": another_run.id}):
        line = JournalLine(tenant_id=ours.tenant_id, account="cash", debit_minor=1, **{**own, **other})
        with pytest.raises(IntegrityError, match="which is not there"), books_of(ours):
            line.save(force_insert=True)
    with books_of(ours):
        assert rows_of(ours, JournalLine).count() == before


def test_a_row_cannot_point_to_another_tenant(new_actor: NewActor):
    ours, theirs = new_actor(), new_actor()
    with books_of(theirs):
        product = Product.objects.create(tenant_id=theirs.tenant_id, code="api", name="Calls")
        bundle = ProductBundle.objects.create(tenant_id=theirs.tenant_id, code="all")
        assert product.pk
    with pytest.raises(IntegrityError, match="of_tenant"), books_of(ours):
        our_bundle = ProductBundle.objects.create(tenant_id=ours.tenant_id, code="all")
        assert our_bundle.pk != bundle.pk
        BundleLine.objects.create(tenant_id=ours.tenant_id, bundle=our_bundle, product=product, place=1)
    with books_of(ours):
        assert rows_of(ours, ProductBundle).count() == 0


def test_rows_are_only_reached_in_open_books(actor: Actor, new_actor: NewActor):
    with pytest.raises(InvariantError, match="outside books_of"):
        rows_of(actor, Customer)
    other = new_actor()
    with books_of(actor):
        with books_of(actor):  # a part of the same transaction
            Customer.objects.create(tenant_id=actor.tenant_id, code="acme", name="Acme")
        with pytest.raises(InvariantError, match="are open"), books_of(other):
            pass
        with pytest.raises(InvariantError, match="outside books_of"):
            rows_of(other, Customer)
        assert [row.name for row in rows_of(actor, Customer)] == ["Acme"]


def test_a_snapshot_sees_one_moment_and_writes_nothing(actor: Actor, second_connection: Any):
    with books_of(actor, as_snapshot=True):
        assert rows_of(actor, Customer).count() == 0
        second_connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
        second_connection.execute(
            "INSERT INTO customer (tenant_id, code, name) VALUES (%s, 'a', '')", [actor.tenant_id]
        )
        second_connection.commit()
        assert rows_of(actor, Customer).count() == 0
    with books_of(actor):
        assert rows_of(actor, Customer).count() == 1
        with pytest.raises(InvariantError, match="begins with its transaction"), books_of(actor, as_snapshot=True):
            pass
    with pytest.raises(DatabaseError, match="read-only transaction"), books_of(actor, as_snapshot=True):
        rows_of(actor, Customer).update(name="x")


def test_a_tenant_is_found_by_its_code_and_founded_once(actor: Actor):
    with books_of(actor):
        code = Tenant.objects.get().code
    assert tenant_id(code) == actor.tenant_id
    assert tenant_id("nobody") is None
    with pytest.raises(Refused) as refused:
        found_tenant(code=code, name="Again", request_id="r-9", at=AT)
    assert refused.value.code == "tenant_code_must_be_unused"
    with pytest.raises(Refused) as refused:
        found_tenant(code="new", name="New", timezone="Mars/Base", request_id="r-9", at=AT)
    assert (refused.value.code, refused.value.field, tenant_id("new")) == ("policy_must_be_sound", "timezone", None)
