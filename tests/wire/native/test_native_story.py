"""The whole way over HTTP: terms, usage, documents, drafts, closes, reports, explanations, exports, checks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.periods import close_period
from ratable_server.operations.usage import record_usage
from ratable_server.store.public_ids import reported_usage_code
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports, reported
from tests.wire.native.calling import Native

TERMS: dict[str, Any] = {
    "case": "small-company",
    "products": [
        {
            "id": "api",
            "name": "API",
            "usage_groups": [
                {
                    "id": "calls",
                    "pricing_model": "graduated_tiered",
                    "tiers": [
                        {"to_quantity": 1000, "price": "0.10"},
                        {"to_quantity": "10000", "price": "0.08"},
                        {"to_quantity": None, "price": "0.05"},
                    ],
                }
            ],
        }
    ],
    "product_bundles": [{"id": "whole", "lines": [{"product": "api", "percentage": 100}]}],
    "contracts": [
        {
            "id": "acme",
            "customer": "Acme Inc",
            "start_date": "2026-01-01",
            "end_date": "2026-12-31",
            "usage": [{"id": "acme-calls", "product": "api", "usage_group": "calls", "draws": True}],
            "prepaid_commits": [{"id": "pool", "product": "api", "total_value": "1000", "start_date": "2026-01-01"}],
        }
    ],
}
JANUARY = [
    {"id": "jan-1", "item": "acme-calls", "used_on": "2026-01-10", "quantity": "12000"},
    {"id": "jan-2", "item": "acme-calls", "used_on": "2026-01-20", "quantity": "500"},
]


def begun(native: Native) -> Native:
    """Books with terms, an invoice of the pool, and usage of January: 945.00."""
    assert native.post("terms", TERMS).status == 201
    invoice = {"contract": "acme", "prepaid_commit": "pool", "amount": "1000", "on": "2026-01-05"}
    assert native.post("invoices", invoice).status == 201
    record_usage(actor=native.actor, records=JANUARY, at=AT)
    return native


def test_the_whole_way(native: Native):
    begun(native)
    (period,) = native.get("periods")["results"]
    assert (period["month"], period["status"], period["runs"]) == ("2026-01", "open", [])

    draft = native.post("runs", {"month": "2026-01"})
    assert (draft.status, draft["status"], draft["obstacles"]) == (201, "draft", [])
    assert draft.headers["Location"] == f"/api/v1/runs/{draft['run']}"
    accounts = {row["account"]: row["closing"] for row in draft["accounts"]["rows"]}
    assert accounts == {"accounts_receivable": "1000.00", "contract_liability": "-55.00", "revenue": "-945.00"}
    assert native.get("periods/2026-01")["status"] == "in_review"

    closed = native.post("periods/2026-01/close", {"run": draft["run"]})
    assert (closed.status, closed["version"], closed["is_closed"], closed["run"]) == (200, 1, True, draft["run"])
    assert len(closed["journal_hash"]) == 64

    month = native.get("reports/revenue", period="2026-01")
    assert [(row["contract_id"], row["amount"]) for row in month["rows"]] == [("acme", "945.00")]
    assert month["through"] == "2026-01"

    entry = native.get("reports/journal", period="2026-01")["rows"][0]["entry_id"]
    down = native.get(f"explanations/{entry}")
    assert (down["of"], down["trace"]) == ("entry", None)
    up = native.get("explanations/jan-2")
    assert (up["of"], up["trace"]["part"], up["trace"]["whole"]) == ("usage", "500", "12500")
    revenue = native.get("explanations", contract="acme", period="2026-01", product="api")
    assert (revenue["of"], revenue["steps"][0]["value"], revenue["steps"][0]["unit"]) == ("revenue", "945.00", "USD")

    reopened = native.post("periods/2026-01/reopen", {"reason": "a discount was forgotten"})
    assert (reopened["status"], reopened["reopened_for"]) == ("open", "a discount was forgotten")
    assert native.post("periods/2026-01/close")["version"] == 2
    assert native.get("verification")["is_sound"] is True


def test_a_close_that_is_only_tried_posts_nothing(native: Native):
    begun(native)
    tried = native.post("periods/2026-01/close", {"dry_run": True})
    assert (tried.status, tried["is_closed"], tried["journal_hash"]) == (200, False, None)
    assert tried["draft"]["accounts"]["rows"][-1]["account"] == "revenue"
    assert native.get("reports/journal")["rows"] == []
    assert native.delete(f"runs/{tried['run']}").status == 204
    assert native.get(f"runs/{tried['run']}")["status"] == "discarded"
    again = native.delete(f"runs/{tried['run']}")
    assert (again.status, again["code"]) == (409, "run_must_be_a_draft")


def test_everything_in_the_way_of_a_close_is_told_and_nothing_is_posted(native: Native):
    begun(native)
    record_usage(
        actor=native.actor,
        records=[{"id": "x", "item": "nobodys", "used_on": "2026-01-02", "quantity": "1"}],
        at=AT,
        is_partial=True,
    )
    refused = native.post("periods/2026-01/close")
    assert (refused.status, refused["code"]) == (409, "rejections_must_be_resolved")
    assert [each["rule"] for each in refused["errors"]] == ["rejections_must_be_resolved"]
    assert native.get("runs")["results"] == []
    (rejected,) = native.get("rejections")["results"]
    assert (rejected["code"], rejected["value"]) == ("usage_must_name_a_known_item", "nobodys")
    row = f"imports/{rejected['import_id']}/rejections/{rejected['row']}/resolve"
    assert native.post(row, {"reason": "a test of theirs"})["results"][0]["resolved_by"] == "admin@example.test"
    assert native.get("rejections")["count"] == 0
    assert native.post(row, {"reason": "again"}).status == 404
    assert native.post("periods/2026-01/close").status == 200


def test_months_close_in_order_and_only_the_last_one_opens(native: Native):
    begun(native)
    refused = native.post("periods/2026-02/close")
    assert (refused.status, refused["code"]) == (409, "periods_must_close_in_order")
    assert native.post("periods/2026-01/close").status == 200
    assert native.post("periods/2026-02/close").status == 200
    refused = native.post("periods/2026-01/reopen", {"reason": "late"})
    assert (refused.status, refused["code"]) == (409, "only_the_last_closed_period_reopens")
    assert native.post("periods/2026-02/reopen", {"reason": " "}).status == 400
    assert native.get("periods/2031-02").status == 404
    assert native.get("periods/2026-13").status == 404


def test_what_was_agreed_is_told_in_its_own_words(native: Native):
    begun(native)
    product = native.get("products/api")
    assert [tier["price"] for tier in product["usage_groups"][0]["tiers"]] == ["0.10", "0.08", "0.05"]
    assert native.get("product-bundles/whole")["lines"] == [
        {"product": "api", "percentage": "100", "standalone_price": None}
    ]
    contract = native.get("contracts/acme")
    assert (contract["start_date"], contract["end_date"]) == ("2026-01-01", "2026-12-31")
    assert [item["id"] for item in contract["usage_items"]] == ["acme-calls"]
    assert native.get("customers/Acme Inc")["contracts"] == ["acme"]
    commit = native.get("prepaid-commits/pool")
    assert (commit["total_value"], commit["balance"]["remaining"]) == ("1000", "55.00")
    (invoice,) = native.get("invoices", contract="acme")["results"]
    assert (invoice["amount"], invoice["on"], invoice["month"]) == ("1000.00", "2026-01-05", "2026-01")
    for path in ("products/x", "product-bundles/x", "contracts/x", "customers/x", "prepaid-commits/x"):
        assert native.get(path).status == 404


def test_terms_are_added_whole_or_not_at_all(native: Native):
    native.post("terms", TERMS)
    other = {**TERMS, "contracts": [{**TERMS["contracts"][0], "id": "bolt"}]}
    refused = native.post("terms", other)
    assert (refused.status, refused["code"]) == (409, "code_must_be_unused")
    assert [each["id"] for each in native.get("contracts")["results"]] == ["acme"]
    wrong = native.post("terms", {"case": "more", "contracts": [{"id": "x", "discount": "1"}]})
    assert (wrong.status, wrong["code"]) == (400, "fields_must_be_valid")
    told = native.send("POST", "terms", "case: more\ncustomers: []\n", media="application/yaml")
    assert (told.status, told["errors"][0]["field"]) == (400, "customers")
    assert told["errors"][0]["detail"].startswith("line 2: ")
    yaml = "case: more\nproducts: [{id: seats, name: Seats}]\n"
    assert native.send("POST", "terms", yaml, media="application/yaml")["products"] == ["seats"]


def test_usage_groups_of_one_id_come_in_two_documents_and_keep_their_products(native: Native):
    api = TERMS["products"][0]
    dear = {**api["usage_groups"][0], "tiers": [{"price": "1.00"}]}
    documents = [
        {"case": name, "products": [{**api, "id": name, "usage_groups": [group]}]}
        for name, group in (("api", api["usage_groups"][0]), ("other", dear))
    ]
    together = native.post("terms", {"case": "both", "products": [each["products"][0] for each in documents]})
    assert (together.status, together["code"]) == (400, "fields_must_be_valid")
    assert together["errors"][0]["detail"].startswith("'calls' is already the id of a usage group")
    assert native.get("products")["results"] == []
    assert [native.post("terms", each).status for each in documents] == [201, 201]
    told = {each["id"]: each["usage_groups"] for each in native.get("products")["results"]}
    prices = {product: [tier["price"] for tier in group["tiers"]] for product, (group,) in told.items()}
    assert prices == {"api": ["0.10", "0.08", "0.05"], "other": ["1.00"]}


def test_terms_with_prices_in_another_measure_than_their_plan_are_refused_by_field(native: Native):
    """A price of 0.9 in a plan of percentages would be 90 %."""
    for model, tier, field in (
        ("percentage_based", {"price": "0.9"}, "price"),
        ("unit_based", {"percentage": "0.9"}, "percentage"),
    ):
        group = {"id": "calls", "pricing_model": model, "tiers": [tier]}
        told = native.post("terms", {"case": "more", "products": [{"id": "x", "name": "X", "usage_groups": [group]}]})
        assert (told.status, told["code"], told["errors"][0]["field"]) == (
            400,
            "price_must_fit_the_pricing_model",
            field,
        )
    assert native.get("products")["results"] == []


def test_what_comes_after_signing(native: Native, on_day: Callable[[int, int], None]):
    begun(native)
    on_day(2, 10)
    assert native.post("periods/2026-01/close").status == 200
    payment = native.post("payments", {"contract": "acme", "amount": 1000, "id": "cash-1"})
    assert (payment.status, payment["id"], payment["on"], payment["month"]) == (201, "cash-1", "2026-02-10", "2026-02")
    top_up = native.post("top-ups", {"prepaid_commit": "pool", "amount": "500.00"})
    assert (top_up.status, top_up["month"]) == (201, "2026-02")
    assert native.get("prepaid-commits/pool")["added"] == "500.00"
    adjustment = {"prepaid_commit": "pool", "period": "2026-01", "amount": "45"}
    assert native.post("adjustments", adjustment)["month"] == "2026-02"
    memo = {"contract": "acme", "amount": "10.00", "prepaid_commit": "pool"}
    assert native.post("credit-memos", memo).status == 201
    estimate = {"prepaid_commit": "pool", "expected_breakage_percentage": "12.5"}
    assert native.post("breakage-estimates", estimate)["month"] == "2026-02"
    void = native.post("usage-voids", {"id": "jan-2"})
    assert (void.status, void["is_void"]) == (201, True)
    again = native.post("usage-voids", {"id": "jan-2"})
    assert (again.status, again["code"]) == (400, "usage_must_be_known")
    ended = native.post("terminations", {"contract": "acme", "date": "2026-02-28"})
    assert ended.status == 201
    assert native.get("contracts/acme")["terminated_on"] == "2026-02-28"


def test_facts_that_break_a_rule_are_refused_and_not_filed(native: Native):
    begun(native)
    wrong = {"contract": "acme", "amount": "1.001"}
    refused = native.post("payments", wrong)
    assert (refused.status, refused["code"], refused["errors"][0]["field"]) == (
        400,
        "amount_must_fit_currency",
        "amount",
    )
    assert native.post("payments", {"contract": "nobody", "amount": 1})["code"] == "contract_must_be_known"
    refused = native.post("invoices", {"contract": "acme", "amount": 1, "prepaid_commit": "pool", "milestone": "m"})
    assert refused["errors"][0]["field"] == "milestone"
    refused = native.post("invoices", {"contract": "acme", "amount": 1, "prepaid_commit": "pool", "of_usage": True})
    assert (refused.status, refused["errors"][0]["field"]) == (400, "of_usage")
    assert native.get("payments")["results"] == []
    assert len(native.get("invoices")["results"]) == 1
    told = []
    for named in ({"of_usage": True}, {}):
        assert native.post("invoices", {"contract": "acme", "amount": 1, "on": "2026-02-01", **named}).status == 201
        told.append(native.get("invoices")["results"][-1]["of_usage"])
    assert (told, native.get("invoices")["results"][0]["of_usage"]) == ([True, False], False)


def test_reports_are_defined_column_by_column(native: Native):
    definitions = {each["name"]: each for each in native.get("reports")["results"]}
    assert {"waterfall", "trial_balance", "journal", "revenue"} <= set(definitions)
    revenue = {column["name"]: column for column in definitions["revenue"]["columns"]}
    assert (revenue["amount"]["unit"], revenue["amount"]["role"]) == ("amount", "figure")
    begun(native)
    native.post("periods/2026-01/close")
    told = native.get("reports/trial_balance")
    assert [column["name"] for column in told["columns"]] == [
        column["name"] for column in definitions["trial_balance"]["columns"]
    ]
    summed = native.get("reports/revenue", by="product_id")
    assert [row["amount"] for row in summed["rows"]] == ["945.00"]
    assert native.get("reports/nothing").status == 404
    assert native.get("reports/revenue", period="2026-1").status == 400
    assert native.get("reports/revenue", by="colour")["code"] == "report_must_be_asked_as_defined"
    assert native.get("reports/revenue", run=1, as_of="2026-01-31T00:00:00Z").status == 400
    assert native.get("reports/revenue", run=987654321).status == 404
    assert native.get("reports/revenue", as_of="2025-01-31T00:00:00Z")["rows"] == []


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet"])
def test_reports_are_files_too(native: Native, format: str):
    begun(native)
    native.post("periods/2026-01/close")
    told = native.get("reports/revenue", format=format)
    assert told.status == 200
    assert told.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''revenue.{format}"
    if format == "csv":
        (row,) = csv.DictReader(io.StringIO(told.text))
        assert row["amount"] == "945.00"


def test_the_journal_leaves_for_another_ledger(native: Native):
    begun(native)
    refused = native.post("exports", {"period": "2026-01"})
    assert (refused.status, refused["code"]) == (409, "period_must_be_closed")
    native.post("periods/2026-01/close")
    (file,) = native.post("exports", {"period": "2026-01", "format": "hledger"})["files"]
    assert (file["month"], file["version"], file["media_type"]) == ("2026-01", 1, "text/plain")
    assert "Revenue" in file["content"]
    told = native.get("exports/journal/2026-01", format="hledger")
    assert told.text == file["content"]
    own = [{"role": "revenue", "code": "4711", "name": "Umsatz", "kind": "Income"}]
    (file,) = native.post("exports", {"period": "2026-01", "accounts": own})["files"]
    assert "4711" in file["content"]
    assert native.post("exports", {"period": "2026-01", "accounts": own * 2}).status == 400
    assert native.post("exports", {"period": "2026-02:2026-01"}).status == 400
    assert native.get("exports/journal/2026-01", part=2).status == 404


def test_lists_are_read_page_by_page(native: Native):
    products = [{"id": f"p{number}", "name": f"P {number}"} for number in range(5)]
    native.post("terms", {"case": "five", "products": products})
    met: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = native.get("products", limit=2, **after)
        met += [each["id"] for each in page["results"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert met == ["p0", "p1", "p2", "p3", "p4"]
    assert native.get("products", limit=0).status == 400
    assert native.get("products", limit=1001).status == 400
    assert native.get("products", after="x' OR 1=1").status == 400


def test_policy_is_told_and_changed_until_a_month_is_closed(native: Native, native_of: Callable[..., Native]):
    assert native.get("policy")["late_usage"] == "next_open_period"
    assert native.patch("policy", {"late_usage": "reject", "cascade": False})["late_usage"] == "reject"
    assert native.get("policy")["cascade"] is False
    assert native.patch("policy", {"late_usage": "sometimes"}).status == 400
    assert native.patch("policy", {"colour": "red"})["errors"][0]["rule"] == "field_must_be_known"
    begun(native)
    native.post("periods/2026-01/close")
    refused = native.patch("policy", {"late_usage": "next_open_period"})
    assert (refused.status, refused["code"]) == (409, "policy_must_stay_after_a_close")
    assert native.get("policy")["late_usage"] == "reject"


def test_a_second_person_closes_where_that_is_wanted(native: Native, native_of: Callable[..., Native], actor: Actor):
    begun(native)
    assert native.put("policy/two-person-close", {"is_wanted": True}).status == 200
    assert native.put("policy/two-person-close", {"is_wanted": "yes"}).status == 400
    run = native.post("runs", {"month": "2026-01"})["run"]
    refused = native.post("periods/2026-01/close", {"run": run})
    assert (refused.status, refused["code"]) == (409, "close_must_be_approved_by_another")
    assert native_of(actor, role="approver").post("periods/2026-01/close", {"run": run}).status == 200


def test_the_same_request_again_has_one_effect(native: Native):
    begun(native)
    body = {"contract": "acme", "amount": "5"}
    first, again = (native.post("payments", body, key="k-1") for _ in range(2))
    assert (first.status, again.status, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.body == again.body
    assert len(native.get("payments")["results"]) == 1
    other = native.post("payments", {**body, "amount": "6"}, key="k-1")
    assert (other.status, other["code"]) == (422, "idempotency_key_must_keep_its_request")


def test_what_a_price_plan_looks_at_and_pools_of_units_are_told(native: Native):
    (product,) = TERMS["products"]
    (group,) = product["usage_groups"]
    (contract,) = TERMS["contracts"]
    counted = {**group, "rating_group": "day", "quantity_decimals": 0, "unit_of_measure": "call"}
    pool = {
        "id": "pool", "product": "api", "total_value": "100", "units": "1000", "unit_of_measure": "call",
        "start_date": "2026-01-01", "expiration_date": "2026-06-30", "rollover": {"months": 6, "cap_percentage": "50"},
    }  # fmt: skip
    terms = {
        **TERMS,
        "products": [{**product, "usage_groups": [counted]}],
        "contracts": [{**contract, "usage": [], "prepaid_commits": [pool]}],
    }
    assert native.post("terms", terms).status == 201
    options = native.get("products/api")["usage_groups"][0]["options"]
    assert (options["rating_group"], options["quantity_decimals"], options["overage_price"]) == ("day", 0, None)
    commit = native.get("prepaid-commits/pool")
    assert (commit["units"], commit["unit_of_measure"]) == ("1000", "call")
    assert (commit["rollover"]["months"], commit["rollover"]["cap_percentage"]) == (6, "50")
    assert native.post("top-ups", {"prepaid_commit": "pool", "units": "10", "on": "2026-01-05"}).status == 201
    wrong = native.post("top-ups", {"prepaid_commit": "pool", "amount": "10", "on": "2026-01-05"})
    assert (wrong.status, wrong["code"]) == (400, "amount_must_be_in_the_measure_of_the_pool")
    for fields in ({}, {"amount": 1, "units": 1}):
        told = native.post("top-ups", {"prepaid_commit": "pool", **fields})
        assert (told.status, told["errors"][0]["field"]) == (400, "amount")


def test_a_draft_and_a_close_tell_what_may_surprise(native: Native):
    agree_on_reports(native.actor)
    for month in range(1, 7):
        close_period(actor=native.actor, month_on=date(2026, month, 1), at=AT)
    row_id = reported(native.actor, started_at=datetime(2026, 7, 2, tzinfo=UTC))
    told = [
        {
            "code": "reported_usage_counts_on_several_items",
            "detail": f"1 report of usage counts on 2 items: {reported_usage_code(row_id)}",
        }
    ]
    assert native.post("runs", {"month": "2026-07"})["warnings"] == told
    assert native.post("periods/2026-07/close")["warnings"] == told


def test_acts_on_months_and_rows_take_a_key_too(native: Native):
    begun(native)
    bad = "id,item,used_on,quantity\nx,nobodys,2026-01-02,1\n"
    rejected = native.send("POST", "imports", bad, media="text/csv", query={"partial": "true"})["id"]
    row = f"imports/{rejected}/rejections/1/resolve"
    assert [native.post(row, {"reason": "a test"}, key="k-1").status for _ in range(2)] == [200, 200]
    assert [native.post("periods/2026-01/close", {}, key="k-2")["version"] for _ in range(2)] == [1, 1]
    told = [native.post("periods/2026-01/reopen", {"reason": "late"}, key="k-3") for _ in range(2)]
    assert [each["status"] for each in told] == ["open", "open"]
    assert told[1].headers["Idempotent-Replayed"] == "true"
    assert [native.post("runs", {"month": "2026-01"}, key="k-4").status for _ in range(2)] == [201, 201]
    assert len(native.get("runs", month="2026-01")["results"]) == 2
    assert native.post("exports", {"period": "2026-01"}, key="k-5").status == 409
