"""Any balanced journal: every file, entry and part of every format balances, and nothing is lost."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from decimal import Decimal

import pytest
from beancount import loader
from hypothesis import given
from hypothesis import strategies as st

from ratable_server.exports import DEFAULT_ACCOUNTS, FORMATS, ExportRefusedError, JournalLine, export_journal
from ratable_server.exports.cells import plain_text, text_cell
from ratable_server.exports.chunks import cut_entries, pack_entries
from ratable_server.exports.entries import detailed_entries, summarised_entries
from tests.exports.journals import BOOKS, balances, entries, journals

# entry, currency, account, debit, credit: the columns of each CSV in which a line says what it moves
COLUMNS = {
    "csv": ("external_id", "currency", "account_name", "debit", "credit"),
    "quickbooks": ("JournalNo", "Currency", "AccountName", "Debits", "Credits"),
    "xero": ("*Narration", None, "*AccountCode", "*Amount", None),
    "netsuite": (
        "External ID",
        "Currency",
        "Journal Entry - Line: Account",
        "Journal Entry - Line: Debit",
        "Journal Entry - Line: Credit",
    ),
}


@pytest.mark.parametrize("detailed", [False, True], ids=["summarised", "detailed"])
@pytest.mark.parametrize("format", COLUMNS)
@given(lines=journals())
def test_every_entry_of_every_file_balances_and_the_sums_are_those_of_the_journal(
    lines: list[JournalLine], format: str, *, detailed: bool
):
    try:
        files = export_journal(lines, BOOKS, format=format, detailed=detailed)
    except ExportRefusedError as refused:
        assert (refused.rule, format) == ("amount_must_fit_the_target", "netsuite")  # noqa: PT017 - a refusal is an answer
        return
    entry, currency, account, debit, credit = COLUMNS[format]
    moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for file in files:
        body = list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in body:
            amount = Decimal(row[debit] or 0) - (Decimal(row[credit] or 0) if credit else 0)
            sums[row[entry]] += amount
            moved[_path(row[account]), row[currency] if currency else file.name.split("-")[4][:3]] += amount
        assert set(sums.values()) <= {Decimal(0)}
        assert len(body) <= FORMATS[format].lines_per_file
        assert currency is None or len({row[currency] for row in body}) == 1
    assert {key: amount for key, amount in moved.items() if amount} == balances(lines)


def _path(cell: str) -> str:
    """The account that a cell names: by name, by number, or by both."""
    (found,) = {one.path for one in DEFAULT_ACCOUNTS.values() if cell in {one.name, one.code, f"{one.code} {one.name}"}}
    return found


@given(lines=entries(1), limit=st.integers(min_value=2, max_value=5))
def test_an_entry_that_is_too_long_is_cut_into_balanced_parts(lines: list[JournalLine], limit: int):
    (whole,) = detailed_entries(lines, BOOKS)
    parts = cut_entries([whole], BOOKS, limit=limit)

    assert all(2 <= len(part.lines) <= max(limit, len(whole.lines)) for part in parts)
    assert all(len(part.lines) <= limit for part in parts)
    assert all(sum(line.amount_minor for line in part.lines) == 0 for part in parts)
    assert len({part.id for part in parts}) == len(parts)
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for part in parts:
        for line in part.lines:
            sums[line.account.code, line.product, line.memo] += line.amount_minor
    for line in whole.lines:
        sums[line.account.code, line.product, line.memo] -= line.amount_minor
    assert set(sums.values()) == {0}


@given(lines=entries(1), limit=st.integers(min_value=2, max_value=5))
def test_cutting_never_turns_a_debit_into_a_credit(lines: list[JournalLine], limit: int):
    (whole,) = detailed_entries(lines, BOOKS)
    debits = sum(max(line.amount_minor, 0) for line in whole.lines)
    parts = cut_entries([whole], BOOKS, limit=limit)

    assert sum(max(line.amount_minor, 0) for part in parts for line in part.lines) == debits


@given(lines=journals())
def test_files_are_filled_in_order_and_never_beyond_their_limit(lines: list[JournalLine]):
    found = detailed_entries(lines, BOOKS)
    packs = pack_entries(found, limit=13)

    assert [entry for pack in packs for entry in pack] == found
    assert all(sum(len(entry.lines) for entry in pack) <= 13 for pack in packs)


@given(lines=journals())
def test_a_summary_has_one_line_for_each_account_and_class(lines: list[JournalLine]):
    for entry in summarised_entries(lines, BOOKS):
        keys = [(line.account, line.product) for line in entry.lines]
        assert len(keys) == len(set(keys))
        assert all(line.amount_minor for line in entry.lines)


@pytest.mark.parametrize("detailed", [False, True], ids=["summarised", "detailed"])
@given(lines=journals())
def test_beancount_loads_any_journal(lines: list[JournalLine], *, detailed: bool):
    for file in export_journal(lines, BOOKS, format="beancount", detailed=detailed):
        _, errors, _ = loader.load_string(file.content.decode())
        assert errors == []


@given(text=st.text(alphabet="'=+-@\t\r＝ab,\"\n ;", max_size=6))  # noqa: RUF001 - the full-width form is meant
def test_an_escaped_text_reads_back_and_never_begins_like_a_formula(text: str):
    cell = text_cell(text)

    assert plain_text(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))  # noqa: RUF001 - the full-width form is meant
