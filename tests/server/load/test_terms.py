"""What operations write and loaders read is exactly what a case file says: terms, whole and of single contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable.cases.reading import find_cases, read_case
from ratable.cases.withdrawals import without
from ratable.terms import Milestone, Subscription, SubscriptionLine, Terms
from ratable.terms_rules import check_terms
from ratable_server.actor import Actor
from ratable_server.operations.contract_rows import names_in
from ratable_server.operations.terms import import_terms
from ratable_server.store.load.offered import Names, load_offered, offered_asked, offered_from
from ratable_server.store.load.standing import load_standing
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import Contract, Product, UsageGroup, UsageItem
from ratable_server.store.prepared import all_rows
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, API, agree

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
CASES = find_cases([GOLDEN])


def agreed(path: Path) -> Terms:
    """What a case agrees, less what no rule would let into the books."""
    terms = read_case(path).terms
    return without(terms, check_terms(terms))


def soundly_agreed(path: Path) -> Terms:
    """The same less products and bundles that are refused themselves."""
    terms = agreed(path)
    bad = {(refusal.kind, refusal.id) for refusal in check_terms(terms)}
    products = tuple(
        replace(
            product,
            usage_groups=tuple(each for each in product.usage_groups if ("usage_group", each.id) not in bad),
        )
        for product in terms.products
    )
    bundles = tuple(bundle for bundle in terms.product_bundles if ("product_bundle", bundle.id) not in bad)
    return replace(terms, products=products, product_bundles=bundles)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(GOLDEN).with_suffix("").as_posix())
def test_terms_of_a_case_come_back_as_they_were(actor: Actor, path: Path):
    terms = soundly_agreed(path)

    import_terms(actor=actor, terms=terms, at=AT)
    loaded = load_terms(actor)

    assert replace(loaded, entity=terms.entity) == terms
    assert loaded.entity.timezone == terms.entity.timezone


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(GOLDEN).with_suffix("").as_posix())
def test_a_contract_that_a_writer_holds_is_as_it_was_agreed_with_what_is_sold_to_it(actor: Actor, path: Path):
    terms = soundly_agreed(path)
    import_terms(actor=actor, terms=terms, at=AT)
    used = {item.product_id for contract in terms.contracts for item in contract.usage_items}

    with books_of(actor):
        codes = rows_of(actor, Contract).order_by("id").values_list("code", flat=True)
        standing = [load_standing(actor, code) for code in codes]
        products = frozenset(each.id for each in terms.products if each.id in used)
        offered = load_offered(actor, Names(products=products, bundles=frozenset({"none"})))

    assert tuple(each.contract for each in standing if each is not None) == terms.contracts
    assert [each.terminated_on for each in standing if each is not None] == [None] * len(terms.contracts)
    assert offered.terms == tuple(product for product in terms.products if product.id in used)
    assert set(offered.groups) == {(each.id, group.id) for each in offered.terms for group in each.usage_groups}
    assert (set(offered.products), offered.bundles) == ({each.id for each in offered.terms}, {})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(GOLDEN).with_suffix("").as_posix())
def test_what_is_sold_to_a_contract_is_read_with_it_by_what_its_lines_name(actor: Actor, path: Path):
    terms = soundly_agreed(path)
    import_terms(actor=actor, terms=terms, at=AT)
    for contract in terms.contracts:
        named = names_in(contract)
        fixed: list[Subscription | Milestone] = [*contract.subscriptions, *contract.milestones]
        split = {line.product_id for each in fixed for line in each.allocation}
        own = {each.product_id for each in contract.usage_items} | {
            each.product_id for each in contract.prepaid_commits
        }
        own |= {each.product_id for each in fixed} | {each.product_id for each in contract.tier_price_overrides}
        own -= {None}
        with books_of(actor):
            offered = offered_from(
                all_rows(*offered_asked(actor, contract.id, Names(products=frozenset(), bundles=frozenset())))
            )
            beside = offered_from(all_rows(*offered_asked(actor, contract.id, named)))
            assert beside == load_offered(actor, named)
        assert set(offered.products) == own == named.products - (split - own)
        assert set(offered.bundles) == named.bundles
        assert offered.terms == tuple(product for product in terms.products if product.id in own)


def test_what_was_deleted_is_no_longer_offered(actor: Actor):
    agree(actor)
    with books_of(actor):
        (code,) = rows_of(actor, Contract).values_list("code", flat=True)
        groups = rows_of(actor, UsageGroup)
        groups.update(deleted_at=AT)
        rows_of(actor, Contract).update(deleted_at=AT)

        offered = load_offered(actor, Names(products=frozenset({"api", "gone"}), bundles=frozenset({"suite"})))

        assert load_standing(actor, code) is None
    assert (set(offered.products), offered.groups, set(offered.bundles)) == ({"api"}, {}, {"suite"})
    assert offered.terms == (API,)


def test_what_is_remembered_is_never_what_was(actor: Actor, new_actor: Callable[..., Actor]):
    """Lines and price plans are remembered by their rows: another row is another line, and another tenant has its own."""
    agree(actor)
    names = Names(products=frozenset({"api"}), bundles=frozenset())
    with books_of(actor):
        (code,) = rows_of(actor, Contract).values_list("code", flat=True)
        before, sold = load_standing(actor, code), load_offered(actor, names)
        rows_of(actor, UsageItem).update(starts_on=date(2026, 2, 1))
        rows_of(actor, UsageGroup).update(unit_of_measure="renamed")
        after, now_sold = load_standing(actor, code), load_offered(actor, names)
    assert before is not None
    assert after is not None
    items = tuple(replace(item, starts_on=date(2026, 2, 1)) for item in before.contract.usage_items)
    assert items
    assert after.contract == replace(before.contract, usage_items=items) != before.contract
    renamed = tuple(replace(group, unit_of_measure="renamed") for group in API.usage_groups)
    assert (sold.terms, now_sold.terms) == ((API,), (replace(API, usage_groups=renamed),))

    other = new_actor()
    agree(other)
    with books_of(other):
        own = dict(rows_of(other, Product).filter(code="api").values_list("code", "id"))
        assert load_offered(other, names).products == own != sold.products
        assert load_standing(other, code) == before


def test_a_long_row_is_not_remembered(actor: Actor):
    """What is remembered is bounded by its letters, too: a subscription of many parts is read each time."""
    parts = tuple(
        SubscriptionLine(starts_on=date(year, 1, 1), ends_before=date(year + 1, 1, 1), total_value=Decimal(10))
        for year in range(2026, 2046)
    )
    short = Subscription(id="short", total_value=Decimal(9), starts_on=date(2026, 1, 1), ends_before=date(2046, 1, 1))
    long = replace(short, id="long", total_value=Decimal(200), lines=parts)
    agree(actor, replace(ACME, ends_before=None, subscriptions=(short, long)))
    names = Names(products=frozenset({"api"}), bundles=frozenset())
    with books_of(actor):
        one, other = load_standing(actor, "acme"), load_standing(actor, "acme")
        assert load_offered(actor, names) is load_offered(actor, names)
        rows_of(actor, Product).filter(code="api").update(name="a" * 16_000)
        sold, again = load_offered(actor, names), load_offered(actor, names)
    assert one is not None
    assert other is not None
    assert one.contract == other.contract
    assert one.contract.subscriptions == (short, long)
    same = [
        first is second for first, second in zip(one.contract.subscriptions, other.contract.subscriptions, strict=True)
    ]
    assert same == [True, False]
    assert sold is not again
    assert sold == again
    assert sold.terms[0].name == "a" * 16_000


def test_terms_of_some_contracts_leave_out_what_only_others_use(actor: Actor):
    terms = soundly_agreed(GOLDEN / "chain" / "prepaid-chain.yaml")
    import_terms(actor=actor, terms=terms, at=AT)
    only = replace(terms.contracts[0], id="bare", usage_items=(), prepaid_commits=(), tier_price_overrides=())
    import_terms(actor=actor, terms=Terms(contracts=(only,)), at=AT)

    loaded = load_terms(actor, ["bare"])

    assert loaded.contracts == (only,)
    assert (loaded.products, loaded.product_bundles) == ((), ())
    assert load_terms(actor, [terms.contracts[0].id]).contracts == terms.contracts[:1]


def test_statements_do_not_grow_with_the_contracts(actor: Actor):
    one = replace(soundly_agreed(GOLDEN / "chain" / "prepaid-chain.yaml"), policy=load_terms(actor).policy)
    import_terms(actor=actor, terms=one, at=AT)
    few = statements(lambda: load_terms(actor))
    for number in range(5):
        more = renamed(one, f"{number}-")
        import_terms(actor=actor, terms=more, at=AT)

    assert len(load_terms(actor).contracts) == 6 * len(one.contracts)
    assert statements(lambda: load_terms(actor)) == few


def renamed(terms: Terms, prefix: str) -> Terms:
    """The contracts of some terms once more, under other ids; products as they are."""
    contracts = tuple(
        replace(
            contract,
            id=prefix + contract.id,
            usage_items=tuple(replace(item, id=prefix + item.id) for item in contract.usage_items),
            prepaid_commits=tuple(replace(commit, id=prefix + commit.id) for commit in contract.prepaid_commits),
        )
        for contract in terms.contracts
    )
    return replace(terms, products=(), product_bundles=(), contracts=contracts)


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)
