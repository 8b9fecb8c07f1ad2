"""What lines of invoices have billed of a subscription, a milestone or a prepaid commit is not billed again by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.test_billed_without_a_name import NOTHING_LEFT, Overage
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import INVOICES, POOL, USAGE, balances, closed
from tests.wire.test_prepaid_commits import granted

YEAR = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "1000.00"}
GO_LIVE = {"milestone_name": "Go-live", "milestone_date": "2026-04-01", "amount": "500.00"}


def in_this_body(place: int) -> dict[str, Any]:
    wrong = {"revenue_transactions": ["Invoices before it in this body bill it."]}
    return {"invoices": [*({} for _ in range(place)), wrong]}


class Agreed:
    """A contract, and one thing on it with the ids of its revenue, in the order of its months."""

    def __init__(self, api: Api, field: str, add: Callable[[Api, int], int]) -> None:
        self.api = api
        self.contract = int(signed(api)["id"])
        self.entity = entity(api)["id"]
        self.target = {field: add(api, self.contract)}
        rows = [row for row in api.get("transactions", limit=1_000)["results"] if row["contract"] == self.contract]
        self.ids = [row["id"] for row in sorted(rows, key=lambda row: row["accounting_period"])]

    def body(self, amount: str, *named: int, **line: Any) -> dict[str, Any]:
        days = {"invoice_date": "2026-05-03", "due_date": "2026-06-03"}
        return {"contract": self.contract, "entity": self.entity, **days, "revenue_transactions": list(named),
                "lines": [{"amount": amount, "tax": 0, **line}]}  # fmt: skip

    def bill(self, amount: str, *named: int, **line: Any) -> str:
        told = self.api.post(INVOICES, self.body(amount, *named, **line))
        assert told.status == 201, told.text
        return f"{INVOICES}{told['id']}/"

    def refuses(self, body: Any, wrong: Any = NOTHING_LEFT, path: str = INVOICES) -> None:
        before, stood = kept(self.api.actor), self.stands
        answer = self.api.post(path, body)
        assert (answer.status, answer.body) == (400, wrong)
        assert (kept(self.api.actor), self.stands) == (before, stood)

    @property
    def stands(self) -> list[int]:
        """What is unbilled, billed in advance and receivable at the end of the year, in cents."""
        accounts = ("unbilled_revenue", "contract_liability", "accounts_receivable")
        return [sum(balances(self.api, account).values()) for account in accounts]


def over_time(api: Api, contract: int) -> int:
    return int(api.post(f"contracts/{contract}/subscriptions", YEAR)["id"])


def on_a_day(api: Api, contract: int) -> int:
    return int(api.post(f"contracts/{contract}/milestones", GO_LIVE)["id"])


def in_advance(api: Api, contract: int) -> int:
    """80,000.00, of which January draws 24,000.00."""
    id = int(granted(api, contract)["id"])
    assert used(api, f"contracts/{contract}/prepaid-commits/{id}", 1, 30_000).status == 201
    return id


@pytest.mark.parametrize(
    ("field", "add", "worth", "named", "months"),
    [
        ("contract_subscription", over_time, "12000.00", "1000.00", ()),
        ("contract_subscription", over_time, "12000.00", "1000.00", (1, 2, 3, 4)),
        ("contract_milestone", on_a_day, "500.00", "500.00", ()),
        ("prepaid_commit", in_advance, "80000.00", "24000.00", (1,)),
    ],
)
def test_what_a_line_has_billed_whole_is_not_billed_by_its_name(
    api: Api, field: str, add: Callable[[Api, int], int], worth: str, named: str, months: tuple[int, ...]
):
    """Be these months closed or not; what an invoice itself has billed it may name, and what is void is billed again."""
    agreed = Agreed(api, field, add)
    own = agreed.bill(worth, **agreed.target)
    closed(api, *months)
    agreed.refuses(agreed.body(named, agreed.ids[0]))
    agreed.refuses(agreed.body(worth, *agreed.ids))
    stood = agreed.stands
    assert api.patch(own, {"revenue_transactions": agreed.ids}).status == 200
    assert api.put(own, api.get(own).body).status == 200
    assert agreed.stands == stood
    assert api.post(f"{own}void/", {"void_date": "2026-05-04"}).status == 200
    agreed.bill(named, agreed.ids[0])


def test_the_oldest_months_were_billed_first_and_the_others_can_be(api: Api):
    """3,000.00 of the subscription, then 500.00 of what is oldest: half of April is left."""
    agreed = Agreed(api, "contract_subscription", over_time)
    agreed.bill("3000.00", **agreed.target)
    agreed.refuses(agreed.body("1000.00", *agreed.ids[:3]))
    agreed.bill("500.00")
    assert agreed.stands == [850_000, 0, 350_000]
    agreed.bill("500.00", agreed.ids[3])
    agreed.refuses(agreed.body("500.00", agreed.ids[3]))
    agreed.bill("8000.00", *agreed.ids[4:])
    assert agreed.stands == [0, 0, 1_200_000]


def test_an_invoice_of_one_body_counts_against_those_after_it(api: Api):
    """Each by itself could be billed; the whole body is refused by the place of what is billed by then."""
    agreed = Agreed(api, "contract_subscription", over_time)
    once = agreed.body("12000.00", **agreed.target)
    path = f"{INVOICES}bulk-create"
    agreed.refuses({"invoices": [once, agreed.body("12000.00", *agreed.ids)]}, in_this_body(1), path)
    agreed.refuses({"invoices": [agreed.body("1000.00", agreed.ids[0]), once, agreed.body("1.00", agreed.ids[1])]},
                   in_this_body(2), path)  # fmt: skip
    draft = {**once, "payment_status": "draft"}
    assert api.post(path, {"invoices": [draft, agreed.body("12000.00", *agreed.ids)]}).status == 201
    assert agreed.stands == [0, 0, 1_200_000]


def test_usage_that_a_body_has_billed_without_its_name_is_not_billed_after_it(api: Api):
    """Of the pool and of all overage by two that name nothing, then of March by its name; other contracts have nothing to do with it."""
    overage = Overage(api)
    other = Agreed(api, "contract_milestone", on_a_day)
    nameless = [overage.body("80000.00"), overage.body("25000.00")]
    body = {"invoices": [*nameless, overage.body("20000.00", overage.march)]}
    before, stood = kept(api.actor), overage.stands
    refused = api.post(f"{INVOICES}bulk-create", body)
    assert (refused.status, refused.body) == (400, in_this_body(2))
    assert (kept(api.actor), overage.stands) == (before, stood)
    rest = [
        nameless[0],
        overage.body("19000.00"),
        other.body("500.00", *other.ids),
        overage.body("1000.00", overage.march),
    ]
    told = api.post(f"{INVOICES}bulk-create", {"invoices": rest})
    assert told.status == 201, told.text
    assert overage.stands == ({USAGE: 500_000}, {}, 5_000)
    assert POOL not in balances(api)


def test_a_copy_of_a_contract_is_billed_apart_from_it(api: Api):
    """Its subscription goes by the same name; of the one all is billed by a line, of the other nothing."""
    agreed = Agreed(api, "contract_subscription", over_time)
    copy = int(api.post(f"contracts/{agreed.contract}/duplicate")["id"])
    rows = [row for row in api.get("transactions", limit=1_000)["results"] if row["contract"] == copy]
    december = max(rows, key=lambda row: row["accounting_period"])["id"]
    agreed.bill("12000.00", **agreed.target)
    of_copy = {**agreed.body("1000.00", december), "contract": copy}
    path = f"{INVOICES}bulk-create"
    agreed.refuses({"invoices": [of_copy, agreed.body("1000.00", agreed.ids[-1])]}, path=path)
    assert api.post(path, {"invoices": [of_copy]}).status == 201
