"""What an upload is in the books: a file, a call, and each of the requests that were taken together for speed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ratable.terms import Contract, Product, RatingOptions, Terms, Tier, UsageGroup, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import record_usage
from ratable_server.queries.rated import rated_tiers
from tests.server.conftest import AT

JANUARY = date(2026, 1, 1)
TIERS = (Tier(number=1, upper_quantity=Decimal(10), price=Decimal(2)), Tier(number=2, price=Decimal(1)))


def agree(actor: Actor, options: RatingOptions) -> None:
    group = UsageGroup(id="calls", pricing_model="volume_based", tiers=TIERS, options=options)
    item = UsageItem(id="calls", product_id="api", usage_group_id="calls", starts_on=JANUARY)
    contract = Contract(id="acme", customer="Acme", currency="USD", starts_on=JANUARY, usage_items=(item,))
    products = (Product(id="api", name="API", usage_groups=(group,)),)
    import_terms(actor=actor, terms=Terms(products=products, contracts=(contract,)), at=AT)


def told(name: str, **when: str) -> dict[str, object]:
    return {"id": name, "item": "calls", "quantity": "8", **(when or {"used_on": "2026-01-15"})}


def rated(actor: Actor) -> list[tuple[int, Decimal, Decimal]]:
    months = rated_tiers(actor=actor, contract="acme", on=date(2026, 1, 31))
    return [(month.tier_number, month.quantity, month.amount) for month in months]


def test_a_call_is_one_upload(actor: Actor):
    agree(actor, RatingOptions(rating_group="upload"))
    record_usage(actor=actor, records=[told("a"), told("b")], at=AT)
    record_usage(actor=actor, records=[told("c")], at=AT)

    assert rated(actor) == [(1, Decimal(8), Decimal(16)), (2, Decimal(16), Decimal(16))]


def test_requests_that_are_taken_together_are_uploads_of_their_own(actor: Actor):
    agree(actor, RatingOptions(rating_group="upload"))
    together = replace(actor, request_id="api-1 api-2", is_turn=True)  # as `record_together` has the requests of a turn
    record_usage(actor=together, records=[told("a"), told("b")], at=AT)

    assert rated(actor) == [(1, Decimal(16), Decimal(32))]


def test_a_blank_in_the_id_of_a_request_makes_no_turn_of_it(actor: Actor):
    agree(actor, RatingOptions(rating_group="upload"))
    record_usage(actor=replace(actor, request_id="r 1"), records=[told("a"), told("b")], at=AT)

    assert rated(actor) == [(2, Decimal(16), Decimal(16))]


def test_the_time_of_day_tells_the_last_record(actor: Actor):
    """Told in another order than used."""
    agree(actor, RatingOptions(aggregation="last"))
    later = {**told("a", used_at="2026-01-15T20:00:00Z"), "quantity": "3"}
    record_usage(actor=actor, records=[later, told("b", used_at="2026-01-15T10:00:00Z")], at=AT)

    assert rated(actor) == [(1, Decimal(3), Decimal(6))]
