"""Whoever looks for prepaid commits that changed since a moment finds each whose answer is another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ratable_server.clock import now_at
from ratable_server.operations.periods import close_period
from ratable_server.operations.usage import Upload, ingest_usage, record_usage, settling
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.store.load.changed_commits import load_commit_changes
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_invoices import INVOICES
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import JANUARY, sent
from tests.wire.test_usage import product_of


class Synced:
    """A prepaid commit of 80,000.00 and a program that reads what has changed."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.contract = int(signed(api)["id"])
        self.all = f"contracts/{self.contract}/prepaid-commits"
        self.own = f"{self.all}/{granted(api, self.contract)['id']}"

    def now(self) -> Told:
        return self.api.get(self.own)

    def told_since(self, at: str) -> list[Any]:
        return list(self.api.get(self.all, last_modified_at__gte=at)["results"])

    @contextmanager
    def changes(self, *names: str) -> Iterator[None]:
        """What happens changes these fields of the commit, and is found by who read it before."""
        before = self.now()
        assert before.body in self.told_since(before["last_modified_at"])
        yield
        now = self.now()
        assert {name for name in before.body if before[name] != now[name]} == {*names, "last_modified_at"}
        assert now["last_modified_at"] > before["last_modified_at"]
        assert now.body in self.told_since(now["last_modified_at"])
        earlier = self.api.get(self.all, last_modified_at__lte=before["last_modified_at"])["results"]
        assert now["id"] not in {each["id"] for each in earlier}


@pytest.fixture
def synced(api: Api) -> Synced:
    return Synced(api)


def test_a_commit_moves_with_what_draws_on_it(synced: Synced):
    api, own = synced.api, synced.own
    with synced.changes("remaining_value"):
        february = used(api, own, 2, 30_000)
    with synced.changes("remaining_value", "status"):
        api.put(f"{own}/consumption/{february['id']}", {"gross_usage_amount": "100000.00"})
    with synced.changes("remaining_value", "status"):
        assert api.delete(f"{own}/consumption/{february['id']}").status == 204
    with synced.changes("remaining_value"):
        sent(api, own, JANUARY)
    product = product_of(api)["id"]
    line = {"product": product, "draws_on_prepaid_commits": True}
    with synced.changes("remaining_value"):
        usage = api.post(
            f"contracts/{synced.contract}/usage",
            {**line, "lines": [{"period_month": "2026-03-01", "amount": "500.00"}]},
        )
    (row,) = (each for each in api.get("transactions")["results"] if each["contract_usage"] == usage["id"])
    with synced.changes("remaining_value"):
        assert api.put(f"contracts/{synced.contract}/usage/{usage['id']}", {**line, "lines": []}).status == 200
    assert row["amount"] == 400


def test_a_commit_moves_with_what_draws_on_it_no_longer(synced: Synced):
    with synced.changes("remaining_value"):
        usage = synced.api.post(
            f"contracts/{synced.contract}/usage",
            {
                "product": product_of(synced.api)["id"],
                "draws_on_prepaid_commits": True,
                "lines": [{"period_month": "2026-03-01", "amount": "500.00"}],
            },
        )
    with synced.changes("remaining_value"):
        line = f"contracts/{synced.contract}/usage/{usage['id']}"
        assert synced.api.patch(line, {"draws_on_prepaid_commits": False}).status == 200


def test_a_commit_moves_with_the_prices_of_what_draws_on_it(synced: Synced):
    """1,000 calls at 0.10 less 20 %, then at 0.20, then at 0.30 for this contract."""
    api, plan = synced.api, {"name": "calls", "pricing_model": "unit_based"}
    (group,) = product_of(api, usage_groups=[{**plan, "tiers": [{"price": "0.10"}]}])["usage_groups"]
    line = {"usage_group": group["id"], "draws_on_prepaid_commits": True}
    used_in_march = [{"period_month": "2026-03-01", "quantity": 1000}]
    assert api.post(f"contracts/{synced.contract}/usage", {**line, "lines": used_in_march}).status == 201
    assert synced.now()["remaining_value"] == 79_920
    product = api.get("product")["results"][0]["id"]
    with synced.changes("remaining_value"):
        api.put(f"product/{product}/usage-groups/{group['id']}", {**plan, "tiers": [{"price": "0.20"}]})
    own = {"tier": group["tiers"][0]["id"], "contract": synced.contract, "price": "0.30"}
    with synced.changes("remaining_value"):
        assert api.post(f"contracts/{synced.contract}/tier-price-overrides", own).status == 201
    assert synced.now()["remaining_value"] == 79_760


def test_a_commit_moves_with_what_bills_it(synced: Synced):
    api = synced.api
    with synced.changes("is_invoiced", "invoice"):
        invoice = api.post(f"{synced.own}/invoice", {"invoice_date": "2026-01-01"})["id"]
    for act in ("void", "reopen"):
        with synced.changes("is_invoiced", "invoice"):
            assert api.post(f"{INVOICES}{invoice}/{act}/", {}).status == 200
    with synced.changes("is_invoiced", "invoice"):
        assert api.delete(f"{INVOICES}{invoice}/").status == 204


def test_a_commit_moves_with_its_top_ups_and_adjustments(synced: Synced):
    api, own = synced.api, synced.own
    used(api, own, 1, 30_000)
    with synced.changes("total_value", "remaining_value"):
        assert api.patch(own, {"total_value": "90000.00"}).status == 200
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    with synced.changes("total_value", "remaining_value"):
        assert api.patch(own, {"total_value": "95000.00"}).status == 200
    head = "external_id,total_revenue_dollars,is_adjustment,original_period_month,adjustment_date"
    sent(api, own, f"{head}\na1,-10000,true,2026-01-01,2026-02-12\n")
    with synced.changes("remaining_value"):
        assert api.post(f"{own}/process-adjustments")["processed"] == 1


def test_a_commit_moves_with_those_beside_it_and_with_its_contract(synced: Synced):
    """A commit that goes first bears what this one bore; with its contract a commit ends."""
    api = synced.api
    line = {"product": product_of(api)["id"], "draws_on_prepaid_commits": True}
    used_in_march = [{"period_month": "2026-03-01", "amount": "500.00"}]
    with synced.changes("remaining_value"):
        assert api.post(f"contracts/{synced.contract}/usage", {**line, "lines": used_in_march}).status == 201
    with synced.changes("remaining_value"):
        first = granted(api, synced.contract, name="First", priority=0)
    with synced.changes("remaining_value"):
        assert api.patch(f"{synced.all}/{first['id']}", {"priority": 2}).status == 200
    with synced.changes("remaining_value", "status"):
        assert api.post(f"contracts/{synced.contract}/terminate", {"termination_date": "2026-06-30"}).status == 200


def test_a_commit_stays_where_another_contract_changes_and_where_nothing_is_taken(synced: Synced):
    api, before = synced.api, synced.now()
    other = Synced(api)
    used(api, other.own, 1, 30_000)
    assert api.post(f"{other.own}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    assert used(api, synced.own, 1, -1).status == 400
    assert sent(api, synced.own, "external_id,dt,total_revenue_dollars\nx,2026-01-05,x\n").status == 400
    assert api.post(f"{synced.own}/invoice", {"invoice_date": "2026-13-01"}).status == 400
    assert synced.now().body == before.body
    assert synced.told_since(other.now()["last_modified_at"]) == []


def test_a_commit_that_is_gone_is_found_by_the_moment_of_its_end(synced: Synced):
    api, at = synced.api, synced.now()["last_modified_at"]
    assert api.delete(synced.own).status == 204
    (gone,) = api.get(synced.all, include_deleted="true", last_modified_at__gte=at)["results"]
    assert (gone["last_modified_at"] > at, synced.told_since(at)) == (True, [])
    assert api.get(synced.all, include_deleted="true", last_modified_at__lte=at)["results"] == []


def test_usage_that_is_revised_moves_the_commit_that_it_leaves_too(synced: Synced):
    api, other = synced.api, Synced(synced.api)
    of = {name: code_of_commit(each) for name, each in (("here", synced), ("there", other))}
    spent = {"id": "spent", "used_on": date(2026, 1, 5), "amount": 500}
    with synced.changes("remaining_value"):
        record_usage(actor=api.actor, records=[{**spent, "prepaid_commit": of["here"]}], at=now_at())
    with synced.changes("remaining_value"), other.changes("remaining_value"):
        moved = {**spent, "prepaid_commit": of["there"]}
        record_usage(actor=api.actor, records=[moved], at=now_at(), on_change="revise")
    assert (synced.now()["remaining_value"], other.now()["remaining_value"]) == (80_000, 79_600)


def test_what_is_taken_back_elsewhere_moves_no_other_commit(synced: Synced):
    """By an item that draws there as well; where it is taken back itself it moves."""
    api, other = synced.api, Synced(synced.api)
    used(api, synced.own, 1, 30_000)
    drawing = {"product": product_of(api)["id"], "draws_on_prepaid_commits": True}
    in_march = {**drawing, "lines": [{"period_month": "2026-03-01", "amount": "500.00"}]}
    lines = [f"contracts/{each.contract}/usage" for each in (synced, other)]
    paths = [f"{line}/{api.post(line, in_march)['id']}" for line in lines]
    february = used(api, other.own, 2, 30_000)
    before = synced.now()
    with other.changes("remaining_value"):
        assert api.delete(f"{other.own}/consumption/{february['id']}").status == 204
    with other.changes("remaining_value"):
        assert api.put(paths[1], {**drawing, "lines": []}).status == 200
    assert synced.now().body == before.body
    with synced.changes("remaining_value"):
        assert api.put(paths[0], {**drawing, "lines": []}).status == 200


def test_a_file_moves_the_commit_when_it_is_known_and_not_when_it_came(synced: Synced, monkeypatch: pytest.MonkeyPatch):
    """Who asked while it was read finds it the next time, asking by the moment of that."""
    asked_at: list[str] = []
    hold = settling.hold_books

    def asked_meanwhile(*args: Any, **named: Any) -> date:
        asked_at.append(now_at().isoformat())
        return hold(*args, **named)

    monkeypatch.setattr(settling, "hold_books", asked_meanwhile)
    with synced.changes("remaining_value"):
        assert sent(synced.api, synced.own, JANUARY).status == 200
    with synced.changes("remaining_value"):
        assert sent(synced.api, synced.own, JANUARY.replace("10000.004", "20000.004")).status == 200
    assert len(asked_at) == 2
    assert all(synced.now().body in synced.told_since(at) for at in asked_at)


def test_a_file_that_a_single_record_overtakes_moves_the_commit_after_it(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
):
    """Its records have the lower ids, and are known later."""
    api, asked_at = synced.api, []

    def overtaken(months: Any) -> None:
        used(api, synced.own, 2, 30_000)
        asked_at.append(now_at().isoformat())
        prepare_months(months)

    monkeypatch.setattr(settling, "prepare_months", overtaken)
    row = f"slow,{code_of_commit(synced)},2026-01-05,500"
    upload = Upload(source=BytesIO(f"id,prepaid_commit,used_on,amount\n{row}\n".encode()), format="csv")
    assert ingest_usage(actor=api.actor, upload=upload, at=now_at(), now=now_at).rows_accepted == 1
    (at,) = asked_at
    (found,) = synced.told_since(at)
    assert found == synced.now().body
    assert found["last_modified_at"] > at


def test_when_a_commit_changed_is_found_as_quickly_among_much_usage(synced: Synced):
    """What the database reads for one contract, without usage of others and beside 4,000 rows of it, all taken back."""
    api, other = synced.api, Synced(synced.api)
    for each in (synced, other):
        february = used(api, each.own, 2, 30_000)
        assert api.delete(f"{each.own}/consumption/{february['id']}").status == 204
    with books_of(api.actor), transaction.atomic():
        few = blocks_read(synced)
        for table, differs in (("usage_record", "id"), ("usage_void", "id, record_id")):
            multiply(table, differs.split(", "))
        assert blocks_read(synced) < 2 * few
        transaction.set_rollback(True)


def code_of_commit(synced: Synced) -> str:
    (commit,) = prepaid_commits(actor=synced.api.actor, contract_id=synced.contract).rows
    return commit.code


def multiply(table: str, differs: list[str]) -> None:
    """Write each row of this tenant 2,000 times more, with numbers of its own in these columns."""
    own = ", ".join(f"'{name}', known.{name} + 1000000::bigint * copy" for name in differs)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(known) || jsonb_build_object({own}))).*"  # noqa: S608 - the test's own
            f" FROM {table} AS known CROSS JOIN generate_series(1, 2000) AS copy"
        )
        assert cursor.rowcount == 4_000


def blocks_read(synced: Synced) -> int:
    """How many blocks of tables and indexes the look-up of one contract reads."""
    with CaptureQueriesContext(connection) as captured:
        assert load_commit_changes(synced.api.actor, [synced.contract])
    (execute,) = (each for asked in captured.captured_queries for each in asked["sql"].split("; ") if "EXECUTE" in each)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode TO force_generic_plan")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}")
        ((told,),) = cursor.fetchall()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
