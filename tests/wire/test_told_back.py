"""Whatever is told of a thing is taken back as it is: a program that reads, changes a name and sends it all changes a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import BundleLine, Contract, Milestone, Product, ProductBundle, Subscription
from ratable_server.operations.catalog import create_product, create_product_bundle
from ratable_server.operations.documents import CreditMemo, file_credit_memo
from ratable_server.queries.catalog import product_bundles
from ratable_server.queries.contracts import contracts
from ratable_server.queries.ledger_books import ledger_of
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_credit_memos import MEMOS
from tests.wire.test_invoices_of_usage import sign
from tests.wire.test_matrix import Everything, filled, operations
from tests.wire.test_prepaid_commits import granted

_WHEN = {"created_at", "last_modified_at"}
_ANEW = ("/coa/api/v1/invoice", "/coa/api/v1/credit-memo")  # their lines take the place of those before, under new ids
_COMPUTED = "/coa/api/journal_entry"  # what is computed is changed by what it comes of
_HALF = date(2026, 7, 1)
SHARES = (BundleLine(product_id="seats", standalone_price=Decimal(100)),
          BundleLine(product_id="setup", standalone_price=Decimal(50)))  # fmt: skip


def timeless(told: Any, *less: str) -> Any:
    """What is told, without its moments."""
    if isinstance(told, Mapping):
        return {name: timeless(each, *less) for name, each in told.items() if name not in {*_WHEN, *less}}
    return [timeless(each, *less) for each in told] if isinstance(told, list) else told


def figures(api: Api) -> Any:
    """Every line of the ledger, and all that is told of revenue, but for what a month brings, which is its label."""
    lines = sorted(ledger_of(api.actor, on=date(2026, 12, 31)).lines.to_pylist(), key=str)
    return lines, timeless(api.get("transactions", limit=1_000)["results"], "mrr")


def taken_back(api: Api, path: str, *, with_put: bool = True, with_patch: bool = True) -> None:
    """What is told under a path is sent there again, whole and as a part: it is told as before, and no figure moves."""
    told, before = api.get(path), figures(api)
    less = ("id",) if path.startswith(_ANEW) else ()
    for send in [*([api.put] if with_put else []), *([api.patch] if with_patch else [])]:
        again = send(path, told.body)
        assert again.status == 200, (path, again.text)
        assert timeless(api.get(path).body, *less) == timeless(told.body, *less)
    assert figures(api) == before, path


def test_one_of_each_thing_is_taken_back(api: Api):
    everything = Everything(api)
    ways = set(operations())
    paths = {path for method, path in ways if method in {"PUT", "PATCH"} and not path.startswith(_COMPUTED)}
    assert len(paths) == 26
    for path in sorted(paths):
        can = {f"with_{method.lower()}": (method, path) in ways for method in ("PUT", "PATCH")}
        taken_back(api, filled(path, everything.ids), **can)


def test_what_a_month_of_a_pool_tells_is_not_always_what_was_recorded(api: Api):
    """Of 100,000.00 the other pool covers 1,000.00; the month told 99,000.00, and becomes 98,000.00 by no one who says so."""
    contract = signed(api)["id"]
    pools = [f"contracts/{contract}/prepaid-commits/{granted(api, contract, **fields)['id']}" for fields in (
        {"discount_percentage": 0}, {"total_value": "1000.00", "discount_percentage": 0, "priority": 2})]  # fmt: skip
    told = used(api, pools[0], 1, "100000.00", total_events=7)
    assert [told["gross_usage_amount"], told["overage_amount"]] == [99_000, 19_000]
    path = f"{pools[0]}/consumption/{told['id']}"
    taken_back(api, path, with_patch=False)
    more = api.put(path, {**told.body, "total_events": 8})
    assert (more["gross_usage_amount"], more["total_events"]) == (99_000, 8)
    assert api.put(path, {"gross_usage_amount": "100500.00"})["gross_usage_amount"] == 99_500


def sold(api: Api) -> None:
    for code in ("seats", "setup"):
        create_product(actor=api.actor, product=Product(id=code, name=code), at=AT)


def test_a_bundle_by_standalone_prices_is_told_in_percent_and_keeps_its_prices(api: Api):
    """100.00 and 50.00: 66.67 % and 33.33 %. Other shares are taken instead of the prices."""
    sold(api)
    bundle = ProductBundle(id="start", lines=SHARES)
    create_product_bundle(actor=api.actor, bundle=bundle, name="Start", at=AT)
    (told,) = api.get("product-bundles")["results"]
    path = f"product-bundles/{told['id']}"
    assert [line["percentage_allocation"] for line in told["lines"]] == [Decimal("66.67"), Decimal("33.33")]

    def prices() -> list[Any]:
        (row,) = product_bundles(actor=api.actor).rows
        return [(line.product, line.standalone_price, line.percentage) for line in row.lines]

    taken_back(api, path)
    renamed = api.patch(path, {"bundle_name": "Begin", "lines": told["lines"][::-1]})
    assert (renamed.status, renamed["bundle_name"]) == (200, "Begin")
    assert api.patch(path, {"bundle_name": "Start"}).status == 200
    assert prices() == [("setup", 50, None), ("seats", 100, None)]
    halves = [{**line, "percentage_allocation": 50} for line in told["lines"]]
    assert api.put(path, {**told, "lines": halves}).status == 200
    assert prices() == [("seats", None, 50), ("setup", None, 50)]


@pytest.fixture
def split(api: Api) -> str:
    """A contract whose subscription and milestone another door split over two products."""
    sold(api)
    seats = Subscription(
        id="seats", total_value=Decimal(1200), starts_on=date(2026, 1, 1), ends_before=_HALF, allocation=SHARES
    )
    setup = Milestone(id="setup", on=date(2026, 2, 10), amount=Decimal(500), allocation=SHARES)
    terms = Contract(id="acme", customer="acme", currency="USD", starts_on=date(2026, 1, 1), ends_before=_HALF)
    return f"contracts/{sign(api, replace(terms, subscriptions=(seats,), milestones=(setup,)))}"


@pytest.mark.parametrize(
    ("kind", "change"), [("subscriptions", {"notes": "Signed"}), ("milestones", {"description": "On site"})]
)
def test_a_split_of_another_door_stays(api: Api, split: str, kind: str, change: dict[str, Any]):
    told = api.get(f"{split}/{kind}").body
    (row,) = told if isinstance(told, list) else told["results"]
    path, before = f"{split}/{kind}/{row['id']}", figures(api)
    assert {each["product_name"] for each in before[1]} == {"seats", "setup"}
    taken_back(api, path)
    assert api.patch(path, change).status == 200
    assert figures(api)[0] == before[0]


def test_a_credit_memo_of_an_adjustment_is_taken_back(api: Api):
    """It names no entity, and the account that the ledger has for it; other lines of it are refused."""
    signed(api)
    memo = CreditMemo(contract=contracts(actor=api.actor).rows[0].code, amount=Decimal(9), against="adjustment")
    file_credit_memo(actor=api.actor, memo=memo, on=date(2026, 1, 1), at=AT)
    (told,) = api.get(MEMOS)["results"]
    assert (told["entity"], told["total_amount"], told["lines"][0]["account_name"]) == (None, 9, "4000 - Revenue")
    path, before = f"{MEMOS}/{told['id']}", figures(api)
    taken_back(api, path)
    for lines in ([{**told["lines"][0], "amount": 8}], told["lines"] * 2):
        refused = api.put(path, {**told, "lines": lines})
        assert (refused.status, refused["code"]) == (400, "credit_memo_must_go_with_its_cause")
    assert (figures(api), api.get(path)["total_amount"]) == (before, 9)
