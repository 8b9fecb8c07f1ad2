"""Facts of a story go into the books and come back as the very rows that the story itself would give."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.cases import records
from ratable.cases.known import Known
from ratable.terms import BundleLine, Contract, Opening, OpeningBalance
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.allocations import change_allocation
from ratable_server.operations.amendments import (
    ConsumptionAdjustment,
    ContractTermination,
    adjust_consumption,
    terminate_contract,
)
from ratable_server.operations.documents import (
    CreditMemo,
    Invoice,
    Payment,
    file_credit_memo,
    file_invoice,
    file_payment,
)
from ratable_server.operations.prepaid_commits import estimate_breakage, top_up_prepaid_commit
from ratable_server.operations.told import Filed
from ratable_server.store.load.amendments import load_amendments
from ratable_server.store.load.documents import load_adjustments, load_documents
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import AuditEntry
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree, close_months, held

HALVES = (
    BundleLine(product_id="api", percentage=Decimal(50)),
    BundleLine(product_id="support", percentage=Decimal(50)),
)


class Story:
    """The same acts for the books and for a case: what each then knows must be equal."""

    def __init__(self, actor: Actor, open_on: date = JANUARY) -> None:
        self.actor = actor
        self.known = Known.at_start(load_terms(actor), open_on)

    def tell(self, act: records.Act, filed: Filed, *, on: date) -> None:
        entry = records.Entry(number=filed.number, on=on, act=act, line=1)
        assert self.known.refuses(entry) is None
        self.known.learn(entry)

    def holds(self) -> bool:
        documents = load_documents(self.actor)
        assert list(documents.moves) == self.known.documents
        assert list(documents.turns) == self.known.waiting
        assert load_adjustments(self.actor) == self.known.adjustments
        assert load_amendments(self.actor) == self.known.amendments
        return bool(documents.moves)


def test_documents_come_back_as_the_case_tells_them(actor: Actor):
    agree(actor)
    story = Story(actor)
    day = date(2026, 2, 3)
    targets: tuple[dict[str, Any], ...] = (
        {"prepaid_commit": "pool"}, {"subscription": "seats"}, {"milestone": "setup"}, {"is_of_usage": True}, {},
    )  # fmt: skip
    for target in targets:
        filed = file_invoice(
            actor=actor, invoice=Invoice(contract="acme", amount=Decimal("12.50"), **target), on=day, at=AT
        )
        story.tell(records.Invoice(contract="acme", amount=Decimal("12.50"), **target), filed, on=day)
    filed = file_payment(actor=actor, payment=Payment(contract="acme", amount=Decimal(9)), on=day, at=AT)
    story.tell(records.Payment(contract="acme", amount=Decimal(9)), filed, on=day)
    memo = CreditMemo(contract="acme", amount=Decimal(2), period=JANUARY)
    filed = file_credit_memo(actor=actor, memo=memo, on=day, at=AT)
    story.tell(records.CreditMemo(contract="acme", amount=Decimal(2), period=JANUARY), filed, on=day)
    memo = CreditMemo(contract="acme", amount=Decimal(3), against="liability")
    filed = file_credit_memo(actor=actor, memo=memo, on=day, at=AT)
    story.tell(records.CreditMemo(contract="acme", amount=Decimal(3), against="liability"), filed, on=day)

    assert story.holds()
    assert [row["amount_minor"] for row in load_documents(actor).turns] == [1250]


def test_amendments_come_back_as_the_case_tells_them(actor: Actor):
    agree(actor)
    story = Story(actor)
    for number, day in enumerate((date(2026, 2, 3), date(2026, 2, 9), date(2026, 3, 1)), start=1):
        filed = top_up_prepaid_commit(actor=actor, commit="pool", amount=Decimal(100 * number), on=day, at=AT)
        story.tell(records.TopUp(prepaid_commit="pool", amount=Decimal(100 * number)), filed, on=day)
        filed = estimate_breakage(actor=actor, commit="pool", percentage=Decimal(number), on=day, at=AT)
        estimate = records.Estimate(prepaid_commit="pool", expected_breakage_percentage=Decimal(number))
        story.tell(estimate, filed, on=day)
    filed = change_allocation(actor=actor, item="acme-suite", lines=HALVES, on=date(2026, 3, 2), at=AT)
    story.tell(records.Allocate(item="acme-suite", lines=HALVES), filed, on=date(2026, 3, 2))
    last_on = date(2026, 6, 30)
    filed = terminate_contract(actor=actor, termination=ContractTermination(contract="acme", on=last_on), at=AT)
    story.tell(records.Terminate(contract="acme", on=last_on), filed, on=date(2026, 5, 1))

    story.holds()
    known = load_amendments(actor)
    assert known.terminated_on == {"acme": last_on}
    assert [(month_on, amount) for _, month_on, amount in known.grants] == [
        (date(2026, 2, 1), Decimal(100)),
        (date(2026, 2, 1), Decimal(200)),
        (date(2026, 3, 1), Decimal(300)),
    ]
    assert [percentage for _, _, percentage in known.estimates] == [Decimal(2), Decimal(3)]


def test_facts_of_a_closed_month_are_booked_on_the_first_open_day(actor: Actor):
    agree(actor)
    close_months(actor, date(2026, 2, 1))
    story = Story(actor, date(2026, 3, 1))
    day = date(2026, 2, 20)
    invoice = Invoice(contract="acme", amount=Decimal(10), code="INV-7")
    filed = file_invoice(actor=actor, invoice=invoice, on=day, at=AT)
    story.tell(records.Invoice(contract="acme", amount=Decimal(10)), filed, on=day)
    adjustment = ConsumptionAdjustment(prepaid_commit="pool", period=date(2026, 1, 1), amount=Decimal(40), code="fix")
    adjusted = adjust_consumption(actor=actor, adjustment=adjustment, on=day, at=AT)
    act = records.Adjustment(prepaid_commit="pool", period=date(2026, 1, 1), amount=Decimal(40), id="fix")
    story.tell(act, adjusted, on=day)

    assert (filed.code, filed.booked_on, filed.on) == ("INV-7", date(2026, 3, 1), date(2026, 3, 1))
    assert adjusted.number == filed.number + 1
    story.holds()
    assert load_amendments(actor).addressed == {"pool"}


def test_balances_of_a_cut_over_come_before_every_document(actor: Actor):
    opening = Opening(
        as_of=date(2026, 2, 28),
        balances=(
            OpeningBalance(account="contract_liability", amount=Decimal(600), prepaid_commit_id="pool"),
            OpeningBalance(account="accounts_receivable", amount=Decimal("70.25")),
        ),
    )
    brought_in = replace(ACME, opening=opening)
    agree(actor, brought_in)
    story = Story(actor, date(2026, 3, 1))
    day = date(2026, 3, 4)
    filed = file_payment(actor=actor, payment=Payment(contract="acme", amount=Decimal(9)), on=day, at=AT)
    story.tell(records.Payment(contract="acme", amount=Decimal(9)), filed, on=day)

    assert story.holds()
    assert [row["debit_minor"] for row in load_documents(actor).moves] == [60000, 7025, -7025, 900, -900]


def test_facts_of_some_contracts_are_only_theirs(actor: Actor):
    other = Contract(id="other", customer="Other", currency="EUR", starts_on=JANUARY)
    agree(actor, ACME, other)
    for contract in ("acme", "other"):
        payment = Payment(contract=contract, amount=Decimal(9))
        file_payment(actor=actor, payment=payment, on=JANUARY, at=AT)
    top_up_prepaid_commit(actor=actor, commit="pool", amount=Decimal(1), on=JANUARY, at=AT)

    assert {row["contract_id"] for row in load_documents(actor, ["other"]).moves} == {"other"}
    assert load_amendments(actor, ["other"]).grants == ()
    assert len(load_amendments(actor, ["acme"]).grants) == 1


REFUSED_INVOICES = [
    (Invoice(contract="nobody", amount=Decimal(1)), "contract_must_be_known"),
    (Invoice(contract="acme", amount=Decimal(0)), "amount_must_be_positive"),
    (Invoice(contract="acme", amount=Decimal("0.005")), "amount_must_fit_currency"),
    (Invoice(contract="acme", amount=Decimal("NaN")), "number_must_be_exact"),
    (Invoice(contract="acme", amount=Decimal(1), prepaid_commit="none"), "prepaid_commit_must_be_known"),
    (Invoice(contract="acme", amount=Decimal(1), milestone="none"), "item_must_be_known"),
    (Invoice(contract="acme", amount=Decimal(1), code="a\x00b"), "text_must_be_plain"),
]


@pytest.mark.parametrize(("invoice", "code"), REFUSED_INVOICES, ids=lambda value: str(value)[:40])
def test_an_invoice_that_cannot_be_leaves_nothing(actor: Actor, invoice: Invoice, code: str):
    agree(actor)
    before = held(actor)

    with pytest.raises(Refused) as refused:
        file_invoice(actor=actor, invoice=invoice, on=JANUARY, at=AT)

    assert refused.value.code == code
    assert held(actor) == before


def test_a_document_is_filed_once_under_its_code(actor: Actor):
    agree(actor)
    payment = Payment(contract="acme", amount=Decimal(9), code="P-1")
    file_payment(actor=actor, payment=payment, on=JANUARY, at=AT)
    before = held(actor)

    with pytest.raises(Refused, match="code_must_be_unused"):
        file_payment(actor=actor, payment=payment, on=JANUARY, at=AT)
    file_invoice(actor=actor, invoice=Invoice(contract="acme", amount=Decimal(9), code="P-1"), on=JANUARY, at=AT)

    after = held(actor)
    assert after["document"] == before["document"] + 1
    assert after["audit_entry"] == before["audit_entry"] + 1


def test_a_contract_ends_once_and_takes_no_more_amendments(actor: Actor):
    agree(actor)
    termination = ContractTermination(contract="acme", on=date(2026, 2, 15))
    terminate_contract(actor=actor, termination=termination, at=AT)
    before = held(actor)
    march = date(2026, 3, 1)

    with pytest.raises(Refused, match="contract_must_not_be_terminated"):
        terminate_contract(actor=actor, termination=termination, at=AT)
    with pytest.raises(Refused, match="contract_must_not_be_terminated"):
        top_up_prepaid_commit(actor=actor, commit="pool", amount=Decimal(1), on=march, at=AT)
    with pytest.raises(Refused, match="contract_must_not_be_terminated"):
        estimate_breakage(actor=actor, commit="pool", percentage=Decimal(1), on=march, at=AT)

    assert held(actor) == before


def test_amendments_that_cannot_be_leave_nothing(actor: Actor):
    agree(actor)
    before = held(actor)
    uneven = (BundleLine(product_id="api", percentage=Decimal(50)),)
    unknown = (*HALVES[:1], BundleLine(product_id="none", percentage=Decimal(50)))

    with pytest.raises(Refused, match="allocation_must_sum_to_total"):
        change_allocation(actor=actor, item="acme-suite", lines=uneven, on=JANUARY, at=AT)
    with pytest.raises(Refused, match="code_must_be_known"):
        change_allocation(actor=actor, item="acme-suite", lines=unknown, on=JANUARY, at=AT)
    with pytest.raises(Refused, match="allocation_must_name_a_bundle_item"):
        change_allocation(actor=actor, item="acme-calls", lines=HALVES, on=JANUARY, at=AT)
    with pytest.raises(Refused, match="item_must_be_known"):
        change_allocation(actor=actor, item="none", lines=HALVES, on=JANUARY, at=AT)
    with pytest.raises(Refused, match="percentage_must_be_between_0_and_100"):
        estimate_breakage(actor=actor, commit="pool", percentage=Decimal(100), on=JANUARY, at=AT)
    with pytest.raises(Refused, match="prepaid_commit_must_not_have_ended"):
        top_up_prepaid_commit(actor=actor, commit="pool", amount=Decimal(1), on=date(2027, 2, 1), at=AT)
    open_month = ConsumptionAdjustment(prepaid_commit="pool", period=JANUARY, amount=Decimal(1))
    with pytest.raises(Refused, match="adjustment_must_name_a_closed_period"):
        adjust_consumption(actor=actor, adjustment=open_month, on=JANUARY, at=AT)

    assert held(actor) == before


def test_a_viewer_files_nothing(actor: Actor):
    agree(actor)
    before = held(actor)
    viewer = replace(actor, role="viewer")

    with pytest.raises(Refused, match="role_must_allow_it"):
        file_payment(actor=viewer, payment=Payment(contract="acme", amount=Decimal(9)), on=JANUARY, at=AT)

    assert held(actor) == before


def test_a_fact_tells_the_audit_who_filed_what(actor: Actor):
    agree(actor)
    filed = file_payment(actor=actor, payment=Payment(contract="acme", amount=Decimal("9.10")), on=JANUARY, at=AT)

    with books_of(actor):
        entry = rows_of(actor, AuditEntry).order_by("-id")[0]
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("file_payment", "document", filed.code)
    assert (entry.actor, entry.request_id, entry.recorded_at) == (actor.name, actor.request_id, AT)
    assert entry.after == {
        "kind": "payment",
        "contract": "acme",
        "amount": "9.10",
        "code": filed.code,
        "number": filed.number,
        "booked_on": "2026-01-01",
        "on": "2026-01-01",
    }
