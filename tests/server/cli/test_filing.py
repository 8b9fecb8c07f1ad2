"""`ratable import-terms`, `invoice`, `payment`, `credit-memo`: what was agreed and billed, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.store.load.terms import load_entity, load_policy
from ratable_server.store.models import Contract, Document
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command

TERMS = """\
case: acme
products:
  - id: api
    name: API calls
    usage_groups:
      - {id: calls, unit_of_measure: call, pricing_model: unit_based, tiers: [{price: "0.10"}]}
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    end_date: 2026-12-31
    prepaid_commits:
      - {id: pool, product: api, total_value: "1000", start_date: 2026-01-01, expiration_date: 2026-12-31}
    usage: [{id: acme-calls, product: api, usage_group: calls, draws: true}]
"""
SECOND = TERMS.replace("acme", "zenith").replace("id: api", "id: api-2").replace("api,", "api-2,").replace("pool", "p2")


@pytest.fixture
def ratable(actor: Actor) -> Command:
    return Command(actor)


def written(folder: Path, text: str) -> str:
    file = folder / "terms.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def documents(actor: Actor) -> list[tuple[str, str, int, str | None]]:
    with books_of(actor):
        rows = rows_of(actor, Document).order_by("number")
        return list(rows.values_list("code", "kind", "amount_minor", "prepaid_commit__code"))


def test_terms_of_a_file_are_in_the_books_once(ratable: Command, actor: Actor, tmp_path: Path):
    file = written(tmp_path, TERMS)

    assert ratable.json("import-terms", file) == {"products": ["api"], "product_bundles": [], "contracts": ["acme"]}
    again = ratable("import-terms", file)
    assert again.exit_code == REFUSED
    assert again.stderr.startswith("refused: code_must_be_unused")
    with books_of(actor):
        assert rows_of(actor, Contract).count() == 1


def test_a_file_without_policy_and_entity_keeps_those_of_the_books(ratable: Command, actor: Actor, tmp_path: Path):
    own = "entity: {id: acme, timezone: Europe/Berlin}\npolicy: {rounding: half_even}\n"
    assert ratable("import-terms", written(tmp_path, TERMS + own)).exit_code == DONE
    second = ratable("import-terms", written(tmp_path, SECOND))

    assert second.exit_code == DONE, second.output
    with books_of(actor):
        assert load_policy(actor) == Policy(rounding="half_even")
        assert load_entity(actor).timezone == "Europe/Berlin"
        assert rows_of(actor, Contract).count() == 2


def test_a_file_that_is_malformed_is_told_with_its_line(ratable: Command, actor: Actor, tmp_path: Path):
    told = ratable("import-terms", written(tmp_path, TERMS.replace("unit_based", "by_the_pound")))

    assert told.exit_code == MALFORMED
    assert "terms.yaml:6" in told.stderr
    with books_of(actor):
        assert rows_of(actor, Contract).count() == 0


def test_documents_are_filed_each_once(ratable: Command, actor: Actor, tmp_path: Path):
    ratable("import-terms", written(tmp_path, TERMS))
    filed = ratable("invoice", "acme", "1000", "--prepaid-commit", "pool", "--on", "2026-01-01", "--id", "INV-1")

    assert filed.stdout == "invoice INV-1 of 2026-01-01 is filed, and booked in 2026-01\n"
    again = ratable("invoice", "acme", "1000", "--prepaid-commit", "pool", "--on", "2026-01-01", "--id", "INV-1")
    assert (again.exit_code, "code_must_be_unused" in again.stderr) == (REFUSED, True)
    assert ratable.json("payment", "acme", "600.00", "--on", "2026-01-20", "--id", "P-1")["booked_on"] == "2026-01-01"
    assert (
        ratable("credit-memo", "acme", "50", "--prepaid-commit", "pool", "--on", "2026-01-31", "--id", "C-1").exit_code
        == DONE
    )
    assert (
        ratable("credit-memo", "acme", "5", "--period", "2026-01", "--on", "2026-02-01", "--id", "C-2").exit_code
        == DONE
    )
    assert ratable("invoice-usage", "acme", "7", "--on", "2026-02-02", "--id", "INV-2").exit_code == DONE
    assert ratable("invoice", "acme", "8", "--on", "2026-02-02", "--id", "INV-3").exit_code == DONE
    with books_of(actor):
        of_usage = rows_of(actor, Document).filter(is_of_usage=True)
        assert list(of_usage.values_list("code", flat=True)) == ["INV-2"]
    assert documents(actor) == [
        ("INV-1", "invoice", 100000, "pool"),
        ("P-1", "payment", 60000, None),
        ("C-1", "credit_memo", 5000, "pool"),
        ("C-2", "credit_memo", 500, None),
        ("INV-2", "invoice", 700, None),
        ("INV-3", "invoice", 800, None),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("invoice", "acme", "1,000", "--on", "2026-01-01"), MALFORMED, "'1,000' is not a decimal number"),
        (("payment", "acme", "10", "--on", "01/31/2026"), MALFORMED, "is not a day such as 2026-03-31"),
        (("payment", "nobody", "10", "--on", "2026-01-31"), REFUSED, "refused: contract_must_be_known"),
        (("invoice", "acme", "10.001", "--on", "2026-01-31"), REFUSED, "refused: amount_must_fit_currency"),
        (("invoice", "acme", "1", "--milestone", "a", "--subscription", "b"), MALFORMED, "for one thing"),
        (("invoice-usage", "nobody", "1", "--on", "2026-01-31"), REFUSED, "refused: contract_must_be_known"),
    ],
)
def test_what_cannot_be_filed_is_told(
    ratable: Command, actor: Actor, tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
):
    ratable("import-terms", written(tmp_path, TERMS))
    told = ratable(*arguments)

    assert told.exit_code == status
    assert words in " ".join(told.stderr.replace("│", " ").split())
    assert documents(actor) == []
