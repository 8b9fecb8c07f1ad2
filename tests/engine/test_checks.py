"""The laws of a run: a flow that is whole passes, and each law trips when one figure is tampered with."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratable import checks, reports, tables
from ratable.backends import Sheet, Stored
from ratable.errors import InvariantError
from tests import factories as make
from tests.factories import table

JANUARY = date(2026, 1, 1)
COMMON: dict[str, Any] = {
    "contract_id": "acme",
    "product_id": "api",
    "commit_id": "pool",
    "month_on": JANUARY,
    "service_on": JANUARY,
    "booked_on": JANUARY,
    "on": date(2026, 1, 31),
    "adjusted_on": make.FIRST,
    "quantity_e12": 0,
    "source_kind": "usage",
    "source_id": "acme",
    "item_id": "",
    "currency": "USD",
    "place": 2,
    "number": 0,
    "is_adjusted": False,
}

# 1,000 drawn at 20 percent off, of which 700 are covered, and 50 as it goes.
FLOW = {
    "rated": (tables.RATED, "item_id | amount_minor\ndrawn | 1000\npayg | 50"),
    "rated_lines": (
        tables.RATED_LINES,
        "item_id | tier | amount_minor\ndrawn | 1 | 600\ndrawn | 2 | 400\npayg | 1 | 50",
    ),
    "draws": (
        tables.DRAWS,
        "item_id | kind | gross_minor | net_minor\ndrawn | drawdown | 700 | 560\ndrawn | overage | 300 | 300",
    ),
    "allocated": (
        tables.ALLOCATED,
        "item_id | kind | amount_minor\ndrawn | drawdown | 560\ndrawn | overage | 300\npayg | usage | 50",
    ),
    "items": (tables.ITEMS, "item_id | draws\ndrawn | yes\npayg | no"),
    "revenue": (tables.REVENUE, "kind | amount_minor\ndrawdown | 560\noverage | 300\nusage | 50\nbreakage | 240"),
    "months": (
        tables.MONTHS,
        "month_on | ends_before | days | open_on | is_open\n2026-01 | 2026-02-01 | 31 | 2026-01-01 | yes",
    ),
}
LEDGER = {
    "revenue": FLOW["revenue"],
    "journal": (
        tables.JOURNAL,
        """
        entry_id | kind     | account            | debit_minor | credit_minor
        d        | drawdown | contract_liability | 560         | 0
        d        | drawdown | revenue            | 0           | 560
        u        | usage    | unbilled_revenue   | 350         | 0
        u        | usage    | revenue            | 0           | 350
        b        | breakage | contract_liability | 240         | 0
        b        | breakage | breakage_revenue   | 0           | 240
        """,
    ),
    "balances": (tables.BALANCES, "commit_id | balance_minor\npool | 240"),
}
POOLS = {
    "commits": (tables.COMMITS, "commit_id | granted_minor | expires | ends_before\npool | 800 | yes | 2026-02-01"),
    "grants": (tables.GRANTS, "commit_id | amount_minor\npool | 0"),
    "draws": FLOW["draws"],
    "balances": (tables.BALANCES, "commit_id | balance_minor\npool | 240"),
    "forfeits": (tables.FORFEITS, "commit_id | rolls_on | known_on | amount_minor"),
    "revenue": FLOW["revenue"],
    "months": FLOW["months"],
}


def stored(sheet: Sheet, flow: dict[str, Any]) -> tuple[Stored, ...]:
    found = []
    for name, (schema, text) in flow.items():
        if name == "items":
            found.append(make.items(sheet, text))
        elif name == "commits":
            found.append(make.commits(sheet, text))
        else:
            found.append(table(sheet, f"checked_{name}", schema, text, **COMMON))
    return tuple(found)


def hold(sheet: Sheet, flow: dict[str, Any] = FLOW, ledger: dict[str, Any] = LEDGER) -> None:
    laws = (
        sheet.run(checks.flow_laws, *stored(sheet, flow)),
        sheet.run(checks.ledger_laws, *stored(sheet, ledger)),
    )
    checks.hold(sheet, laws=laws)


def tampered(flow: dict[str, Any], name: str, before: str, after: str) -> dict[str, Any]:
    schema, text = flow[name]
    assert text.count(before) == 1, f"{before!r} must stand once in {name}"
    return {**flow, name: (schema, text.replace(before, after))}


def test_a_whole_flow_passes(sheet: Sheet):
    hold(sheet)


def test_months_that_are_settled_are_not_looked_at_again(sheet: Sheet):
    schema, text = FLOW["months"]
    later = (schema, text.replace("2026-01 | 2026-02-01 | 31 | 2026-01-01", "2026-02 | 2026-03-01 | 28 | 2026-02-01"))
    nothing = {name: (FLOW[name][0], FLOW[name][1].splitlines()[0]) for name in ("rated", "rated_lines", "allocated")}
    hold(sheet, flow={**FLOW, **nothing, "months": later})


@pytest.mark.parametrize(
    ("name", "before", "after", "law"),
    [
        (
            "draws",
            "700 | 560",
            "699 | 560",
            r"I13 rated = drawn \+ overage \+ pay-as-you-go at drawn in 2026-01: off by 1",
        ),
        ("rated_lines", "1 | 600", "1 | 601", "I17 tier lines sum to the month at drawn in 2026-01: off by -1"),
        ("allocated", "usage | 50", "usage | 49", "I23 shares sum to the whole at payg in 2026-01: off by 1"),
        ("draws", "700 | 560", "700 | 561", "I23 shares sum to the whole at drawn in 2026-01: off by 1"),
        ("revenue", "overage | 300", "overage | 310", "I26 recognized = allocated at acme in 2026-01: off by -10"),
    ],
)
def test_a_law_of_the_flow_trips(sheet: Sheet, name: str, before: str, after: str, law: str):
    with pytest.raises(InvariantError, match=law):
        hold(sheet, flow=tampered(FLOW, name, before, after))


@pytest.mark.parametrize(
    ("name", "before", "after", "law"),
    [
        (
            "journal",
            "unbilled_revenue   | 350",
            "unbilled_revenue   | 351",
            "I1 debit = credit in every entry at u: off by 1",
        ),
        (
            "journal",
            "unbilled_revenue   | 350",
            "unbilled_revenue   | 351",
            "I2 the trial balance is zero at acme: off by 1",
        ),
        ("revenue", "breakage | 240", "breakage | 241", "recognized = revenue in the journal at acme: off by -1"),
        ("balances", "pool | 240", "pool | -1", "I11 no balance below zero at pool: off by -1"),
    ],
)
def test_a_law_of_the_ledger_trips(sheet: Sheet, name: str, before: str, after: str, law: str):
    with pytest.raises(InvariantError, match=law):
        hold(sheet, ledger=tampered(LEDGER, name, before, after))


USAGE_TAKEN = "item_id | month_on | records | quantity | amount"


@pytest.mark.parametrize(
    ("taken", "law"),
    [
        ("calls | 2026-01 | 2 | 7.5 | 4", None),
        ("calls | 2026-01 | 1 | 7.5 | 4", r"received = .* at -1 records: off by 0"),
        ("calls | 2026-01 | 2 | 7.4 | 4", r"received = .* at 0 records: off by -100000000000"),
        ("calls | 2026-01 | 2 | 7.5 | 3", r"received = .* at 0 records: off by -1000000000000"),
    ],
)
def test_every_record_is_somewhere(sheet: Sheet, taken: str, law: str | None):
    """Of five records, two are taken, one of them by its amount; a duplicate, a rejected and a voided one are not."""
    told = make.usage(sheet, "usage_id | quantity | amount\na | 7.5 | -\nb | 9 | 4\na | 7.5 | -\nc | -2 | -\nd | 1 | -")
    by_month = table(sheet, "checked_by_month", tables.METERED, f"{USAGE_TAKEN}\n{taken}", used_on=JANUARY)
    examined = table(
        sheet,
        "checked_examined",
        tables.EXAMINED,
        "usage_id | quantity | status\na | 7.5 | accepted\na | 7.5 | duplicate\nc | -2 | rejected\nd | 1 | voided",
        **{**dict.fromkeys(tables.EXAMINED.names), "batch": 1, "row": 1},
    )
    laws = (sheet.run(checks.usage_laws, told, by_month, examined),)

    if law is None:
        checks.hold(sheet, laws=laws)
    else:
        with pytest.raises(InvariantError, match=law):
            checks.hold(sheet, laws=laws)


POOL_CASES = [
    ("balances", "pool | 240", "pool | 239", r"I10 granted = drawn \+ forfeited \+ remaining at pool: off by 1"),
    ("revenue", "breakage | 240", "breakage | 239", "I15 an ended commit has given its price at pool: off by 1"),
]


@pytest.mark.parametrize(("name", "before", "after", "law"), POOL_CASES)
def test_a_law_of_prepaid_commits_trips(sheet: Sheet, name: str, before: str, after: str, law: str):
    checks.hold(sheet, laws=(sheet.run(checks.drawdown_laws, *stored(sheet, POOLS)),))

    with pytest.raises(InvariantError, match=law):
        checks.hold(
            sheet, laws=(sheet.run(checks.drawdown_laws, *stored(sheet, tampered(POOLS, name, before, after))),)
        )


def journal_of(sheet: Sheet, text: str) -> Stored:
    return table(sheet, "checked_journal", tables.JOURNAL, text, **{**COMMON, "entry_id": "e", "kind": "usage"})


def test_a_source_has_liability_or_unbilled_and_not_both(sheet: Sheet):
    sound = "account | debit_minor | credit_minor\ncontract_liability | 0 | 5\nrevenue | 5 | 0"
    checks.hold(sheet, laws=(sheet.run(checks.source_laws, journal_of(sheet, sound)),))

    both = sound + "\nunbilled_revenue | 3 | 0"
    with pytest.raises(InvariantError, match=r"I6 .* at acme/usage/acme: off by 3"):
        checks.hold(sheet, laws=(sheet.run(checks.source_laws, journal_of(sheet, both)),))
    with pytest.raises(InvariantError, match=r"I6 .* off by -5"):
        checks.hold(
            sheet,
            laws=(
                sheet.run(
                    checks.source_laws,
                    journal_of(sheet, "account | debit_minor | credit_minor\ncontract_liability | 5 | 0"),
                ),
            ),
        )


def test_a_report_that_differs_from_the_journal_trips(sheet: Sheet):
    journal = journal_of(
        sheet,
        "account | debit_minor | credit_minor\nunbilled_revenue | 350 | 0\nrevenue | 0 | 350",
    )
    months = table(
        sheet,
        "checked_months",
        tables.MONTHS,
        "month_on | ends_before | days | open_on | is_open\n2026-01 | 2026-02-01 | 31 | 2026-01-01 | yes",
    )
    waterfall = sheet.run(reports.waterfall, journal)
    rollforward = sheet.run(reports.rollforward, journal, months)
    checks.hold(sheet, laws=(sheet.run(checks.report_laws, journal, waterfall, rollforward),))

    less = journal_of(sheet, "account | debit_minor | credit_minor\nunbilled_revenue | 349 | 0\nrevenue | 0 | 349")
    with pytest.raises(InvariantError, match=r"I37 the waterfall .* at 2026-01: off by -1"):
        checks.hold(sheet, laws=(sheet.run(checks.report_laws, less, waterfall, rollforward),))
    with pytest.raises(InvariantError, match=r"I4 a rollforward closes .* at unbilled_revenue/acme: off by 1"):
        checks.hold(sheet, laws=(sheet.run(checks.report_laws, less, waterfall, rollforward),))


def test_entries_do_not_make_up_for_each_other(sheet: Sheet):
    """Two entries that are wrong by the same amount balance as a whole, and each is told."""
    ledger = tampered(LEDGER, "journal", "unbilled_revenue   | 350", "unbilled_revenue   | 351")
    ledger = tampered(ledger, "journal", "contract_liability | 560", "contract_liability | 559")

    with pytest.raises(InvariantError, match=r"^2 broken: .* at [du]: off by"):
        hold(sheet, ledger=ledger)
