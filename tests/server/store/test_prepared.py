"""Statements that a connection plans once: what they take is what they give, several go in one trip, in their order."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.abc import Transformer

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.inserting import insert
from ratable_server.store.load.parts import Part, Parts
from ratable_server.store.models import Product
from ratable_server.store.prepared import _of_thread, all_rows, first_row, rows_of_each
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.trips import first_texts, prepared
from tests.server.conftest import AT

_ECHO = """
SELECT %(text)s::text, %(number)s::numeric, %(day)s::date, %(texts)s::text[], %(nothing)s::text, %(text)s::text
"""
_OTHERS = "SELECT %(at)s::timestamptz, %(fields)s::jsonb, %(ids)s::bigint[], %(is_so)s::boolean, %(whole)s::bigint"
_NAME = "UPDATE product SET name = %(name)s WHERE tenant_id = %(tenant)s RETURNING code"
_NAMES = "SELECT name FROM product WHERE tenant_id = %(tenant)s ORDER BY id"


def product(actor: Actor, code: str = "api", **fields: Any) -> Product:
    return Product(tenant_id=actor.tenant_id, code=code, name="API", created_at=AT, modified_at=AT, **fields)


def planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'ratable_%%'")
        return int(cursor.fetchone()[0])


def plans_of(beginning: str) -> tuple[int, int]:
    """How often a statement was done by the plan for all, and by one of its own."""
    with connection.cursor() as cursor:
        asked = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE strpos(statement, %s) > 0"
        cursor.execute(asked, [beginning])
        (found,) = cursor.fetchall()
    return found[0], found[1]


def plan_mode() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("text", ["", "it's", "'; DROP TABLE product; --", "%(text)s $1 %", "back\\slash", "naïve ☃\n"])
def test_values_come_back_as_they_were_told(actor: Actor, text: str):
    told = {"text": text, "number": Decimal("1.500"), "day": date(2026, 2, 28), "texts": [text, "b"], "nothing": None}
    with books_of(actor):
        (row,) = all_rows(_ECHO, told)
    assert row == (text, Decimal("1.500"), date(2026, 2, 28), [text, "b"], None, text)
    assert str(row[1]) == "1.500"


def test_moments_documents_ids_and_flags_come_back_too(actor: Actor):
    at = datetime(2026, 3, 1, 0, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    fields = json.dumps({"who's": "a\\b"})
    told = {"at": at, "fields": fields, "ids": [2**62, None], "is_so": False, "whole": -(2**62)}
    with books_of(actor):
        (row,) = all_rows(_OTHERS, told)
    assert row == (at, fields, [2**62, None], False, -(2**62))
    assert row[0].utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["null", "half"])
def test_a_character_that_no_text_can_have_is_refused(actor: Actor, text: str):
    told = {"text": "a", "number": 1, "day": None, "texts": [], "nothing": None}
    for wrong in ({"text": text}, {"texts": ["a", text]}):
        with pytest.raises(DataError), books_of(actor):
            all_rows(_ECHO, told | wrong)
    with pytest.raises(DataError), books_of(actor):
        insert(product(actor, code=text))
    with books_of(actor):
        assert not rows_of(actor, Product).exists()


def test_a_half_character_is_refused_in_the_same_words_everywhere(actor: Actor):
    with pytest.raises(DataError) as here, books_of(actor):
        all_rows("SELECT %(text)s::text", {"text": "\udcff"})
    with pytest.raises(DataError) as there:
        first_texts(prepared("SELECT $1", "text"), ["\udcff"])
    assert str(here.value) == str(there.value) == "a value has a character that no text of the database can hold"


def test_a_statement_is_planned_once_and_a_rollback_does_not_forget_it(actor: Actor):
    names = {"tenant": actor.tenant_id}
    with books_of(actor):
        assert first_row(_NAMES, names) is None
        before = planned()
        transaction.set_rollback(True)
    with books_of(actor):
        assert all_rows(_NAMES, names) == []
        assert planned() == before > 0


def test_one_plan_serves_all_calls_and_nothing_else_in_their_transaction(actor: Actor):
    """An id is found by its index whatever it is; left alone, PostgreSQL tries the first five calls each by its own plan."""
    asked = "SELECT name FROM product WHERE tenant_id = %(tenant)s AND code = ANY(%(codes)s) -- ids"
    with books_of(actor):
        insert(product(actor))
        for codes in (["api"], ["api", "gone"], []):
            assert all_rows(asked, {"tenant": actor.tenant_id, "codes": codes}) == [("API",)] * ("api" in codes)
        assert plans_of("code = ANY($2) -- ids") == (3, 0)
        assert plan_mode() == "auto"
        with pytest.raises(DataError), transaction.atomic():
            all_rows("SELECT 1 / %(number)s::int", {"number": 0})
        assert plan_mode() == "auto"


def test_what_is_asked_in_a_transaction_of_djangos_begins_it(actor: Actor):
    with transaction.atomic():
        all_rows("SELECT set_config('ratable.tenant', %(tenant)s, true)", {"tenant": str(actor.tenant_id)})
        assert all_rows("SELECT current_setting('ratable.tenant')", {}) == [(str(actor.tenant_id),)]
    assert all_rows("SELECT current_setting('ratable.tenant')", {}) == [("",)]


def test_what_goes_before_is_done_and_not_told(actor: Actor):
    with books_of(actor):
        insert(product(actor))
    enter = f"SELECT set_config('ratable.tenant', '{actor.tenant_id}', true)"
    told = {"tenant": actor.tenant_id}
    assert rows_of_each((_NAMES, told), (_NAMES, told), opening=enter) == [[("API",)], [("API",)]]
    assert all_rows(_NAMES, told) == []


def test_several_go_in_their_order_and_each_sees_what_those_before_it_did(actor: Actor):
    told = {"tenant": actor.tenant_id, "name": "Calls"}
    with books_of(actor):
        insert(product(actor))
        assert rows_of_each((_NAMES, told), (_NAME, told), (_NAMES, told)) == [[("API",)], [("api",)], [("Calls",)]]


def test_where_one_of_several_fails_nothing_of_them_stays(actor: Actor):
    told = {"tenant": actor.tenant_id, "name": "Calls"}
    with books_of(actor):
        insert(product(actor))
    with pytest.raises(ProgrammingError), books_of(actor):
        rows_of_each((_NAME, told), ("SELECT no_such_column FROM product", {}))
    with books_of(actor):
        assert all_rows(_NAMES, told) == [("API",)]


def test_what_is_asked_first_is_asked_in_the_books_that_it_opens(new_actor: Callable[..., Actor]):
    one, other = new_actor(), new_actor()
    for each in (one, other):
        named = (_NAMES, {"tenant": each.tenant_id})
        with books_of(each, first=[named, named]) as found:
            assert found == [[], []]
            insert(product(each, code=f"api-{each.tenant_id}"))
            with books_of(each, first=[named]) as part:
                assert part == [[("API",)]]
    with books_of(one, as_snapshot=True, first=[("SELECT code FROM product", {})]) as found:
        assert found == [[(f"api-{one.tenant_id}",)]]
    with books_of(one) as found:
        assert found == []


def test_where_what_is_asked_first_fails_no_books_are_open(actor: Actor):
    with (
        pytest.raises(ProgrammingError),
        books_of(actor, first=[(_NAMES, {"tenant": 1}), ("SELECT no_such_column", {})]),
    ):
        pass
    assert not connection.in_atomic_block
    with pytest.raises(InvariantError, match="outside books_of"):
        rows_of(actor, Product)
    assert all_rows("SELECT current_setting('ratable.tenant')", {}) == [("",)]


def test_nothing_is_seen_outside_of_the_books(actor: Actor):
    with books_of(actor):
        insert(product(actor))
    with transaction.atomic():
        assert all_rows(_NAMES, {"tenant": actor.tenant_id}) == []


def test_what_is_read_alone_is_of_its_tenant_and_leaves_no_books_open(new_actor: Callable[..., Actor]):
    one, other = new_actor(), new_actor()
    with books_of(one):
        insert(product(one))
    named = Parts({"product": Part(model=Product, roads={"code": "code"}, where="code = 'api'")})
    assert named.read_alone(one, {"tenant": one.tenant_id})["product"] == [{"code": "api"}]
    assert named.read_alone(other, {"tenant": one.tenant_id})["product"] == []
    with books_of(one):
        assert named.read_alone(one, {"tenant": one.tenant_id})["product"] == [{"code": "api"}]
    with transaction.atomic():
        assert named.read({"tenant": one.tenant_id})["product"] == []


def test_what_somebody_else_has_let_go_of_is_prepared_again_where_nothing_was_begun(actor: Actor):
    with books_of(actor):
        insert(product(actor))
    named = Parts({"product": Part(model=Product, roads={"code": "code"}, where="code = 'api' -- again")})
    told = [{"code": "api"}]
    assert named.read_alone(actor, {"tenant": actor.tenant_id})["product"] == told
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert named.read_alone(actor, {"tenant": actor.tenant_id})["product"] == told
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(ProgrammingError) as lost, books_of(actor):
        named.read_alone(actor, {"tenant": actor.tenant_id})
    assert (
        getattr(lost.value.__cause__, "sqlstate", "") == "26000"
    )  # who retries the whole begins with another connection
    connection.close()


def test_a_trip_is_counted_as_one_statement(actor: Actor):
    told = {"tenant": actor.tenant_id}
    with books_of(actor):
        all_rows(_NAMES, told)
        with CaptureQueriesContext(connection) as captured:
            rows_of_each((_NAMES, told), (_NAMES, told))
    (query,) = captured.captured_queries
    assert query["sql"].count("EXECUTE ratable_") == 2


def test_the_rows_that_a_thread_has_read_last_are_not_kept(actor: Actor):
    with books_of(actor):
        assert all_rows("SELECT repeat('a', 3)", {}) == [("aaa",)]
        with pytest.raises(ProgrammingError):
            all_rows("SELECT no_such_column", {})
    reader: Transformer = _of_thread.values[1]
    assert reader.pgresult is None


def test_a_row_is_written_as_django_would_write_it(actor: Actor):
    further = {"rate": Decimal("1.10"), "who's": ["a", None]}
    with books_of(actor):
        row = product(actor, further=further)
        insert(row)
        found = rows_of(actor, Product).get(id=row.id)
    fields = [field.attname for field in Product._meta.concrete_fields]
    assert {name: getattr(found, name) for name in fields} == {name: getattr(row, name) for name in fields}
    assert str(found.further["rate"]) == "1.10"


def test_nothing_is_written_in_a_transaction_that_will_be_rolled_back(actor: Actor):
    """Django marks it so by itself where something went wrong that PostgreSQL did not see."""

    def go_on_after_a_fault() -> None:
        with books_of(actor):
            with suppress(ValueError), transaction.atomic(savepoint=False):
                raise ValueError
            insert(product(actor))

    with pytest.raises(transaction.TransactionManagementError):
        go_on_after_a_fault()
    with books_of(actor):
        assert not rows_of(actor, Product).exists()
