"""The journal over the wire: entries with their lines, found by day, account and type, before and after they are posted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from ratable_server.store.models import RegisterEntry
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.counting import counted
from tests.wire.test_consumption import used
from tests.wire.test_statements import chained, trial_balance

JOURNAL, LINES = "/coa/api/journal_entry", "/coa/api/transaction"


@pytest.fixture
def chain(api: Api, on_day: Callable[[int, int], None]) -> Api:
    return chained(api, on_day)


def entries(told: Told) -> list[tuple[Any, ...]]:
    """Day, type, and sides of each entry."""
    return [
        (
            entry["date"],
            entry["type"],
            *((line["account_name"], line["debit_amount"], line["credit_amount"]) for line in entry["transactions"]),
        )
        for entry in told["results"]
    ]


CHAIN: list[tuple[Any, ...]] = [
    ("2026-01-01", "invoice", ("1200 - Accounts Receivable", 80_000, None), ("2500 - Deferred Revenue", None, 80_000)),
    ("2026-01-20", "invoice_payment", ("1000 - Cash", 80_000, None), ("1200 - Accounts Receivable", None, 80_000)),
    ("2026-01-31", "revenue_recognition", ("2500 - Deferred Revenue", 24_000, None), ("4000 - Revenue", None, 24_000)),
    ("2026-02-28", "revenue_recognition", ("2500 - Deferred Revenue", 40_000, None), ("4000 - Revenue", None, 40_000)),
    ("2026-03-31", "revenue_recognition", ("2500 - Deferred Revenue", 16_000, None), ("4000 - Revenue", None, 16_000)),
    ("2026-03-31", "revenue_recognition", ("1250 - Unbilled Revenue", 20_000, None), ("4000 - Revenue", None, 20_000)),
]


def test_entries_are_the_same_before_and_after_they_are_posted(chain: Api):
    before = chain.get(JOURNAL)
    assert entries(before) == CHAIN
    assert [entry["is_posted"] for entry in before["results"]] == [False] * 6
    for month in (1, 2):
        close_period(actor=chain.actor, month_on=date(2026, month, 1), at=AT)
    after = chain.get(JOURNAL)
    assert entries(after) == CHAIN
    assert [entry["is_posted"] for entry in after["results"]] == [True, True, True, True, False, False]
    same = ("id", "order", "journal_id", "memo", "invoice")
    assert [[each[name] for name in same] for each in after["results"]] == [
        [each[name] for name in same] for each in before["results"]
    ]
    ids = [[line["id"] for line in each["transactions"]] for each in after["results"]]
    assert ids == [[line["id"] for line in each["transactions"]] for each in before["results"]]
    assert chain.get(JOURNAL, posted="true")["count"] == 4
    for entry in (after["results"][0], after["results"][5]):
        assert chain.get(f"{JOURNAL}/{entry['id']}").body == entry
        assert chain.get(f"{LINES}/{entry['transactions'][0]['id']}").body == entry["transactions"][0]


def test_entries_and_lines_are_found(chain: Api, api_of: Callable[..., Api], new_actor: Callable[[], Any]):
    def found(path: str, **asked: Any) -> int:
        told = chain.get(path, **asked, limit=1)
        assert told.status == 200, told.text
        return int(told["count"])

    deferred = next(
        line["account"] for line in chain.get(LINES, limit=1000)["results"] if line["account_number"] == "2500"
    )
    assert found(JOURNAL, start_date="2026-01-20", end_date="2026-02-28") == 3
    assert found(JOURNAL, start_date="2027-01-01", end_date="2027-12-31") == 0
    assert found(JOURNAL, start_date="2027-01-01", all_time="true") == 6
    assert found(JOURNAL, account=deferred) == 4
    assert (found(JOURNAL, source="manual"), found(JOURNAL, source="ratable")) == (0, 6)
    assert found(JOURNAL, include_deleted="true") == 0
    newest = [entry["date"] for entry in chain.get(JOURNAL, sort="-date", limit=3)["results"]]
    assert newest == ["2026-03-31", "2026-03-31", "2026-02-28"]
    assert (found(LINES), found(LINES, account=deferred), found(LINES, accounts=f"[{deferred},1]")) == (12, 4, 4)
    assert found(LINES, account_type="REVENUE") == found(LINES, account_subtype="INCOME") == 4
    assert (found(LINES, journal_type="invoice"), found(LINES, journal_type__nin="revenue_recognition")) == (2, 4)
    assert (found(LINES, debit_amount_gte="40000"), found(LINES, credit_amount_equal="16000.00")) == (3, 1)
    assert (found(LINES, debit_amount_null="true"), found(LINES, currency="EUR")) == (6, 0)
    customer = chain.get(LINES)["results"][0]["vendor"]
    assert (found(LINES, vendor=customer), found(LINES, vendor=customer + 1)) == (12, 0)
    totals = chain.get(f"{LINES}/totals", account=deferred).body
    assert totals == {"count": 4, "total_debits": 80_000, "total_credits": 80_000, "net": 0}
    refused = chain.get(LINES, group_fields="account")
    assert (refused.status, list(refused.body)) == (400, ["group_fields"])
    other = api_of(new_actor())
    entry = chain.get(JOURNAL)["results"][0]
    for path in (f"{JOURNAL}/{entry['id']}", f"{LINES}/{entry['transactions'][0]['id']}"):
        assert (other.get(path).status, chain.get(path).status) == (404, 200)


# ── what somebody writes ─────────────────────────────────────────────────────────────────────


def account(api: Api, number: str, name: str, **fields: Any) -> int:
    told = api.post("/coa/api/account", {"number": number, "name": name, "account_type": "ASSET", **fields})
    assert told.status == 201, told.text
    return int(told["id"])


def side(account: int, **amounts: Any) -> dict[str, Any]:
    return {"account": account, **{f"{name}_amount_native": amount for name, amount in amounts.items()}}


def test_an_entry_is_written_changed_reversed_and_removed(api: Api, on_day: Callable[[int, int], None]):
    on_day(2, 10)
    bank, tools = account(api, "1010", "Bank"), account(api, "1600", "Tools", account_type="OPERATING_EXPENSES")
    body = {
        "date": "2026-01-15",
        "type": "journal_entry",
        "memo": "A drill",
        "ref_number": "R-7",
        "transactions": [
            {**side(tools, debit="99.90"), "bank_description": "Drill"},
            {**side(bank, credit=99.9), "note": "by card"},
        ],
    }
    told = api.post(JOURNAL, body)
    assert told.status == 201, told.text
    assert (told["memo"], told["ref_number"], told["source"], told["created_automatically"]) == (
        "A drill", "R-7", "manual", False,
    )  # fmt: skip
    assert entries_of(told) == [
        (
            "2026-01-15",
            "journal_entry",
            ("1600 - Tools", Decimal("99.90"), None),
            ("1010 - Bank", None, Decimal("99.90")),
        )
    ]
    assert [line["bank_description"] for line in told["transactions"]] == ["Drill", None]
    own = f"{JOURNAL}/{told['id']}"
    assert api.get(own).body == told.body
    assert api.get(JOURNAL, source="manual")["results"] == [told.body]
    changed = api.patch(own, {"memo": "A better drill", "date": "2026-02-01"})
    assert (changed["id"], changed["memo"], changed["date"], changed["ref_number"]) == (
        told["id"], "A better drill", "2026-02-01", "R-7",
    )  # fmt: skip
    assert entries_of(changed)[0][2:] == entries_of(told)[0][2:]
    whole = api.put(own, {**body, "transactions": [side(tools, debit=80), side(bank, credit=80)]})
    assert entries_of(whole)[0][2:] == (("1600 - Tools", 80, None), ("1010 - Bank", None, 80))
    reversal = api.post(JOURNAL, {"date": "2026-02-05", "reversal_of": told["id"], "memo": "Sent back"})
    assert entries_of(reversal)[0][2:] == (("1010 - Bank", 80, None), ("1600 - Tools", None, 80))
    assert reversal["reversal_of_order"] == told["order"]
    assert api.get(own)["reversals"] == [{"id": reversal["id"], "order": reversal["order"]}]
    assert trial_balance(api, all_time="true")["Bank"] == (80, 80)
    assert api.delete(own).status == 204
    assert api.get(own).status == 404
    assert api.get(JOURNAL, all_time="true")["count"] == 1
    twice, same = (api.post(JOURNAL, {**body, "reversal_date": "2026-02-28"}, key="k-1") for _ in range(2))
    assert same.body == twice.body
    assert [entry["date"] for entry in api.get(JOURNAL)["results"]] == ["2026-01-15", "2026-02-05", "2026-02-28"]
    assert api.get(JOURNAL)["results"][2]["reversal_of"] == twice["id"]


def test_an_entry_of_old_books_that_names_a_department_that_is_gone_is_reversed(
    api: Api, on_day: Callable[[int, int], None]
):
    on_day(2, 10)
    bank, tools = account(api, "1010", "Bank"), account(api, "1600", "Tools", account_type="OPERATING_EXPENSES")
    department = api.post("/coa/api/department", {"name": "Sales", "code": "S"})["id"]
    lines = [{**side(tools, debit=80), "department": department}, side(bank, credit=80)]
    told = api.post(JOURNAL, {"date": "2026-01-15", "transactions": lines})
    with books_of(api.actor):  # nobody watched over lines of entries then
        assert rows_of(api.actor, RegisterEntry).filter(kind="department", id=department).update(deleted_at=AT) == 1
    reversal = api.post(JOURNAL, {"date": "2026-02-05", "reversal_of": told["id"]})
    assert reversal.status == 201, reversal.text
    assert entries_of(reversal)[0][2:] == (("1010 - Bank", 80, None), ("1600 - Tools", None, 80))
    again = api.post(JOURNAL, {"date": "2026-02-05", "transactions": lines})
    assert (again.status, "department" in again.body) == (400, True), again.text
    assert api.get(JOURNAL, all_time="true")["count"] == 2


def test_an_entry_of_old_books_changes_with_what_it_names_that_is_gone(api: Api, on_day: Callable[[int, int], None]):
    """What it named before and goes on naming stays; nothing that is gone is named anew."""
    on_day(2, 10)
    bank, tools = account(api, "1010", "Bank"), account(api, "1600", "Tools", account_type="OPERATING_EXPENSES")
    sales, other = (api.post("/coa/api/department", {"name": each, "code": each[0]})["id"] for each in ("Sales", "Web"))
    tag = api.post("/coa/api/tag", {"name": "Fair"})["id"]
    lines = [{**side(tools, debit=80), "department": sales, "tags": [{"id": tag}]}, side(bank, credit=80)]
    told = api.post(JOURNAL, {"date": "2026-01-15", "transactions": lines})
    assert told.status == 201, told.text
    with books_of(api.actor):  # nobody watched over lines of entries then
        assert rows_of(api.actor, RegisterEntry).filter(id__in=[sales, other, tag]).update(deleted_at=AT) == 3
    assert api.patch(f"/coa/api/account/{bank}", {"status": "INACTIVE"}).status == 200
    own = f"{JOURNAL}/{told['id']}"
    changed = api.patch(own, {"memo": "A drill"})
    assert (changed.status, changed["memo"]) == (200, "A drill"), changed.text
    whole = api.put(own, {"date": "2026-01-15", "memo": "A better drill", "transactions": lines})
    assert (whole.status, whole["memo"], entries_of(whole)) == (200, "A better drill", entries_of(told)), whole.text
    before = kept(api.actor)
    for wrong in ({"department": other}, {"department": sales, "tags": [{"id": 999_999}]}):
        refused = api.patch(own, {"transactions": [{**side(tools, debit=80), **wrong}, side(bank, credit=80)]})
        assert refused.status == 400, refused.text
    assert kept(api.actor) == before


def test_a_form_says_the_same(api: Api, on_day: Callable[[int, int], None]):
    on_day(2, 10)
    bank, tools = account(api, "1010", "Bank"), account(api, "1600", "Tools")
    lines = json.dumps([side(tools, debit="99.90"), side(bank, credit="99.90")])
    told = api.form("POST", JOURNAL, {"date": "2026-01-15", "memo": "A drill", "transactions": lines})
    assert told.status == 201, told.text
    assert entries_of(told)[0][2:] == (
        ("1600 - Tools", Decimal("99.90"), None),
        ("1010 - Bank", None, Decimal("99.90")),
    )
    with counted() as one:
        assert api.get(JOURNAL)["count"] == 1
    assert (
        api.post(JOURNAL, {**told.body, "reversal_date": "2026-01-31", "transactions": json.loads(lines)}).status == 201
    )
    with counted() as three:
        assert api.get(JOURNAL)["count"] == 3
    assert len(one) == len(three)


def test_an_entry_takes_the_place_of_another_with_its_reversal_or_not_at_all(chain: Api):
    """What is refused at last, of three things that are asked for at once, undoes those before."""
    bank, cash = account(chain, "1010", "Bank"), account(chain, "1020", "Till")
    close_period(actor=chain.actor, month_on=date(2026, 1, 1), at=AT)
    good = {"date": "2026-02-02", "transactions": [side(bank, debit=5), side(cash, credit=5)]}
    old = chain.post(JOURNAL, good)
    before = chain.get(JOURNAL)
    again = {**good, "journals_to_delete": [old["id"]]}
    for fields in ({"reversal_date": "2026-01-31"}, {"transactions": [side(bank, debit=5), side(cash, credit=6)]}):
        refused = chain.post(JOURNAL, {**again, **fields})
        assert refused.status == 400, refused.text
        assert chain.get(JOURNAL).body == before.body
    new = chain.post(JOURNAL, {**again, "reversal_date": "2026-02-28"})
    assert new.status == 201, new.text
    assert chain.get(f"{JOURNAL}/{old['id']}").status == 404
    assert chain.get(JOURNAL)["count"] == before["count"] + 1


def entries_of(told: Told) -> list[tuple[Any, ...]]:
    return entries(Told(status=told.status, body={"results": [told.body]}, headers={}, text=""))


def test_what_cannot_be_written_is_refused_and_not_written(
    chain: Api, api_of: Callable[..., Api], new_actor: Callable[[], Any]
):
    bank, idle = account(chain, "1010", "Bank"), account(chain, "1020", "Old", status="INACTIVE")
    cash = next(line["account"] for line in chain.get(LINES)["results"] if line["account_number"] == "1000")
    close_period(actor=chain.actor, month_on=date(2026, 1, 1), at=AT)
    good = {"date": "2026-02-02", "transactions": [side(bank, debit=5), side(cash, credit=5)]}
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"date": "2026-01-31"}, "error"),
        ({"date": None}, "date"),
        ({"transactions": [side(bank, debit=5), side(cash, credit=4)]}, "transactions"),
        ({"transactions": [side(bank, debit=5)]}, "transactions"),
        ({"transactions": [side(bank, debit=0), side(cash, credit=0)]}, "transactions"),
        ({"transactions": [side(bank, debit=-5), side(cash, credit=-5)]}, "transactions"),
        ({"transactions": [side(bank, debit="5.001"), side(cash, credit="5.001")]}, "transactions"),
        ({"transactions": [{"debit_amount": 5}, side(cash, credit=5)]}, "transactions"),
        ({"transactions": [side(idle, debit=5), side(cash, credit=5)]}, "transactions"),
        ({"transactions": [side(999_999, debit=5), side(cash, credit=5)]}, "account"),
        ({"currency": "XXY"}, "currency"),
        ({"department": 999_999}, "code"),
        ({"revenue_transactions": [1]}, "revenue_transactions"),
    )
    before = chain.get(JOURNAL, all_time="true").body
    for change, field in refused[:11] + refused[12:]:
        told = chain.post(JOURNAL, {**good, **change})
        assert told.status == 400, (change, told.text)
        assert field in told.body, (change, told.text)
    assert chain.get(JOURNAL, all_time="true").body == before
    computed = before["results"][0]["id"], before["results"][5]["id"]
    for method in (chain.delete, lambda path: chain.patch(path, {"memo": "x"})):
        closed, drafted = (method(f"{JOURNAL}/{id}") for id in computed)
        assert (closed.status, closed["error"]) == (400, "Books are closed for this date")
        assert (drafted.status, drafted["code"]) == (409, "entry_must_be_written")
    told = chain.post(JOURNAL, good)
    assert (told.status, told["transactions"][1]["account_name"]) == (201, "1000 - Cash")
    assert api_of(new_actor()).delete(f"{JOURNAL}/{told['id']}").status == 404
    assert api_of(chain.actor, role="viewer").delete(f"{JOURNAL}/{told['id']}").status == 403
    close_period(actor=chain.actor, month_on=date(2026, 2, 1), at=AT)
    for late in (chain.delete(f"{JOURNAL}/{told['id']}"), chain.patch(f"{JOURNAL}/{told['id']}", {"memo": "x"})):
        assert (late.status, late["error"]) == (400, "Books are closed for this date")
    assert chain.get(f"{JOURNAL}/{told['id']}")["is_posted"] is True


def test_revenue_is_posted_as_one_entry(chain: Api):
    march = [row for row in chain.get("transactions")["results"] if row["accounting_period"] == "2026-03-01"]
    ids = [row["id"] for row in march]
    sheet = trial_balance(chain)
    told = chain.post(
        JOURNAL, {"type": "revenue_recognition", "memo": "March", "revenue_transactions": ids, "date": "2026-03-31"}
    )
    assert told.status == 201, told.text
    assert entries_of(told) == [
        (
            "2026-03-31", "revenue_recognition", ("1250 - Unbilled Revenue", 20_000, None),
            ("2500 - Deferred Revenue", 16_000, None), ("4000 - Revenue", None, 16_000), ("4000 - Revenue", None, 20_000),
        )
    ]  # fmt: skip
    assert (told["memo"], sorted(told["revenue_transactions"])) == ("March", sorted(ids))
    assert trial_balance(chain) == sheet
    assert chain.get(JOURNAL)["count"] == 5
    assert chain.get(LINES, journal_type="revenue_recognition")["count"] == 8
    posted = [chain.get(f"transactions/{id}") for id in ids]
    assert {(row["journal_entry"], row["journal_entry_order"]) for row in posted} == {(told["id"], told["order"])}
    assert sorted(row["recognized"] for row in posted) == [16_000, 20_000]
    again = chain.post(JOURNAL, {"type": "revenue_recognition", "revenue_transactions": ids[:1]})
    assert (again.status, next(iter(again.body))) == (400, "revenue_transactions")
    assert chain.patch(f"{JOURNAL}/{told['id']}", {"memo": "Q1"})["memo"] == "Q1"
    assert chain.delete(f"{JOURNAL}/{told['id']}").status == 204
    assert entries(chain.get(JOURNAL)) == CHAIN
    assert {chain.get(f"transactions/{id}")["journal_entry"] for id in ids} == {None}
    unbilled = told["transactions"][0]["account"]
    wrong = {"transactions": [side(unbilled, debit=1), side(unbilled, credit=1)]}
    refused = chain.post(JOURNAL, {"revenue_transactions": ids, **wrong})
    assert (refused.status, refused.body) == (400, {"transactions": ["The revenue comes to 36000.00."]})
    early = chain.post(JOURNAL, {"revenue_transactions": ids, "date": "2026-02-28"})
    assert (early.status, list(early.body)) == (400, ["date"])


def test_a_posting_of_what_has_come_to_nothing_is_told_and_can_be_deleted(chain: Api):
    """The usage of March is taken back after its revenue was told as one entry: the entry has no lines until it comes again."""
    ids = [each["id"] for each in chain.get("transactions")["results"] if each["accounting_period"] == "2026-03-01"]
    posting = chain.post(JOURNAL, {"type": "revenue_recognition", "memo": "March", "revenue_transactions": ids})
    own = f"{JOURNAL}/{posting['id']}"
    pool = f"contracts/{chain.get('contracts')['results'][0]['id']}/prepaid-commits"
    pool = f"{pool}/{chain.get(pool)['results'][0]['id']}"
    march = chain.get(f"{pool}/consumption")["results"][2]
    assert chain.delete(f"{pool}/consumption/{march['id']}").status == 204
    told = chain.get(own)
    assert told.status == 200, told.text
    assert (told["memo"], told["date"], told["transactions"]) == ("March", "2026-03-31", [])
    assert chain.patch(own, {"memo": "Spring"})["memo"] == "Spring"
    assert used(chain, pool, 3, 40_000).status == 201
    assert [line["debit_amount"] for line in chain.get(own)["transactions"] if line["debit_amount"]] == [20_000, 16_000]
    assert chain.delete(f"{pool}/consumption/{march['id']}").status == 204
    assert chain.delete(own).status == 204
    assert chain.get(own).status == 404


def test_a_posted_entry_is_reversed(chain: Api):
    for month in (1, 2):
        close_period(actor=chain.actor, month_on=date(2026, month, 1), at=AT)
    entry = chain.get(JOURNAL)["results"][2]
    told = chain.post(JOURNAL, {"reversal_of": entry["id"], "date": "2026-03-10", "memo": "Wrong customer"})
    assert told.status == 201, told.text
    assert entries_of(told) == [
        ("2026-03-10", "journal_entry", ("4000 - Revenue", 24_000, None), ("2500 - Deferred Revenue", None, 24_000))
    ]
