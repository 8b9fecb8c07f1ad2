"""Contracts: signed whole, changed where no closed month depends on it, copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Contract, Opening, OpeningBalance, TierPriceOverride
from ratable_server.actor import Actor
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.contracts import ContractHead, create_contract, duplicate_contract, modify_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import Contract as ContractRow
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import (
    ACME,
    JANUARY,
    JULY,
    MARCH,
    NEXT_YEAR,
    agree,
    close_months,
    held,
    kept,
    last_entry,
    refuses,
)

HEAD = ContractHead(name="", customer="Acme Inc", currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)
BARE = Contract(id="bare", customer="Acme Inc", currency="USD", starts_on=JANUARY)
OWN_PRICE = TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=1, price=Decimal("0.09"))


def signed(actor: Actor, code: str) -> Contract:
    (contract,) = load_terms(actor, [code]).contracts
    return contract


def name_of(actor: Actor, code: str) -> str:
    with books_of(actor):
        return rows_of(actor, ContractRow).values_list("name", flat=True).get(code=code)


# ── create ───────────────────────────────────────────────────────────────────────────────────


def test_a_contract_comes_back_with_everything_on_it(actor: Actor):
    agree(actor, BARE)
    opening = Opening(as_of=date(2026, 1, 31), balances=(OpeningBalance(account="cash", amount=Decimal("1.50")),))
    contract = replace(ACME, tier_price_overrides=(OWN_PRICE,), opening=opening)
    created = create_contract(actor=actor, contract=contract, name="Acme 2026", at=AT)

    assert created.code == "acme"
    assert signed(actor, "acme") == contract
    assert name_of(actor, "acme") == "Acme 2026"
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("create_contract", "contract", "acme")
    assert (entry.after["name"], entry.after["customer"], entry.after["starts_on"]) == (
        "Acme 2026",
        "Acme Inc",
        "2026-01-01",
    )
    assert [item["id"] for item in entry.after["usage_items"]] == ["acme-calls", "acme-suite"]
    assert entry.after["prepaid_commits"][0]["total_value"] == "1000"


REFUSED_CONTRACTS: dict[str, dict[str, Any]] = {
    "code_must_be_known": {"customer": "Nobody"},
    "currency_must_be_known": {"currency": "USX"},
    "dates_must_ascend": {"ends_before": JANUARY},
    "amount_must_be_positive": {"minimum_monthly_commitment_amount": Decimal(-1)},
    "amount_must_fit_currency": {"minimum_monthly_commitment_amount": Decimal("0.005")},
    "minimum_quantity_needs_one_usage_group": {
        "minimum_monthly_commitment_quantity": Decimal(5),
        "usage_items": tuple(replace(ACME.usage_items[0], id=each, usage_group_id=each) for each in ("calls", "texts")),
    },
    "number_must_be_exact": {"minimum_monthly_commitment_amount": Decimal("1e18")},
    "date_must_be_in_range": {"ends_before": date(3001, 1, 1)},
    "text_must_be_plain": {"id": "a\tb"},
    "override_must_name_a_known_tier": {"tier_price_overrides": (replace(OWN_PRICE, tier_number=3),)},
    "code_must_be_unused": {"tier_price_overrides": (OWN_PRICE, OWN_PRICE)},
    "account_must_be_known": {
        "opening": Opening(as_of=JANUARY, balances=(OpeningBalance(account="petty_cash", amount=Decimal(1)),))
    },
    "prepaid_commit_currency_must_match_contract": {
        "prepaid_commits": (replace(ACME.prepaid_commits[0], id="eur", currency="EUR"),)
    },
    "percentage_must_be_between_0_and_100": {
        "prepaid_commits": (replace(ACME.prepaid_commits[0], id="new", discount_percentage=Decimal(101)),)
    },
}


@pytest.mark.parametrize("code", REFUSED_CONTRACTS)
def test_a_contract_that_cannot_be_leaves_nothing(actor: Actor, code: str):
    agree(actor, BARE)
    with refuses(actor, code):
        create_contract(actor=actor, contract=replace(replace(BARE, id="new"), **REFUSED_CONTRACTS[code]), at=AT)


def test_ids_on_a_contract_are_taken_once(actor: Actor):
    agree(actor)
    for contract in (ACME, replace(BARE, id="new", usage_items=ACME.usage_items[:1])):
        with refuses(actor, "code_must_be_unused"):
            create_contract(actor=actor, contract=contract, at=AT)
    subscriptions = replace(BARE, id="new", subscriptions=ACME.subscriptions, milestones=ACME.milestones)
    create_contract(actor=actor, contract=subscriptions, at=AT)  # these ids are of their contract
    assert signed(actor, "new") == subscriptions


def test_a_contract_may_be_signed_when_its_first_month_is_closed(actor: Actor):
    agree(actor, BARE)
    close_months(actor, MARCH)
    create_contract(actor=actor, contract=ACME, at=AT)
    assert signed(actor, "acme") == ACME


# ── modify ───────────────────────────────────────────────────────────────────────────────────


def test_a_contract_says_something_else_of_itself(actor: Actor):
    agree(actor)
    create_customer(actor=actor, code="new-owner", name="New owner", at=AT)
    head = replace(HEAD, name="Acme, moved", customer="new-owner", ends_before=JULY)
    before = modify_contract(actor=actor, contract="acme", head=head, at=AT, seen=HEAD)

    assert before == HEAD
    assert signed(actor, "acme") == replace(ACME, customer="new-owner", ends_before=JULY)
    assert name_of(actor, "acme") == "Acme, moved"
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("modify_contract", "contract", "acme")
    assert (entry.before["customer"], entry.before["ends_before"]) == ("Acme Inc", "2027-01-01")
    assert (entry.after["customer"], entry.after["ends_before"]) == ("new-owner", "2026-07-01")


def test_what_a_closed_month_depends_on_stays(actor: Actor):
    agree(actor)
    minimum = replace(HEAD, minimum_monthly_commitment_amount=Decimal(100))
    modify_contract(actor=actor, contract="acme", head=minimum, at=AT)
    close_months(actor, date(2026, 2, 1))

    for head in (
        HEAD,  # another minimum
        replace(minimum, starts_on=date(2026, 1, 2)),
        replace(minimum, ends_before=date(2026, 2, 28)),
    ):
        with refuses(actor, "period_must_be_open"):
            modify_contract(actor=actor, contract="acme", head=head, at=AT)
    modify_contract(actor=actor, contract="acme", head=replace(minimum, ends_before=MARCH, name="to March"), at=AT)
    assert signed(actor, "acme").ends_before == MARCH


def test_a_change_that_cannot_be_leaves_nothing(actor: Actor):
    agree(actor)
    for head, code in (
        (replace(HEAD, currency="EUR"), "currency_must_stay"),
        (replace(HEAD, customer="Nobody"), "code_must_be_known"),
        (replace(HEAD, ends_before=JANUARY), "dates_must_ascend"),
        (replace(HEAD, minimum_monthly_commitment_amount=Decimal(-1)), "amount_must_be_positive"),
        (replace(HEAD, minimum_monthly_commitment_amount=Decimal("0.001")), "amount_must_fit_currency"),
        (replace(HEAD, name="a\x7fb"), "text_must_be_plain"),
    ):
        with refuses(actor, code):
            modify_contract(actor=actor, contract="acme", head=head, at=AT)
    with refuses(actor, "contract_must_be_known"):
        modify_contract(actor=actor, contract="nothing", head=HEAD, at=AT)
    with refuses(actor, "contract_must_be_as_seen"):
        modify_contract(actor=actor, contract="acme", head=HEAD, at=AT, seen=replace(HEAD, name="as it was"))


def test_the_end_of_a_terminated_contract_stays(actor: Actor):
    agree(actor)
    terminate_contract(actor=actor, termination=ContractTermination(contract="acme", on=date(2026, 2, 15)), at=AT)
    with refuses(actor, "contract_must_not_be_terminated"):
        modify_contract(actor=actor, contract="acme", head=replace(HEAD, ends_before=JULY), at=AT)
    modify_contract(actor=actor, contract="acme", head=replace(HEAD, name="ended"), at=AT)
    assert name_of(actor, "acme") == "ended"


# ── duplicate ────────────────────────────────────────────────────────────────────────────────


def test_a_copy_has_the_terms_and_nothing_that_happened(actor: Actor):
    opening = Opening(as_of=date(2025, 12, 31), balances=(OpeningBalance(account="cash", amount=Decimal(5)),))
    agree(actor, replace(ACME, opening=opening, tier_price_overrides=(OWN_PRICE,)))
    invoice = Invoice(contract="acme", prepaid_commit="pool", amount=Decimal(1000))
    file_invoice(actor=actor, invoice=invoice, on=JANUARY, at=AT)
    created = duplicate_contract(actor=actor, contract="acme", code="acme-2", at=AT)

    copy = replace(
        ACME,
        id="acme-2",
        tier_price_overrides=(OWN_PRICE,),
        usage_items=tuple(replace(item, id=f"acme-2/{item.id}") for item in ACME.usage_items),
        prepaid_commits=(replace(ACME.prepaid_commits[0], id="acme-2/pool"),),
    )
    assert created.code == "acme-2"
    assert signed(actor, "acme-2") == copy
    assert (name_of(actor, "acme-2"), held(actor)["document"], held(actor)["opening_balance"]) == ("acme (Copy)", 1, 1)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_code, entry.after["copy_of"]) == ("duplicate_contract", "acme-2", "acme")

    duplicate_contract(actor=actor, contract="acme-2", code="acme-3", at=AT)
    assert [item.id for item in signed(actor, "acme-3").usage_items] == ["acme-3/acme-calls", "acme-3/acme-suite"]


def test_a_copy_that_cannot_be_leaves_nothing(actor: Actor):
    agree(actor)
    with refuses(actor, "contract_must_be_known"):
        duplicate_contract(actor=actor, contract="nothing", code="acme-2", at=AT)
    with refuses(actor, "code_must_be_unused"):
        duplicate_contract(actor=actor, contract="acme", code="acme", at=AT)
    with refuses(actor, "text_must_be_plain"):
        duplicate_contract(actor=actor, contract="acme", code="!acme", at=AT)
    with refuses(actor, "text_must_be_plain"):
        duplicate_contract(actor=actor, contract="acme", code="x" * 499, at=AT)  # with an item's own id it is too long


# ── whoever asks ─────────────────────────────────────────────────────────────────────────────


def test_a_contract_of_another_tenant_is_not_there(new_actor: Callable[[], Actor]):
    ours, theirs = new_actor(), new_actor()
    agree(theirs)
    before = kept(theirs)
    with refuses(ours, "contract_must_be_known"):
        modify_contract(actor=ours, contract="acme", head=HEAD, at=AT)
    with refuses(ours, "contract_must_be_known"):
        duplicate_contract(actor=ours, contract="acme", code="acme-2", at=AT)
    with refuses(ours, "code_must_be_known"):
        create_contract(actor=ours, contract=BARE, at=AT)
    assert kept(theirs) == before


def test_a_viewer_signs_nothing(actor: Actor):
    agree(actor)
    viewer = replace(actor, role="viewer")
    for attempt in (
        lambda: create_contract(actor=viewer, contract=BARE, at=AT),
        lambda: modify_contract(actor=viewer, contract="acme", head=replace(HEAD, name="mine"), at=AT),
        lambda: duplicate_contract(actor=viewer, contract="acme", code="acme-2", at=AT),
    ):
        with refuses(actor, "role_must_allow_it"):
            attempt()
