"""What lowers revenue is billed together with what is not billed yet, and never bills anything again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_adjustments import adjusted, processed
from tests.wire.test_billed_without_a_name import NOTHING_LEFT
from tests.wire.test_claimed_after_the_end import sides
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import INVOICES
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_terminations import OnDay, ledger_revenue, posted, revenue

CORRECTION = "late,,-30.00,,true,2026-01-01,2026-02-06"


class Lowered:
    """A pool that January draws 600.00 of, of which 30.00 are taken back once January is closed."""

    def __init__(self, api: Api, on_day: OnDay, *, total: str = "1000.00") -> None:
        self.api, self.on_day = api, on_day
        on_day(1, 5)
        self.contract, self.entity = signed(api)["id"], entity(api)["id"]
        told = granted(api, self.contract, total_value=total, discount_percentage=0, rate=None)
        self.path = f"contracts/{self.contract}/prepaid-commits/{told['id']}"
        assert used(api, self.path, 1, 600).status == 201

    def lower(self) -> None:
        self.on_day(2, 10)
        posted(self.api, 1)
        assert adjusted(self.api, self.path, CORRECTION).status in {200, 201}
        processed(self.api, self.path)

    def whole(self) -> None:
        """Bill the pool, whatever is drawn."""
        assert self.api.post(f"{self.path}/invoice", {"invoice_date": "2026-02-01"}).status == 201

    def id_of(self, amount: int) -> int:
        (id,) = (row["id"] for row in revenue(self.api) if row["amount"] == amount)
        return int(id)

    def body(self, amount: str, *named: int, **fields: Any) -> dict[str, Any]:
        days = {"invoice_date": "2026-02-10", "due_date": "2026-03-10"}
        return {"contract": self.contract, "entity": self.entity, **days, "revenue_transactions": list(named),
                "lines": [{"amount": amount}], **fields}  # fmt: skip

    def bill(self, amount: str, *named: int, **fields: Any) -> str:
        told = self.api.post(INVOICES, self.body(amount, *named, **fields))
        assert told.status == 201, told.text
        return f"{INVOICES}{told['id']}/"

    def refuses(self, told: Any, method: str, path: str, body: dict[str, Any]) -> None:
        before = kept(self.api.actor)
        answer: Told = getattr(self.api, method)(path, body)
        assert (answer.status, answer.body) == (400, told)
        assert kept(self.api.actor) == before

    @property
    def receivable(self) -> Decimal:
        return -sides(self.api).get("Accounts Receivable", Decimal(0))


@pytest.fixture
def pool(api: Api, on_day: OnDay) -> Lowered:
    return Lowered(api, on_day)


def by_name(*codes: str) -> dict[str, list[str]]:
    return {"revenue_transactions": [f"{', '.join(codes)} billed it: void it, or bill what has come to it since."]}


def alone(id: int) -> dict[str, list[str]]:
    text = f'"{id}" only lowers revenue: name it together with revenue that is not billed.'
    return {"revenue_transactions": [text]}


def test_what_the_pool_was_billed_for_is_not_billed_with_what_lowers_it(pool: Lowered):
    """By an invoice, by several at once, by one that names it later, by a draft that is opened."""
    pool.whole()
    pool.lower()
    january, lower = pool.id_of(600), pool.id_of(-30)
    draft = pool.bill("570.00", january, lower, payment_status="draft")
    pool.refuses(NOTHING_LEFT, "post", INVOICES, pool.body("570.00", january, lower))
    pool.refuses(NOTHING_LEFT, "post", f"{INVOICES}bulk-create", {"invoices": [pool.body("570.00", january, lower)]})
    pool.refuses(NOTHING_LEFT, "patch", draft, {"payment_status": "open"})
    pool.refuses(alone(lower), "post", INVOICES, pool.body("30.00", lower))
    assert pool.receivable == 1_000


def test_what_was_billed_by_its_name_is_not_billed_with_what_lowers_it(pool: Lowered):
    first = pool.bill("600.00", pool.id_of(600))
    pool.lower()
    january, lower = pool.id_of(600), pool.id_of(-30)
    pool.refuses(by_name("INV-0000001"), "post", INVOICES, pool.body("570.00", january, lower))
    pool.refuses(alone(lower), "post", INVOICES, pool.body("30.00", lower))
    assert pool.api.patch(first, {"revenue_transactions": [january, lower]}).status == 200
    assert pool.receivable == 600


def test_both_are_billed_together_once(pool: Lowered):
    """In one body only the first one bills it; it can be said again, and is billed anew when it is void."""
    pool.lower()
    january, lower = pool.id_of(600), pool.id_of(-30)
    body = pool.body("570.00", january, lower)
    wrong = {"revenue_transactions": ["Invoices before it in this body bill it."]}
    for first in (body, pool.body("570.00", january)):
        pool.refuses({"invoices": [{}, wrong]}, "post", f"{INVOICES}bulk-create", {"invoices": [first, body]})
    path = pool.bill("570.00", january, lower)
    assert pool.receivable == ledger_revenue(pool.api) == 570
    assert pool.api.put(path, pool.api.get(path).body).status == 200
    for named in ([january, lower], [january]):
        pool.refuses(by_name("INV-0000001"), "post", INVOICES, pool.body("570.00", *named))
    pool.refuses(alone(lower), "post", INVOICES, pool.body("30.00", lower))
    assert pool.api.post(f"{path}void/", {"void_date": "2026-02-10"}).status == 200
    pool.bill("570.00", january, lower)
    pool.refuses(by_name("INV-0000002"), "post", f"{path}reopen/", {})
    assert pool.receivable == ledger_revenue(pool.api) == 570


def test_it_lowers_a_part_that_is_not_billed_and_other_revenue(pool: Lowered):
    """300.00 of January are billed, then its other 270.00; of February's 100.00 all."""
    pool.lower()
    january, lower = pool.id_of(600), pool.id_of(-30)
    pool.bill("300.00", january)
    pool.bill("270.00", january, lower)
    assert used(pool.api, pool.path, 2, 100).status == 201
    pool.bill("100.00", pool.id_of(100))
    assert pool.receivable == ledger_revenue(pool.api) == 670
    pool.refuses(by_name("INV-0000001", "INV-0000002"), "post", INVOICES, pool.body("1.00", january, lower))


def test_it_lowers_what_is_drawn_later(pool: Lowered):
    """January was billed before 30.00 of it were taken back: of February's 100.00 only 70.00 are left."""
    pool.bill("600.00", pool.id_of(600))
    pool.lower()
    january, lower = pool.id_of(600), pool.id_of(-30)
    assert used(pool.api, pool.path, 2, 100).status == 201
    pool.bill("70.00", pool.id_of(100), lower)
    assert pool.receivable == ledger_revenue(pool.api) == 670
    for named in ([january, lower], [pool.id_of(100), lower], [pool.id_of(100)]):
        assert pool.api.post(INVOICES, pool.body("1.00", *named)).status == 400
    assert pool.receivable == 670


@pytest.mark.parametrize("billed", ["before", "after"])
def test_overage_is_not_billed_again_with_what_lowers_it(api: Api, on_day: OnDay, billed: str):
    """Of 200.00 that 400.00 did not cover 30.00 are taken back: what was billed is credited, what was not is 170.00."""
    pool = Lowered(api, on_day, total="400.00")
    pool.whole()
    overage = pool.id_of(200)
    if billed == "before":
        pool.bill("200.00", overage, invoice_date="2026-01-31")
    pool.lower()
    lower = pool.id_of(-30)
    if billed == "after":
        pool.bill("170.00", overage, lower)
    assert pool.receivable == ledger_revenue(api) == 570
    pool.refuses(by_name("INV-0000002"), "post", INVOICES, pool.body("170.00", overage, lower))
    pool.refuses(alone(lower), "post", INVOICES, pool.body("30.00", lower))
    assert pool.receivable == 570


def test_an_invoice_that_names_what_fell_below_nothing_since_says_it_again(pool: Lowered):
    """50.00 are found and billed; then 80.00 of the same month and day are taken back."""
    pool.lower()
    january = pool.id_of(600)
    assert adjusted(pool.api, pool.path, "more,,80.00,,true,2026-01-01,2026-02-06").status in {200, 201}
    processed(pool.api, pool.path)
    path = pool.bill("50.00", pool.id_of(50))
    assert adjusted(pool.api, pool.path, "less,,-80.00,,true,2026-01-01,2026-02-06").status in {200, 201}
    processed(pool.api, pool.path)
    lower = pool.id_of(-30)
    assert pool.api.put(path, pool.api.get(path).body).status == 200
    pool.refuses(alone(lower), "post", INVOICES, pool.body("50.00", lower))
    assert pool.api.patch(path, {"revenue_transactions": [lower, january]}).status == 200
