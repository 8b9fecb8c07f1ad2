"""What a termination let go was billed before the contract ended: no invoice bills it again, wherever it is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.queries.contract_lines import subscriptions
from ratable_server.queries.contracts import contracts
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_terminations import OnDay, ended, ledger_revenue, let_go, revenue

INVOICES = "/coa/api/v1/invoice/"


class Ended:
    """A contract that has ended, its entity, and what its termination let go: rows by what they are of."""

    def __init__(self, api: Api, contract: int) -> None:
        self.api = api
        self.contract = contract
        (self.entity,) = (each["id"] for each in api.get("/coa/api/entity").body)
        ended(api, contract)
        self.rows = let_go(api)

    def body(self, *named: int, amount: Any = "10642.86", **fields: Any) -> dict[str, Any]:
        days = {"invoice_date": "2026-02-10", "due_date": "2026-02-28"}
        return {"contract": self.contract, "entity": self.entity, **days, "lines": [{"amount": amount, "tax": 0}],
                "revenue_transactions": list(named), **fields}  # fmt: skip

    @property
    def seats(self) -> int:
        (id,) = (row["id"] for row in self.rows if row["contract_subscription"])
        return int(id)

    def old(self, stage: Any = "open") -> str:
        """An invoice of 10,642.86 for the seats, filed when it still could name what was let go."""
        (contract,) = contracts(actor=self.api.actor).rows
        (seats,) = subscriptions(actor=self.api.actor, contract_id=contract.id).rows
        paper = Paper(
            kind="invoice",
            contract=contract.code,
            on=date(2026, 2, 10),
            due_on=date(2026, 2, 28),
            stage=stage,
            lines=(Line(amount=Decimal("10642.86"), subscription=seats.code),),
        )
        beside = PaperBeside(further={"entity": self.entity, "revenue_transactions": [self.seats]}, lines=[{}])
        (issued,) = issue_papers(actor=self.api.actor, papers=[paper], besides=[beside], at=AT)
        return f"{INVOICES}{issued.id}/"


@pytest.fixture
def over(api: Api, on_day: OnDay) -> Ended:
    """One that lets go 80,000.00 of a pool and 10,642.86 of seats of 12,000.00."""
    on_day(1, 1)
    entity = api.post("/coa/api/entity", {"name": "Top Level"})["id"]
    contract = int(signed(api)["id"])
    pool = granted(api, contract)["id"]
    assert (
        api.post(f"contracts/{contract}/prepaid-commits/{pool}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    )
    year = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "1000.00"}
    seats = api.post(f"contracts/{contract}/subscriptions", year)["id"]
    days = {"invoice_date": "2026-01-01", "due_date": "2026-01-31"}
    line = {"amount": "12000.00", "contract_subscription": seats}
    assert api.post(INVOICES, {"contract": contract, "entity": entity, **days, "lines": [line]}).status == 201
    on_day(2, 10)
    return Ended(api, contract)


def refuses(api: Api, method: str, path: str, body: dict[str, Any], *named: int) -> None:
    """The request is refused by what it names, and nothing of it is written."""
    before, earned = kept(api.actor), ledger_revenue(api)
    answer: Told = getattr(api, method)(path, body)
    told = [f'Invoices billed "{id}" before the contract ended: its termination let it go.' for id in named]
    assert (answer.status, answer.body) == (400, {"revenue_transactions": told})
    assert (kept(api.actor), ledger_revenue(api)) == (before, earned)


def seats_of(api: Api, contract: int) -> Any:
    return api.get(f"contracts/{contract}/subscriptions").body[0]["id"]


def test_no_invoice_bills_it_again(api: Api, over: Ended):
    """Of the pool, of the seats or of both, alone or with others, also as a draft."""
    ids = sorted(row["id"] for row in over.rows)
    assert sorted(row["amount"] for row in over.rows) == [Decimal("10642.86"), 80_000]
    for row in over.rows:
        refuses(api, "post", INVOICES, over.body(row["id"], amount=str(row["amount"])), row["id"])
        refuses(api, "post", INVOICES, over.body(row["id"], payment_status="draft"), row["id"])
    for each in (over.body(ids[0]), over.body(ids[0], payment_status="draft")):
        refuses(api, "post", f"{INVOICES}bulk-create", {"invoices": [over.body(), each]}, ids[0])
    by_itself = {name: value for name, value in over.body(over.seats).items() if name != "contract"}
    refuses(api, "post", INVOICES, by_itself, over.seats)


def test_what_was_billed_of_usage_in_advance_is_not_billed_again(api: Api, on_day: OnDay):
    on_day(1, 1)
    api.post("/coa/api/entity", {"name": "Top Level"})
    contract = int(signed(api)["id"])
    (row,) = contracts(actor=api.actor).rows
    in_advance = Invoice(contract=row.code, amount=Decimal(1_000), is_of_usage=True)
    file_invoice(actor=api.actor, invoice=in_advance, on=date(2026, 1, 12), at=AT)
    on_day(2, 10)
    over = Ended(api, contract)
    (usage,) = over.rows
    assert usage["amount"] == ledger_revenue(api) == 1_000
    refuses(api, "post", INVOICES, over.body(usage["id"], amount="1000.00"), usage["id"])


def test_no_invoice_names_it_later(api: Api, over: Ended):
    """By a change of a part, by all of it again, as a draft, and with other revenue."""
    january = next(row["id"] for row in revenue(api) if row["contract_subscription"] and row["id"] != over.seats)
    own = f"{INVOICES}{api.post(INVOICES, over.body(amount='1.00'))['id']}/"
    draft = f"{INVOICES}{api.post(INVOICES, over.body(amount='1.00', payment_status='draft'))['id']}/"
    for path in (own, draft):
        refuses(api, "patch", path, {"revenue_transactions": [over.seats]}, over.seats)
        refuses(api, "put", path, over.body(over.seats, amount="1.00"), over.seats)
        refuses(api, "patch", path, {"revenue_transactions": [january, over.seats]}, over.seats)
        assert api.get(path)["revenue_transactions"] == []


def test_an_invoice_that_names_it_already_says_it_again(api: Api, over: Ended):
    """So that nothing of it changes in the books; once it is void it stays so."""
    own = over.old()
    filed = ledger_revenue(api)
    told = api.get(own).body
    for change in (api.put(own, told), api.patch(own, {"revenue_transactions": [over.seats], "ref_number": "PO-1"})):
        assert change.status == 200, change.text
        assert [change["lines"][0][name] for name in ("amount", "contract_subscription")] == [
            told["total_amount"],
            told["lines"][0]["contract_subscription"],
        ]
    assert (told["lines"][0]["contract_subscription"], ledger_revenue(api)) == (seats_of(api, over.contract), filed)
    (pool,) = (row["id"] for row in over.rows if row["prepaid_commit"])
    refuses(api, "patch", own, {"revenue_transactions": [over.seats, pool]}, pool)
    assert api.post(f"{own}void/", {"void_date": "2026-02-10"}).status == 200
    refuses(api, "post", f"{own}reopen/", {}, over.seats)
    assert api.get(own)["payment_status"] == "voided"


def test_a_draft_that_names_it_already_is_not_opened(api: Api, over: Ended):
    own = over.old("draft")
    assert api.patch(own, {"memo": "Later"}).status == 200
    told = api.get(own).body
    assert api.put(own, told).status == 200
    for status in ("open", "sent", "uncollectible"):
        refuses(api, "patch", own, {"payment_status": status}, over.seats)
    refuses(api, "put", own, {**told, "payment_status": "open"}, over.seats)
    assert api.patch(own, {"payment_status": "open", "revenue_transactions": []}).status == 200
