"""The catalogue of reports: what each is called, what it reads, and what every column means.

Owns the names, titles, columns and definitions that the command line, the pages and the guide show; the
sums are in the functions that it names. The guide (docs/guides/reports.md) is tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from ratable.reports.balances import account_rollforward, balances_by_customer, trial_balance_by_month
from ratable.reports.commits import burn_down_by_month
from ratable.reports.completeness import completeness
from ratable.reports.customers import revenue_by_customer
from ratable.reports.listings import close_status, journal_lines, rejections
from ratable.reports.obligations import obligations_by_band
from ratable.reports.waterfall import revenue_in_detail, waterfall_by_customer

Unit = Literal["id", "word", "month", "day", "instant", "minor", "exact", "count", "flag"]
Role = Literal["key", "figure", "attribute"]

_TYPES: Mapping[Unit, str] = {
    "id": "string",
    "word": "string",
    "month": "date",
    "day": "date",
    "instant": "timestamp('UTC')",
    "minor": "int64",
    "exact": "decimal(38, 0)",
    "count": "int64",
    "flag": "boolean",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a report.

    `unit` says how to read and show a value: `minor` is minor units of the row's currency, `exact` a
    whole number in the unit that the row names. Keys tell rows apart, figures may be summed over keys,
    attributes are neither.
    """

    name: str
    unit: Unit
    meaning: str
    role: Role

    @property
    def type(self) -> str:
        """The column's type in the schema of the report."""
        return _TYPES[self.unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: a function over input tables, and the definition of every column that it gives.

    `options` are keyword parameters without a default, that the caller chooses by policy; `fixed` are
    those that make this report of a function. Rows are in the order of the keys.
    """

    name: str
    title: str
    about: str
    function: Callable[..., ir.Table]
    inputs: tuple[str, ...]
    columns: tuple[Column, ...]
    options: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def schema(self) -> ibis.Schema:
        """Column names and types, in order."""
        return ibis.schema({column.name: column.type for column in self.columns})

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell rows apart, in the order of rows."""
        return tuple(column.name for column in self.columns if column.role == "key")

    @property
    def figures(self) -> tuple[str, ...]:
        """The columns that may be summed."""
        return tuple(column.name for column in self.columns if column.role == "figure")


def _key(name: str, unit: Unit, meaning: str) -> Column:
    return Column(name=name, unit=unit, meaning=meaning, role="key")


def _told(name: str, unit: Unit, meaning: str) -> Column:
    return Column(name=name, unit=unit, meaning=meaning, role="attribute")


def _money(name: str, meaning: str) -> Column:
    return Column(name=f"{name}_minor", unit="minor", meaning=meaning, role="figure")


def _count(name: str, meaning: str) -> Column:
    return Column(name=name, unit="count", meaning=meaning, role="figure")


_CUSTOMER = _key("customer_id", "id", "who buys")
_CONTRACT = _key("contract_id", "id", "the contract")
_CURRENCY = _key("currency", "word", "the contract's currency; amounts of two currencies are never added")
_PERIOD = _key("period", "month", "the month in which it is booked")
_SERVICE = _key("service_period", "month", "the month that it belongs to; earlier than `period` for a correction")
_ACCOUNT = _key("account", "word", "the account, by its role")
_COMMIT = _key("commit_id", "id", "the prepaid commit; empty for everything else")
_ITEM = _key("item_id", "id", "the usage item, subscription or milestone; empty where there is none")
_PRODUCT = _key(
    "product_id",
    "id",
    "the product; empty for true-ups and credit memos, and where what ends has none: usage, or a commit for any product",
)
_KIND = _key(
    "kind",
    "word",
    "usage, drawdown, overage, minimum, breakage, subscription, milestone; `adjustment`: credit memo or termination; "
    "`reversal`: an entry taken back",
)
_OF_CONTRACT = (_CUSTOMER, _CONTRACT, _CURRENCY)


def _rollforward(account: str, title: str, identity: str, *columns: Column) -> Report:
    return Report(
        name=account,
        title=title,
        about=f"{identity}, by contract and month, also for months in which nothing moved.",
        function=account_rollforward,
        inputs=("journal", "months", "customers"),
        columns=(*_OF_CONTRACT, _PERIOD, *columns),
        fixed=(("account", account),),
    )


_OPENING = _money("opening", "the closing balance of the month before")
_CLOSING = _money("closing", "the balance at the end of the month")
_OTHER = _money(
    "other",
    "everything else, positive where it makes the balance larger: opening balances, payments, credit memos, "
    "adjustments of closed months, reversals, terminations, what a lapsed commit owes back",
)

_REPORTS = (
    Report(
        name="waterfall",
        title="Revenue waterfall",
        about="Which month's billing became revenue in which month; a column sums to the revenue of its month.",
        function=waterfall_by_customer,
        inputs=("journal", "customers"),
        columns=(
            *_OF_CONTRACT,
            _key("booked", "month", "the month of the billing that paid for it; in arrears or at once: `period`"),
            _key("period", "month", "the month in which the revenue is booked"),
            _money("amount", "revenue, breakage and adjustments included; positive for revenue"),
        ),
    ),
    _rollforward(
        "contract_liability",
        "Contract liability rollforward",
        "opening + billed - recognized - breakage + other = closing",
        _OPENING,
        _money("billed", "what invoices add to the liability"),
        _money("recognized", "what revenue releases of it"),
        _money("breakage", "what breakage releases; negative where late usage takes breakage back"),
        _OTHER,
        _CLOSING,
    ),
    _rollforward(
        "unbilled_revenue",
        "Unbilled revenue rollforward",
        "opening + recognized + breakage - billed + other = closing",
        _OPENING,
        _money("recognized", "what revenue adds"),
        _money("breakage", "what breakage adds"),
        _money("billed", "what invoices clear"),
        _OTHER,
        _CLOSING,
    ),
    _rollforward(
        "accounts_receivable",
        "Receivables rollforward",
        "opening + billed + other = closing",
        _OPENING,
        _money("billed", "what was invoiced, without tax"),
        _OTHER,
        _CLOSING,
    ),
    Report(
        name="burn_down",
        title="Prepaid commit burn-down",
        about="The balance of each prepaid commit through its months: "
        "opening + granted + topped up - drawn - expired = remaining.",
        function=burn_down_by_month,
        inputs=("agreed_commits", "grants", "draws", "forfeits", "months", "contracts", "customers"),
        columns=(
            _CUSTOMER,
            _CONTRACT,
            _key("commit_id", "id", "the prepaid commit"),
            _CURRENCY,
            _key("period", "month", "the month"),
            _money("opening", "what remained at the end of the month before"),
            _money("granted", "its price, in the month in which it starts (at a cut-over: what was brought in)"),
            _money("topped_up", "top-ups less credits, in the month that books them"),
            _money(
                "drawn", "what usage took of the balance, net of the discount; negative where a correction gives back"
            ),
            _money("expired", "what was left when it ended, by its expiration or by termination, or did not roll over"),
            _money("remaining", "what is left at the end of the month; zero once it has ended"),
            _money("overage", "usage that it did not cover; stands beside the balance"),
            _told("status", "word", "at the end of the month: EXPIRED, EXHAUSTED or ACTIVE"),
        ),
    ),
    Report(
        name="rpo",
        title="Remaining performance obligations",
        about="Contracted and not yet revenue at the end of a day, by contract and band (ASC 606-10-50-13 to 50-15).",
        function=obligations_by_band,
        inputs=("agreed_commits", "grants", "agreed_schedules", "revenue", "forfeits", "contracts", "customers", "day"),
        columns=(
            *_OF_CONTRACT,
            _key("at", "day", "the day whose end is asked for"),
            _key("band", "word", "`12_months`: recognized within a year from the day; `later`: the rest"),
            _money("amount", "what remains of prepaid commits, subscriptions and milestones"),
        ),
        options=("rounding",),
    ),
    Report(
        name="revenue_by_customer",
        title="Revenue by customer, product and month",
        about="Revenue and breakage, by who bought what and the month booked.",
        function=revenue_by_customer,
        inputs=("journal", "customers"),
        columns=(_CUSTOMER, _PRODUCT, _CURRENCY, _PERIOD, _money("amount", "positive for revenue")),
    ),
    Report(
        name="revenue",
        title="Revenue in full detail",
        about="Revenue by everything that it can be told apart by.",
        function=revenue_in_detail,
        inputs=("journal", "customers"),
        columns=(
            *_OF_CONTRACT,
            _PERIOD,
            _SERVICE,
            _KIND,
            _PRODUCT,
            _ITEM,
            _COMMIT,
            _money("amount", "positive for revenue, negative for what is taken back"),
        ),
    ),
    Report(
        name="trial_balance",
        title="Trial balance",
        about="opening + debit - credit = closing, by account and month; balances are debits less credits, "
        "so the closing balances of a currency sum to zero.",
        function=trial_balance_by_month,
        inputs=("journal", "months"),
        columns=(
            _CURRENCY,
            _PERIOD,
            _ACCOUNT,
            _money("opening", "debits less credits before the month; positive on the debit side"),
            _money("debit", "the debits of the month"),
            _money("credit", "the credits of the month"),
            _money("closing", "debits less credits up to the end of the month"),
        ),
    ),
    Report(
        name="balances",
        title="Balances of accounts",
        about="What stands on each account at the end of a day, by contract and prepaid commit, life to date.",
        function=balances_by_customer,
        inputs=("journal", "customers", "day"),
        columns=(
            *_OF_CONTRACT,
            _ACCOUNT,
            _COMMIT,
            _money("amount", "life to date, positive on the account's normal side"),
        ),
    ),
    Report(
        name="journal",
        title="Journal",
        about="Every line of every entry, in the order of booking.",
        function=journal_lines,
        inputs=("journal", "customers"),
        columns=(
            _key("on", "day", "the day of the entry"),
            _key("place", "count", "order within a day: 0 opening, 1 documents, 2 revenue, 3 breakage, 4 termination"),
            _key(
                "number",
                "count",
                "order within a place: documents as they were filed; revenue 0, overage 1, true-ups 2",
            ),
            _key("entry_id", "id", "the entry; its lines balance"),
            *_OF_CONTRACT,
            _PERIOD,
            _SERVICE,
            _key(
                "kind",
                "word",
                "what happened: a type of revenue, or invoice, payment, adjustment, reversal, opening, refund",
            ),
            _ACCOUNT,
            _PRODUCT,
            _ITEM,
            _COMMIT,
            _money("debit", "never negative"),
            _money("credit", "never negative; one of the two is zero"),
        ),
    ),
    Report(
        name="rejections",
        title="Rejections",
        about="Facts that cannot go on, each with the rule that it broke.",
        function=rejections,
        inputs=("rejected",),
        columns=(
            _key("import_id", "id", "the file or request that brought it"),
            _key("row", "count", "its row there, from 1"),
            _key("code", "word", "the rule that it broke"),
            _key("usage_id", "id", "the id that it came with"),
            _key("item_id", "id", "the usage item or stream that it named"),
            _key("value", "id", "what stands there instead, as written"),
            _key("is_blocking", "flag", "must it be settled before the month can close?"),
            _key("is_resolved", "flag", "has somebody settled it?"),
            _count("records", "one; sums over a code or an import are counts"),
        ),
    ),
    Report(
        name="close_status",
        title="Close status",
        about="Where each month stands, and what is booked in it.",
        function=close_status,
        inputs=("months", "closes", "journal"),
        columns=(
            _key("period", "month", "the month"),
            _key("currency", "word", "empty where nothing is booked in the month"),
            _told("status", "word", "open, in_review (open, with a draft to look at) or closed"),
            _told("version", "count", "how often it was closed"),
            _told("closed_at", "instant", "when it was closed last"),
            _told("closed_by", "id", "by whom"),
            _told(
                "warnings", "word", "what its close has told that may surprise, or its draft tells now; empty: nothing"
            ),
            _count("entries", "journal entries"),
            _count("lines", "journal lines"),
            _money("debit", "the debits of the month"),
            _money("credit", "the credits of the month, equal to its debits"),
            _money("revenue", "revenue and breakage of the month"),
            _money("late_revenue", "the part of it that belongs to earlier months"),
        ),
    ),
    Report(
        name="completeness",
        title="Completeness",
        about="What went in came out: both sides of every identity, counted from different tables, and the difference.",
        function=completeness,
        inputs=("receipts", "rated", "draws", "allocated", "revenue", "journal", "contracts"),
        columns=(
            _key(
                "identity",
                "word",
                "`received` = accepted + voided + duplicate + rejected; `rated` = drawn + overage + pay-as-you-go; "
                "`recognized` = revenue in the journal; `balanced`: debit = credit",
            ),
            _key("import_id", "id", "the import, for `received`; else empty"),
            _key("period", "month", "service month for `rated`, month booked for the other two; else none"),
            _key("currency", "word", "empty for `received`"),
            _key(
                "unit",
                "word",
                "what the three numbers count: records, quantity, or amount; scaled as quantity_e12 or minor before they are shown",
            ),
            Column(name="left_value", unit="exact", meaning="the first side", role="figure"),
            Column(name="right_value", unit="exact", meaning="the other side", role="figure"),
            Column(name="difference", unit="exact", meaning="zero, or something is lost", role="figure"),
        ),
    ),
)

CATALOGUE: Mapping[str, Report] = {report.name: report for report in _REPORTS}
