"""Something is taken out of the register while somebody names it: he is told so, or who takes it out is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Product, UsageItem
from ratable_server.actor import Actor
from ratable_server.api.campfire.views.journal_writing import written
from ratable_server.errors import Refused
from ratable_server.operations.catalog import create_product, create_product_bundle
from ratable_server.operations.catalog_changes import ProductHead, modify_product, modify_product_bundle
from ratable_server.operations.contracts import ContractHead, create_contract, duplicate_contract, modify_contract
from ratable_server.operations.customers import create_customer, modify_customer
from ratable_server.operations.documents import Invoice, Payment, file_invoice, file_payment
from ratable_server.operations.kept import Beside
from ratable_server.operations.milestones import add_milestone
from ratable_server.operations.paper_revisions import revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import modify_prepaid_commit
from ratable_server.operations.register import Named, add_entries, keep_entry, remove_entry
from ratable_server.operations.settlements import Money, pay_credit_memo_out, settle_invoice
from ratable_server.operations.subscriptions import add_subscription
from ratable_server.operations.usage_items import add_usage_item
from ratable_server.operations.usage_told import ItemTold, add_told_item
from ratable_server.operations.vendors import NewCustomer, add_customers
from ratable_server.operations.written_entries import Writing, WrittenLine, rewrite_entry, write_entry
from ratable_server.store.models import Contract, Period, RegisterEntry, WrittenEntry
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.meeting import meeting
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, NEXT_YEAR, SUITE, agree, kept
from tests.server.soundness import assert_sound

CALLS = UsageItem(id="calls", product_id="api", usage_group_id="calls", starts_on=JANUARY)
BARE = replace(ACME, id="bare", usage_items=(), prepaid_commits=(), subscriptions=(), milestones=())
SIGNED = ContractHead(name="", customer="Acme Inc", currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)
(POOL,), (SEATS,), (SETUP,) = ACME.prepaid_commits, ACME.subscriptions, ACME.milestones
PAPER = Paper(kind="invoice", contract="acme", on=JANUARY, lines=(Line(amount=Decimal(100)),))
LINES = (WrittenLine(role="cash", debit_minor=1), WrittenLine(role="revenue", credit_minor=1))
ENTRY = Writing(kind="general", currency="USD", on=JANUARY, lines=LINES)
FEBRUARY = date(2026, 2, 10)
MONEY = Money(amount=Decimal(10), on=JANUARY)

Told = dict[str, Any]
_Case = tuple[Callable[..., object], Callable[[Told, dict[str, Any]], Told]]

# Each is told what names the thing, and the ids of what the books have.
NAMING: dict[str, _Case] = {
    "customer": (create_customer, lambda named, _: {"code": "new", "name": "", "further": named}),
    "customers": (add_customers, lambda named, _: {"named": [NewCustomer(code="new", name="", further=named)]}),
    "another customer": (modify_customer, lambda named, _: {"customer": "Acme Inc", "name": "", "further": named}),
    "product": (create_product, lambda named, _: {"product": Product(id="new", name="New"), "further": named}),
    "another product": (
        modify_product, lambda named, _: {"product": "api", "head": ProductHead(name="API", currency="USD"), "further": named}
    ),
    "bundle": (create_product_bundle, lambda named, _: {"bundle": replace(SUITE, id="new"), "further": named}),
    "another bundle": (modify_product_bundle, lambda named, _: {"bundle": SUITE, "further": named}),
    "contract": (create_contract, lambda named, _: {"contract": BARE, "further": named}),
    "line of a contract": (
        create_contract,
        lambda named, _: {
            "contract": replace(BARE, milestones=(SETUP,)), "beside": {("milestone", "setup"): Beside(further=named)}
        },
    ),
    "another contract": (modify_contract, lambda named, _: {"contract": "acme", "head": SIGNED, "further": named}),
    "item": (add_usage_item, lambda named, _: {"contract": "acme", "item": CALLS, "further": named}),
    "told item": (add_told_item, lambda named, _: {"contract": "acme", "told": ItemTold(item=CALLS, further=named)}),
    "subscription": (
        add_subscription, lambda named, _: {"contract": "acme", "subscription": replace(SEATS, id="new"), "further": named}
    ),
    "milestone": (
        add_milestone, lambda named, _: {"contract": "acme", "milestone": replace(SETUP, id="new"), "further": named}
    ),
    "another commit": (modify_prepaid_commit, lambda named, _: {"contract": "acme", "commit": POOL, "further": named}),
    "paper": (issue_papers, lambda named, _: {"papers": [PAPER], "besides": [PaperBeside(further=named)]}),
    "line of a paper": (
        issue_papers, lambda named, _: {"papers": [PAPER], "besides": [PaperBeside(further={}, lines=(named,))]}
    ),
    "another paper": (
        revise_paper, lambda named, ids: {"id": ids["invoice"], "paper": PAPER, "beside": PaperBeside(further=named)}
    ),
    "settlement": (
        settle_invoice, lambda named, ids: {"invoice": ids["invoice"], "parts": [MONEY], "furthers": [named]}
    ),
    "refund": (
        pay_credit_memo_out, lambda named, ids: {"credit_memo": ids["memo"], "money": MONEY, "further": named}
    ),
    "invoice": (
        file_invoice,
        lambda named, _: {"invoice": Invoice(contract="acme", amount=Decimal(1)), "on": JANUARY, "further": named},
    ),
    "payment": (
        file_payment,
        lambda named, _: {"payment": Payment(contract="acme", amount=Decimal(1)), "on": JANUARY, "further": named},
    ),
    "entry": (write_entry, lambda named, _: {"entry": replace(ENTRY, further=named)}),
    "another entry": (rewrite_entry, lambda named, ids: {"code": ids["entry"], "entry": replace(ENTRY, further=named)}),
    "line of an entry": (
        write_entry, lambda named, _: {"entry": replace(ENTRY, lines=(replace(LINES[0], further=named), LINES[1]))}
    ),
    "register": (keep_entry, lambda named, _: {"kind": "entity", "code": "new", "further": named}),
    "several of the register": (
        add_entries, lambda named, _: {"kind": "entity", "named": [Named(code="new", further=named)]}
    ),
}  # fmt: skip


@pytest.fixture
def ids(actor: Actor) -> dict[str, Any]:
    """What the books have that can be named, and what a change is of."""
    agree(actor)
    of = {
        kind: keep_entry(actor=actor, kind=kind, code="spare", further={"name": "Spare"}, at=AT).id
        for kind in ("department", "tag", "account")
    }
    memo = replace(PAPER, kind="credit_memo")
    return {
        **of,
        "invoice": issue_papers(actor=actor, papers=[PAPER], at=AT)[0].id,
        "memo": issue_papers(actor=actor, papers=[memo], at=AT)[0].id,
        "entry": write_entry(actor=actor, entry=ENTRY, at=AT),
    }


def everyone() -> Any:
    """A test of each who names something."""
    return pytest.mark.parametrize(("name", "told"), NAMING.values(), ids=list(NAMING))


def removal(actor: Actor, kind: str) -> Callable[[], None]:
    """Who takes the spare one of a kind out."""
    return lambda: remove_entry(actor=actor, kind=kind, code="spare", at=AT)


def overtaken(actor: Actor, removed: str, name: Callable[..., object], /, **told: Any) -> str:
    """What somebody is told who waits for a removal; nothing but that is done."""
    after: list[dict[str, str]] = []

    def first() -> None:
        removal(actor, removed)()
        after.append(kept(actor))

    answer = meeting(actor, first, name, at=AT, **told)
    assert after == [kept(actor)]
    assert_sound(actor)
    return answer


@everyone()
def test_what_is_taken_out_of_the_register_meanwhile_is_named_by_nobody(
    actor: Actor, ids: dict[str, Any], name: Callable[..., object], told: Callable[..., Told]
):
    named = {"department": ids["department"]}
    assert overtaken(actor, "department", name, **told(named, ids)) == "code_must_be_known"


@everyone()
def test_what_somebody_names_meanwhile_stays_in_the_register(
    actor: Actor, ids: dict[str, Any], name: Callable[..., object], told: Callable[..., Told]
):
    naming = lambda: name(actor=actor, at=AT, **told({"tag_ids": [ids["tag"]]}, ids))  # noqa: E731 - said where it is used
    assert meeting(actor, naming, remove_entry, kind="tag", code="spare", at=AT) == "nothing_must_name_it"
    assert_sound(actor)


def test_an_account_that_is_taken_out_meanwhile_stands_in_no_entry(actor: Actor, ids: dict[str, Any]):
    line = replace(LINES[0], role="", account=ids["account"])
    entry = replace(ENTRY, lines=(line, LINES[1]))
    assert overtaken(actor, "account", write_entry, entry=entry) == "account_must_be_known"


def test_an_account_that_is_taken_out_meanwhile_is_no_default(actor: Actor, ids: dict[str, Any]):
    further = {"rounding_account": ids["account"]}
    told = {"kind": "default_accounts", "code": "default", "further": further}
    assert overtaken(actor, "account", keep_entry, **told) == "code_must_be_known"


def test_a_copy_names_what_stands_in_for_what_is_taken_out_meanwhile(actor: Actor, ids: dict[str, Any]):
    """Who copies has read the contract as it was."""
    modify_contract(actor=actor, contract="acme", head=SIGNED, further={"department": ids["department"]}, at=AT)
    other = keep_entry(actor=actor, kind="department", code="other", further={"name": "Other"}, at=AT).id

    def replacing() -> None:
        remove_entry(actor=actor, kind="department", code="spare", instead="other", at=AT)

    told = meeting(actor, replacing, duplicate_contract, contract="acme", code="copy", at=AT)
    assert told == "code_must_be_known"
    with books_of(actor):
        assert dict(rows_of(actor, Contract).values_list("code", "further")) == {"acme": {"department": other}}
    duplicate_contract(actor=actor, contract="acme", code="copy", at=AT)
    assert_sound(actor)


def test_what_says_nothing_of_the_register_waits_for_nobody(actor: Actor, ids: dict[str, Any]):
    further = {"department_name": "Spare", "memo": str(ids["department"])}
    told = meeting(actor, removal(actor, "department"), create_customer, code="new", name="", further=further, at=AT)
    assert told == "done"


def test_who_waits_for_what_an_entry_and_its_reversal_name_holds_no_month_yet(actor: Actor, ids: dict[str, Any]):
    """Things of the register are taken before months; who has a month does not wait for one."""
    lines = [{"account": ids["account"], f"{side}_amount_native": Decimal(1)} for side in ("debit", "credit")]
    lines[0]["department"] = ids["department"]
    fields = {"date": JANUARY, "reversal_date": FEBRUARY, "currency": "USD", "transactions": lines}

    def nobody_holds_january() -> None:
        assert [row.month_on for row in rows_of(actor, Period).select_for_update(nowait=True)] == [JANUARY]

    taken_out = removal(actor, "department")
    told = meeting(actor, taken_out, written, meanwhile=nobody_holds_january, fields=fields)
    assert told == "code_must_be_known"
    assert_sound(actor)


@pytest.fixture
def of_old_books(actor: Actor, ids: dict[str, Any]) -> dict[str, Any]:
    """An entry whose lines name what was taken out when nobody watched over lines of entries; and another one."""
    named = {"department": ids["department"], "tag_ids": [ids["tag"]]}
    line = replace(LINES[0], role="", account=ids["account"], further=named)
    entry = replace(ENTRY, lines=(line, LINES[1]))
    code = write_entry(actor=actor, entry=entry, at=AT)
    with books_of(actor):
        gone = [ids["department"], ids["tag"], ids["account"]]
        assert rows_of(actor, RegisterEntry).filter(id__in=gone).update(deleted_at=AT) == len(gone)
    return {"code": code, "entry": entry, "line": line, "other": ids["entry"]}


def test_an_entry_of_old_books_is_reversed_with_what_it_names(actor: Actor, of_old_books: dict[str, Any]):
    """It may stand in a closed month: there is no other mend."""
    close_period(actor=actor, month_on=JANUARY, at=AT)
    line = replace(of_old_books["line"], debit_minor=0, credit_minor=1)
    swapped = replace(ENTRY, on=FEBRUARY, lines=(line, replace(LINES[1], debit_minor=1, credit_minor=0)))
    before = kept(actor)
    for of in ({}, {"reverses": of_old_books["other"]}):
        with pytest.raises(Refused) as refused:
            write_entry(actor=actor, entry=swapped, at=AT, **of)
        assert (refused.value.code, kept(actor)) == ("code_must_be_known", before)
    code = write_entry(actor=actor, entry=swapped, reverses=of_old_books["code"], at=AT)
    with books_of(actor):
        lines = rows_of(actor, WrittenEntry).get(code=code).lines
    assert [(each["account"], each["debit_minor"], each["credit_minor"]) for each in lines] == [
        (line.account, 0, 1), (None, 1, 0),
    ]  # fmt: skip
    assert lines[0]["further"] == line.further
    assert_sound(actor)


def test_an_entry_of_old_books_is_said_anew_with_what_it_names_and_nothing_else_that_is_gone(
    actor: Actor, of_old_books: dict[str, Any]
):
    memo = replace(of_old_books["entry"], further={"memo": "Again"})
    with pytest.raises(Refused) as refused:
        rewrite_entry(actor=actor, code=of_old_books["other"], entry=memo, at=AT)
    assert refused.value.code == "code_must_be_known"
    rewrite_entry(actor=actor, code=of_old_books["code"], entry=memo, at=AT)
    rewrite_entry(actor=actor, code=of_old_books["code"], entry=ENTRY, at=AT)
    with pytest.raises(Refused) as refused:
        rewrite_entry(actor=actor, code=of_old_books["code"], entry=memo, at=AT)
    assert refused.value.code == "code_must_be_known"
    assert_sound(actor)
