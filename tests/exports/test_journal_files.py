"""The journal in the words of each target, cell by cell."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ratable.errors import InvariantError
from ratable_server.exports import (
    DEFAULT_ACCOUNTS,
    FORMATS,
    TABLE_FORMATS,
    Account,
    Books,
    Chart,
    ExportRefusedError,
    JournalLine,
    difference,
    export_journal,
    lines_of_report,
)
from ratable_server.exports.problems import RULES
from tests.exports.journals import BOOKS, LAST, MARCH, MONTH, line

EACH = pytest.mark.parametrize("format", FORMATS)


def text_of(format: str, lines: list[JournalLine], *, detailed: bool = False, place: int = 0) -> str:
    return export_journal(lines, BOOKS, format=format, detailed=detailed)[place].content.decode()


def rows_of(format: str, lines: list[JournalLine], *, detailed: bool = False, place: int = 0) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text_of(format, lines, detailed=detailed, place=place))))


def written(rows: list[list[str]], text: str) -> None:
    """Assert that the rows are the written ones, cells apart by `|`."""
    lines = textwrap.dedent(text).strip().splitlines()
    assert rows == [[cell.strip() for cell in one.split("|")] for one in lines]


# ── formats ──────────────────────────────────────────────────────────────────────────────────


def test_csv_tells_everything_and_holds_one_currency_a_file():
    euros, dollars = export_journal(MONTH, BOOKS, format="csv", detailed=True)

    assert (euros.name, dollars.name) == ("journal-2026-03-csv-EUR.csv", "journal-2026-03-csv-USD.csv")
    assert euros.content.decode() == (
        "external_id,line,date,period,service_period,account_code,account_name,class,customer,customer_name,contract,"
        "currency,debit,credit,memo\r\n"
        "R202603-d22cf90b444fb,1,2026-03-31,2026-03,2026-03,1200,Accounts Receivable,,Delphine Média,,acme,EUR,47.05,"
        "0.00,usage 2026-03 acme\r\n"
        "R202603-d22cf90b444fb,2,2026-03-31,2026-03,2026-03,2500,Deferred Revenue,,Delphine Média,,acme,EUR,0.00,"
        "47.05,usage 2026-03 acme\r\n"
    )


def test_quickbooks_gets_names_us_dates_and_an_empty_other_side():
    (header, *body) = rows_of("quickbooks", MONTH, place=1)
    id = body[0][0]

    assert header == [
        "JournalNo", "JournalDate", "Currency", "AccountName", "Debits", "Credits", "Description", "Name", "Class",
    ]  # fmt: skip
    assert len(id) == 21
    written(
        body,
        f"""
        {id} | 03/31/2026 | USD | Deferred Revenue | 16000.00 |          | Ratable 2026-03 USD contract liability | |
        {id} | 03/31/2026 | USD | Revenue          |          | 16600.00 | Ratable 2026-03 USD revenue | | calls
        {id} | 03/31/2026 | USD | Revenue          |          | 345.00   | Ratable 2026-03 USD revenue | | storage
        {id} | 03/31/2026 | USD | Unbilled Revenue | 945.00   |          | Ratable 2026-03 USD unbilled revenue | |
        """,
    )


def test_quickbooks_gets_receivables_with_their_customer_even_in_a_summary():
    lines = [*MONTH, line("i2", "accounts_receivable", 5, currency="EUR"), line("i2", "cash", -5, currency="EUR")]
    names = {row[7]: row[4] for row in rows_of("quickbooks", lines)[1:] if row[3] == "Accounts Receivable"}

    assert names == {"Acme Inc": "0.05", "Delphine Média": "47.05"}


def test_xero_gets_codes_signed_amounts_and_the_id_in_the_narration():
    header, first, *_ = rows_of("xero", MONTH, detailed=True, place=1)
    last = rows_of("xero", MONTH, detailed=True, place=1)[-1]

    assert header[:6] == ["*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount"]
    assert first[0].startswith("usage 2026-03 acme [R202603-")
    assert first[1:] == ["31/03/2026", "usage 2026-03 acme", "2500", "Tax Exempt", "16000.00", "", "", "", ""]
    assert last[3:8] == ["4000", "Tax Exempt", "-345.00", "Product", "storage"]


def test_netsuite_gets_numbers_with_names_and_the_entry_on_each_line():
    header, first, second = rows_of("netsuite", MONTH, detailed=True)

    assert header == [
        "External ID", "Date", "Posting Period", "Currency", "Memo",
        "Journal Entry - Line: Account", "Journal Entry - Line: Debit", "Journal Entry - Line: Credit",
        "Journal Entry - Line: Memo", "Journal Entry - Line: Name", "Journal Entry - Line: Class",
    ]  # fmt: skip
    assert first[1:8] == [
        "03/31/2026", "Mar 2026", "EUR", "usage 2026-03 acme", "1200 Accounts Receivable", "47.05", "",
    ]  # fmt: skip
    assert second[5:8] == ["2500 Deferred Revenue", "", "47.05"]


@pytest.mark.parametrize(("currency", "amount"), [("USD", 10**12), ("KWD", 1000)])
def test_netsuite_refuses_digits_that_it_would_not_keep(currency: str, amount: int):
    lines = [line("a", "cash", amount, currency=currency), line("a", "revenue", -amount, currency=currency)]

    with pytest.raises(ExportRefusedError, match="amount_must_fit_the_target") as told:
        export_journal(lines, BOOKS, format="netsuite")
    assert told.value.rule == "amount_must_fit_the_target"


def test_beancount_is_written_like_this():
    assert text_of("beancount", MONTH[:3], detailed=True) == textwrap.dedent(
        f"""\
        option "operating_currency" "USD"
        plugin "beancount.plugins.auto_accounts"

        2026-03-31 * "usage 2026-03 acme" ^{export_journal(MONTH[:3], BOOKS, format="csv", detailed=True)[0].entry_ids[0]}
          Assets:Unbilled-Revenue  945.00 USD
            customer: "Acme Inc"
            contract: "acme"
            service: "2026-03"
          Income:Revenue  -600.00 USD
            class: "calls"
            customer: "Acme Inc"
            contract: "acme"
            service: "2026-03"
          Income:Revenue  -345.00 USD
            class: "storage"
            customer: "Acme Inc"
            contract: "acme"
            service: "2026-03"
        """
    )


def test_hledger_is_written_like_this():
    assert text_of("hledger", MONTH[5:]) == textwrap.dedent(
        f"""\
        commodity 1000.00 EUR
        account Assets:Accounts-Receivable
        account Liabilities:Deferred-Revenue

        2026-03-31 * ({export_journal(MONTH[5:], BOOKS, format="csv")[0].entry_ids[0]}) Ratable 2026-03 EUR
            Assets:Accounts-Receivable  47.05 EUR
            Liabilities:Deferred-Revenue  -47.05 EUR
        """
    )


@EACH
def test_nothing_booked_is_no_file(format: str):
    assert export_journal([], BOOKS, format=format) == []
    assert export_journal([], BOOKS, format=format, detailed=True) == []


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ExportRefusedError, match="export_format_must_be_known: sage; there are csv, beancount"):
        export_journal(MONTH, BOOKS, format="sage")


# ── ids ──────────────────────────────────────────────────────────────────────────────────────


def ids(lines: list[JournalLine], books: Books = BOOKS, *, detailed: bool = False) -> list[str]:
    files = export_journal(lines, books, format="csv", detailed=detailed)
    return [id for file in files for id in file.entry_ids]


@pytest.mark.parametrize("detailed", [False, True])
def test_an_export_made_again_has_the_same_ids_whatever_the_order(*, detailed: bool):
    assert sorted(ids(MONTH, detailed=detailed)) == sorted(ids(MONTH[::-1], detailed=detailed))


@EACH
@pytest.mark.parametrize("detailed", [False, True])
def test_an_export_made_again_is_the_same_bytes(format: str, *, detailed: bool):
    assert export_journal(MONTH, BOOKS, format=format, detailed=detailed) == export_journal(
        list(MONTH), Books(tenant="tidewater", version=1), format=format, detailed=detailed
    )


@pytest.mark.parametrize(
    "other",
    [replace(BOOKS, tenant="corvid"), replace(BOOKS, version=2)],
    ids=["tenant", "version"],
)
def test_another_tenant_and_another_close_have_other_ids(other: Books):
    assert not set(ids(MONTH)) & set(ids(MONTH, other))
    assert not set(ids(MONTH, detailed=True)) & set(ids(MONTH, other, detailed=True))


def test_an_id_does_not_hang_on_amounts():
    dearer = [replace(one, debit_minor=2 * one.debit_minor, credit_minor=2 * one.credit_minor) for one in MONTH]

    assert ids(dearer) == ids(MONTH)


# ── what is exported ─────────────────────────────────────────────────────────────────────────


def test_months_are_summarised_apart():
    april = [replace(one, entry_id=f"{one.entry_id}a", on=date(2026, 4, 2), period=date(2026, 4, 1)) for one in MONTH]
    (euros, dollars) = export_journal([*MONTH, *april], BOOKS, format="csv")

    assert dollars.name == "journal-2026-03-to-2026-04-csv-USD.csv"
    assert len(euros.entry_ids) == len(dollars.entry_ids) == 2
    days = {row[2] for row in csv.reader(io.StringIO(dollars.content.decode()))}
    assert days == {"date", "2026-03-31", "2026-04-30"}


def test_accounts_are_called_as_the_tenant_calls_them():
    own = Chart(own={"revenue": Account(code="411", name="Sales:API usage", kind="Income")})
    books = replace(BOOKS, chart=own)
    (_, dollars) = export_journal(MONTH, books, format="csv")
    (ledger,) = export_journal(MONTH, books, format="beancount")

    assert {tuple(row[5:7]) for row in csv.reader(io.StringIO(dollars.content.decode()))} >= {
        ("411", "Sales:API usage")
    }
    assert "  Income:Sales:API-usage  -16600.00 USD" in ledger.content.decode()


def test_an_account_has_its_own_tax_rate_where_it_is_named():
    own = Chart(own={"revenue": Account(code="411", name="Sales", kind="Income", tax_rate="Tax on Sales")})
    files = export_journal(MONTH, replace(BOOKS, chart=own), format="xero")
    rates = {tuple(row[3:5]) for row in csv.reader(io.StringIO(files[1].content.decode()))}

    assert rates == {
        ("*AccountCode", "*TaxRate"),
        ("411", "Tax on Sales"),
        ("1250", "Tax Exempt"),
        ("2500", "Tax Exempt"),
    }


def test_a_role_without_an_account_is_refused():
    with pytest.raises(ExportRefusedError, match="account_must_be_mapped: no account plays the role goodwill"):
        export_journal([line("a", "goodwill", 1), line("a", "cash", -1)], BOOKS, format="csv")


@pytest.mark.parametrize("name", ["deferred Revenue", "Deferred (Revenue)", "***"])
@pytest.mark.parametrize("format", ["beancount", "hledger"])
def test_two_accounts_never_become_one_by_their_spelling(format: str, name: str):
    own = {
        "refund_liability": Account(code="1", name=name, kind="Liabilities"),
        "contract_liability": Account(code="2", name="Deferred Revenue", kind="Liabilities"),
    }
    lines = [line("a", "refund_liability", 1), line("a", "contract_liability", -1)]

    with pytest.raises(ExportRefusedError, match="account_names_must_differ"):
        export_journal(lines, replace(BOOKS, chart=Chart(own=own)), format=format)


def test_two_roles_may_share_one_account():
    shared = Account(code="2", name="Deferred Revenue", kind="Liabilities")
    books = replace(BOOKS, chart=Chart(own={"refund_liability": shared}))
    lines = [line("a", "refund_liability", 1), line("a", "cash", -3), line("a", "contract_liability", 2)]
    (ledger,) = export_journal(lines, books, format="hledger", detailed=True)

    assert ledger.content.decode().count("    Liabilities:Deferred-Revenue  ") == 2


def test_an_entry_that_does_not_balance_is_a_defect():
    with pytest.raises(InvariantError, match="entry a does not balance: off by 1 minor units"):
        export_journal([line("a", "cash", 2), line("a", "revenue", -1)], BOOKS, format="csv")
    with pytest.raises(InvariantError, match="more than one currency"):
        export_journal([line("a", "cash", 1), line("a", "revenue", -1, currency="EUR")], BOOKS, format="csv")


def test_a_reopened_month_leaves_only_its_difference():
    """The first close said 600.00 of calls, the second 610.00: 10.00 remain to be posted."""
    before = MONTH[:3]
    after = [line("u1", "unbilled_revenue", 95500), line("u1", "revenue", -61000, product="calls"), before[2]]
    rows = rows_of("csv", difference(after, before))

    assert [(row[6], row[7], row[12], row[13]) for row in rows[1:]] == [
        ("Revenue", "calls", "0.00", "10.00"),
        ("Unbilled Revenue", "", "10.00", "0.00"),
    ]


def test_a_month_that_was_closed_again_unchanged_leaves_nothing():
    assert export_journal(difference(MONTH, MONTH), BOOKS, format="csv") == []


def test_lines_are_read_from_the_report():
    row = {
        "entry_id": "acme/usage", "on": LAST, "period": MARCH, "service_period": date(2026, 2, 1), "customer_id": "Acme",
        "contract_id": "acme", "currency": "USD", "kind": "usage", "account": "revenue", "product_id": "calls",
        "debit_minor": 0, "credit_minor": 5,
    }  # fmt: skip

    assert lines_of_report([row], {"Acme": "Acme Inc", "other": "Other Inc"}) == [
        JournalLine(
            entry_id="acme/usage",
            on=LAST,
            period=MARCH,
            service_period=date(2026, 2, 1),
            contract="acme",
            customer="Acme",
            account="revenue",
            product="calls",
            currency="USD",
            credit_minor=5,
            memo="usage 2026-02 acme",
            customer_name="Acme Inc",
        )
    ]


def test_a_customer_is_named_where_the_target_has_a_place_for_it():
    """Its id and its name where there are two places; the name where there is one."""
    lines = [replace(each, customer="cust-7", customer_name="Delphine Média") for each in MONTH[5:]]

    def first(format: str) -> dict[str, str]:
        header, row, *_ = rows_of(format, lines, detailed=True)
        return dict(zip(header, row, strict=True))

    assert [first("csv")[name] for name in ("customer", "customer_name")] == ["cust-7", "Delphine Média"]
    assert first("quickbooks")["Name"] == "Delphine Média"
    assert first("netsuite")["Journal Entry - Line: Name"] == "Delphine Média"
    (summary, _) = rows_of("quickbooks", lines)[1:]
    assert (summary[3], summary[7]) == ("Accounts Receivable", "Delphine Média")
    told = export_journal(lines, BOOKS, format="beancount", detailed=True)[0].content.decode()
    assert '    customer: "cust-7"\n    customer-name: "Delphine Média"\n' in told
    told = export_journal(lines, BOOKS, format="hledger", detailed=True)[0].content.decode()
    assert "customer:cust-7, customer-name:Delphine Média, contract:acme" in told


# ── guide ────────────────────────────────────────────────────────────────────────────────────

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "exports.md").read_text(encoding="utf-8")


def test_the_guide_lists_formats_accounts_and_refusals():
    first_cells = re.findall(r"(?m)^\| `(\w+)` \|", GUIDE)

    assert set(first_cells) == {*FORMATS, *DEFAULT_ACCOUNTS, *RULES, *TABLE_FORMATS}
    for role, account in DEFAULT_ACCOUNTS.items():
        assert f"| `{role}` | {account.code} | {account.name} | `{account.path}` |" in GUIDE
    for format in FORMATS.values():
        if format.lines_per_entry < 10**6:
            assert re.search(rf"(?m)^\| `{format.name}` \|.*\| {format.lines_per_entry:,} lines \|$", GUIDE)
