"""3 Drawdown: who draws on what, in which order, when it runs short, and what is booked for a closed month."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.drawdown import Booked, Drawdowns, Pools, draw_down
from ratable.drawdown.breakage import BREAKAGE
from ratable.drawdown.demands import demands
from ratable.terms import Policy
from tests import factories as make
from tests.factories import empty, expect, rows, table

DEMANDS = "item_id | used_on | gross_minor"
POSTED = "item_id | commit_id | kind | service_on | gross_minor | net_minor"


def asked(sheet: Sheet, text: str) -> Stored:
    """Demand by day; the month is that of the day."""
    header, *body = make.cells(f"{DEMANDS}\n{text}")
    found = [dict(zip(header, values, strict=True)) for values in body]
    days = [date.fromisoformat(row["used_on"]) for row in found]
    return sheet.bind_rows(
        "asked",
        [
            {
                "contract_id": "acme",
                "item_id": row["item_id"],
                "month_on": day.replace(day=1),
                "used_on": day,
                "gross_minor": int(row["gross_minor"]),
            }
            for row, day in zip(found, days, strict=True)
        ],
        tables.DEMANDS,
    )


def pools(sheet: Sheet, commits: str, eligible: str, *, grants: str = "", estimates: str = "") -> Pools:
    return Pools(
        make.commits(sheet, commits),
        make.eligible(sheet, eligible),
        empty(sheet, "circular", tables.CIRCULAR),
        table(sheet, "grants", tables.GRANTS, f"commit_id | month_on | amount_minor\n{grants}"),
        table(sheet, "estimates", tables.ESTIMATES, f"commit_id | month_on | keep\n{estimates}"),
        empty(sheet, "rollovers", tables.ROLLOVERS),
    )


def booked(sheet: Sheet, draws: str = "", breakage: str = "") -> Booked:
    """What is posted; the demand of a posted month stands on its 15th."""
    posted = table(
        sheet,
        "posted_draws",
        tables.DRAWS,
        f"{POSTED} | booked_on\n{draws}",
        contract_id="acme",
        adjusted_on=make.FIRST,
    )
    found: dict[tuple[str, date], int] = {}
    for row in rows(sheet, posted):
        key = (row["item_id"], row["service_on"])
        found[key] = found.get(key, 0) + row["gross_minor"]
    demanded = [
        {
            "contract_id": "acme",
            "item_id": item_id,
            "month_on": month_on,
            "used_on": month_on.replace(day=15),
            "adjusted_on": make.FIRST,
            "gross_minor": gross,
        }
        for (item_id, month_on), gross in found.items()
    ]
    return Booked(
        posted,
        sheet.bind_rows("posted_demands", demanded, tables.POSTED_DEMANDS),
        table(
            sheet,
            "posted_breakage",
            BREAKAGE,
            f"commit_id | booked_on | amount_minor\n{breakage}",
            contract_id="acme",
            product_id="",
            kind="breakage",
            on=make.FIRST,
        ),
    )


def drawn(
    sheet: Sheet,
    demand: str,
    commits: str,
    eligible: str,
    *,
    before: str = "2026-04",
    open_on: str | None = None,
    policy: Policy | None = None,
    **given: Any,
) -> Drawdowns:
    texts = {name: given.pop(name) for name in ("grants", "estimates") if name in given}
    adjustments = given.pop("adjustments", "")
    return draw_down(
        sheet,
        asked(sheet, demand),
        pools(sheet, commits, eligible, **texts),
        booked(sheet, **given),
        items=make.items(sheet, "item_id\ncalls\nother", draws=True),
        months=make.months(sheet, "2026-01", before, open_on=open_on),
        adjustments=table(
            sheet,
            "adjustments",
            tables.ADJUSTMENTS,
            f"commit_id | service_on | used_on | booked_on | on | amount_minor\n{adjustments}",
            adjustment_id="a",
            number=1,
            contract_id="acme",
            item_id="calls",
        ),
        policy=policy or Policy(),
    )


ONE = "commit_id | granted_minor | keep\npool | {granted} | {keep}"
CALLS = "item_id | commit_id\ncalls | pool"


def one(granted: int, keep: str = "1") -> str:
    return ONE.format(granted=granted, keep=keep)


# ── one commit ───────────────────────────────────────────────────────────────────────────────


def test_drawn_in_full(sheet: Sheet):
    found = drawn(sheet, "calls | 2026-01-15 | 3000000", one(8000000, "0.8"), CALLS)

    expect(
        sheet,
        found.draws,
        "kind | commit_id | service_on | booked_on | gross_minor | net_minor\n"
        "drawdown | pool | 2026-01 | 2026-01 | 3000000 | 2400000",
    )
    expect(sheet, found.balances, "commit_id | balance_minor\npool | 5600000")


def test_a_commit_that_runs_dry_covers_what_its_rest_pays(sheet: Sheet):
    """16,000 at 20 percent off cover 20,000 of 40,000."""
    found = drawn(sheet, "calls | 2026-01-15 | 4000000", one(1600000, "0.8"), CALLS)

    expect(
        sheet,
        found.draws,
        "kind | commit_id | gross_minor | net_minor\ndrawdown | pool | 2000000 | 1600000\noverage | pool | 2000000 | 2000000",
    )
    expect(
        sheet,
        found.steps,
        "month_on | before_minor | after_minor | net_minor | covered_minor\n2026-01 | 1600000 | 0 | 1600000 | 2000000",
    )


@pytest.mark.parametrize(
    ("granted", "keep", "gross", "net", "covered"),
    [
        (100, "0.8", 1, 1, 1),  # round(0.8)
        (100, "0.5", 1, 1, 1),  # round(0.5), away from zero
        (100, "0.333333333333", 1, 0, 1),  # nothing is taken, and yet it is covered
        (5, "0.333333333333", 100, 5, 15),  # round(5 / 0.333...)
        (100, "0", 700, 0, 700),  # free of charge
        (0, "0.8", 700, 0, 0),
    ],
)
def test_one_rounding_per_month(sheet: Sheet, granted: int, keep: str, gross: int, net: int, covered: int):
    found = rows(sheet, drawn(sheet, f"calls | 2026-01-15 | {gross}", one(granted, keep), CALLS).draws)
    by_kind = {row["kind"]: (row["gross_minor"], row["net_minor"]) for row in found}

    assert by_kind.get("drawdown", (0, 0)) == (covered, net)
    assert by_kind.get("overage", (0, 0)) == (gross - covered, gross - covered)


def test_balances_are_handed_on_from_month_to_month(sheet: Sheet):
    demand = "calls | 2026-01-15 | 600\ncalls | 2026-02-15 | 600\ncalls | 2026-03-15 | 600"
    found = drawn(sheet, demand, one(1000), CALLS)

    expect(
        sheet,
        found.draws,
        "kind | service_on | net_minor\n"
        "drawdown | 2026-01 | 600\ndrawdown | 2026-02 | 400\noverage | 2026-02 | 200\noverage | 2026-03 | 600",
    )


def test_a_top_up_counts_for_its_month_and_never_for_an_earlier_one(sheet: Sheet):
    demand = "calls | 2026-01-15 | 600\ncalls | 2026-02-15 | 600"
    found = drawn(sheet, demand, one(400), CALLS, grants="pool | 2026-02 | 1000")

    expect(
        sheet,
        found.draws,
        "kind | service_on | net_minor\ndrawdown | 2026-01 | 400\noverage | 2026-01 | 200\ndrawdown | 2026-02 | 600",
    )
    expect(sheet, found.balances, "balance_minor\n400")


# ── days and order ───────────────────────────────────────────────────────────────────────────


def test_a_commit_is_valid_from_its_first_day_to_the_day_before_its_end(sheet: Sheet):
    commits = "commit_id | granted_minor | starts_on | ends_before\npool | 1000 | 2026-01-10 | 2026-01-20"
    demand = "calls | 2026-01-09 | 1\ncalls | 2026-01-10 | 2\ncalls | 2026-01-19 | 4\ncalls | 2026-01-20 | 8"
    found = drawn(sheet, demand, commits, CALLS)

    # before any commit has started it is pay as you go, after the only one has ended it is overage
    expect(sheet, found.draws, "kind | commit_id | gross_minor\nusage | - | 1\ndrawdown | pool | 6\noverage | pool | 8")


def test_commits_are_taken_by_rank(sheet: Sheet):
    commits = "commit_id | granted_minor | rank | keep\nfirst | 100 | 1 | 1\nsecond | 80 | 2 | 0.8"
    eligible = "item_id | commit_id | rank\ncalls | first | 1\ncalls | second | 2"
    found = drawn(sheet, "calls | 2026-01-15 | 230", commits, eligible)

    expect(
        sheet,
        found.draws,
        "kind | commit_id | gross_minor | net_minor\n"
        "drawdown | first | 100 | 100\ndrawdown | second | 100 | 80\noverage | first | 30 | 30",
    )


def test_the_day_decides_who_is_covered_when_a_commit_runs_short(sheet: Sheet):
    """Then the stream: `calls` before `other` on one day, and one of them in part."""
    eligible = "item_id | commit_id\ncalls | pool\nother | pool"
    demand = "calls | 2026-01-15 | 50\nother | 2026-01-14 | 40\nother | 2026-01-15 | 30\ncalls | 2026-01-16 | 20"
    found = drawn(sheet, demand, one(110), eligible)

    expect(
        sheet,
        found.draws,
        "item_id | kind | gross_minor\n"
        "other | drawdown | 60\ncalls | drawdown | 50\nother | overage | 10\ncalls | overage | 20",
    )


def test_the_net_of_a_month_is_split_by_cover(sheet: Sheet):
    """Three cents at a third off are two: split by largest remainder, ties by item."""
    eligible = "item_id | commit_id\ncalls | pool\nother | pool"
    found = drawn(sheet, "calls | 2026-01-15 | 1\nother | 2026-01-15 | 1", one(100, "0.25"), eligible)

    expect(sheet, found.draws, "item_id | gross_minor | net_minor\ncalls | 1 | 1\nother | 1 | 0")


def test_an_item_without_any_commit_pays_as_it_goes(sheet: Sheet):
    found = drawn(sheet, "other | 2026-01-15 | 50", one(100), CALLS)

    expect(sheet, found.draws, "item_id | kind | commit_id | net_minor\nother | usage | - | 50")
    expect(sheet, found.balances, "balance_minor\n100")


# ── closed months ────────────────────────────────────────────────────────────────────────────

JANUARY = "calls | pool | drawdown | 2026-01 | 600 | 600 | 2026-01"


def test_what_is_posted_is_not_posted_again(sheet: Sheet):
    found = drawn(sheet, "calls | 2026-01-15 | 600", one(1000), CALLS, open_on="2026-02", draws=JANUARY)

    expect(sheet, found.draws, "service_on | booked_on | net_minor\n2026-01 | 2026-01 | 600")
    expect(sheet, found.balances, "balance_minor\n400")


def test_late_usage_draws_what_is_left_and_comes_before_the_open_month(sheet: Sheet):
    demand = "calls | 2026-01-15 | 900\ncalls | 2026-02-15 | 500"
    found = drawn(sheet, demand, one(1000), CALLS, open_on="2026-02", draws=JANUARY)

    expect(
        sheet,
        found.draws,
        "kind | service_on | booked_on | gross_minor\n"
        "drawdown | 2026-01 | 2026-01 | 600\n"
        "drawdown | 2026-01 | 2026-02 | 300\n"
        "drawdown | 2026-02 | 2026-02 | 100\n"
        "overage | 2026-02 | 2026-02 | 400",
    )


def test_late_usage_beyond_what_is_left_is_overage_of_its_month(sheet: Sheet):
    posted = f"{JANUARY}\ncalls | pool | drawdown | 2026-02 | 300 | 300 | 2026-02"
    demand = "calls | 2026-01-15 | 900\ncalls | 2026-02-15 | 300"
    found = drawn(sheet, demand, one(1000), CALLS, open_on="2026-03", draws=posted)

    expect(
        sheet,
        found.draws,
        "kind | service_on | booked_on | gross_minor\n"
        "drawdown | 2026-01 | 2026-01 | 600\n"
        "drawdown | 2026-02 | 2026-02 | 300\n"
        "drawdown | 2026-01 | 2026-03 | 100\n"
        "overage | 2026-01 | 2026-03 | 200",
    )
    expect(sheet, found.balances, "balance_minor\n0")


def test_a_void_gives_back(sheet: Sheet):
    found = drawn(sheet, "calls | 2026-01-15 | 250", one(1000), CALLS, open_on="2026-02", draws=JANUARY)

    expect(
        sheet,
        found.draws,
        "kind | service_on | booked_on | gross_minor\n"
        "drawdown | 2026-01 | 2026-01 | 600\ndrawdown | 2026-01 | 2026-02 | -350",
    )
    expect(sheet, found.balances, "balance_minor\n750")


def test_an_adjustment_undoes_overage_first(sheet: Sheet):
    posted = f"{JANUARY}\ncalls | pool | overage | 2026-01 | 100 | 100 | 2026-01"
    found = drawn(
        sheet,
        "calls | 2026-01-15 | 700",
        one(600),
        CALLS,
        open_on="2026-02",
        draws=posted,
        adjustments="pool | 2026-01 | 2026-01-01 | 2026-02 | 2026-02-05 | -150",
    )

    expect(
        sheet,
        found.draws,
        "kind | booked_on | adjusted_on | gross_minor\n"
        "drawdown | 2026-01 | 0001-01-01 | 600\noverage | 2026-01 | 0001-01-01 | 100\n"
        "drawdown | 2026-02 | 2026-02-05 | -50\noverage | 2026-02 | 2026-02-05 | -100",
    )
    expect(sheet, found.balances, "balance_minor\n50")


# ── breakage ─────────────────────────────────────────────────────────────────────────────────

ENDING = "commit_id | granted_minor | ends_before | expires\npool | 1000 | 2026-02-16 | yes"


def test_what_is_left_lapses_on_the_last_day(sheet: Sheet):
    found = drawn(sheet, "calls | 2026-01-15 | 300\ncalls | 2026-02-10 | 100", ENDING, CALLS)

    expect(sheet, found.breakage, "kind | booked_on | on | amount_minor\nbreakage | 2026-02 | 2026-02-15 | 600")


@pytest.mark.parametrize(
    ("commits", "demand"),
    [
        (ENDING, "calls | 2026-01-15 | 1000"),  # used up
        (one(1000), "calls | 2026-01-15 | 300"),  # without an end
        ("commit_id | granted_minor | ends_before | expires\npool | 1000 | 2026-02-16 | no", "calls | 2026-01-15 | 1"),
    ],
)
def test_nothing_lapses_where_nothing_is_left_or_nothing_ends(sheet: Sheet, commits: str, demand: str):
    assert rows(sheet, drawn(sheet, demand, commits, CALLS).breakage) == []


def test_late_usage_of_a_lapsed_commit_moves_its_breakage(sheet: Sheet):
    found = drawn(
        sheet,
        "calls | 2026-01-15 | 900",
        ENDING,
        CALLS,
        open_on="2026-03",
        draws=JANUARY,
        breakage="pool | 2026-02 | 400",
    )

    expect(
        sheet,
        found.draws,
        "kind | service_on | booked_on | net_minor\ndrawdown | 2026-01 | 2026-01 | 600\ndrawdown | 2026-01 | 2026-03 | 300",
    )
    expect(sheet, found.breakage, "booked_on | amount_minor\n2026-03 | -300")


def test_late_usage_of_a_lapsed_commit_beyond_its_breakage_is_discount(sheet: Sheet):
    found = drawn(
        sheet,
        "calls | 2026-01-15 | 1100",
        ENDING,
        CALLS,
        open_on="2026-03",
        draws=JANUARY,
        breakage="pool | 2026-02 | 400",
    )

    expect(
        sheet,
        found.draws,
        "kind | booked_on | gross_minor | net_minor\n"
        "drawdown | 2026-01 | 600 | 600\ndrawdown | 2026-03 | 400 | 400\ndiscount | 2026-03 | 100 | 0",
    )
    expect(sheet, found.breakage, "booked_on | amount_minor\n2026-03 | -400")


def test_proportional_breakage_follows_use_and_never_exceeds_the_price(sheet: Sheet):
    """Ten percent will lapse: 450 drawn are half of what will be used, so half of the price is earned."""
    found = drawn(
        sheet,
        "calls | 2026-01-15 | 450\ncalls | 2026-02-10 | 500\ncalls | 2026-03-10 | 20",
        one(1000),
        CALLS,
        estimates="pool | 0001-01 | 0.9",
        policy=Policy(breakage="proportional"),
    )

    expect(
        sheet,
        found.breakage,
        "booked_on | on | amount_minor\n2026-01 | 2026-01-31 | 50\n2026-03 | 2026-03-31 | -20",
    )


def test_a_rest_that_is_owed_back_is_not_breakage(sheet: Sheet):
    found = drawn(sheet, "calls | 2026-01-15 | 300", ENDING, CALLS, policy=Policy(breakage="none"))

    assert [(row["kind"] == "breakage", row["amount_minor"]) for row in rows(sheet, found.breakage)] == [(False, 700)]


# ── demand ───────────────────────────────────────────────────────────────────────────────────

RATED = "item_id | month_on | amount_minor"


def demanded(sheet: Sheet, rated: str, days: str, **item: Any) -> Stored:
    return sheet.run(
        demands,
        table(sheet, "rated", tables.RATED, f"{RATED}\n{rated}", contract_id="acme", quantity_e12=0),
        table(
            sheet,
            "metered_days",
            tables.METERED,
            f"item_id | month_on | used_on | quantity | amount\n{days}",
            records=1,
        ),
        make.items(sheet, **{"draws": True, **item}),
        make.months(sheet, "2026-01", "2026-02"),
    )


def test_a_month_is_spread_over_its_days_and_nothing_is_lost(sheet: Sheet):
    found = demanded(
        sheet,
        "calls | 2026-01 | 100",
        "calls | 2026-01 | 2026-01-03 | 1 | 0\ncalls | 2026-01 | 2026-01-02 | 1 | 0\ncalls | 2026-01 | 2026-01-01 | 1 | 0",
    )

    expect(sheet, found, "used_on | gross_minor\n2026-01-01 | 34\n2026-01-02 | 33\n2026-01-03 | 33")


@pytest.mark.parametrize(
    ("item", "day"),
    [
        ({"pricing_model": "fixed_fee"}, "2026-01-31"),
        ({"pricing_model": "fixed_fee", "ends_before": date(2026, 1, 20)}, "2026-01-19"),
        ({"pricing_model": "unit_based"}, "2026-01-01"),  # a month that is not looked at by day
    ],
)
def test_a_fixed_fee_asks_on_its_last_active_day(sheet: Sheet, item: dict[str, Any], day: str):
    expect(sheet, demanded(sheet, "calls | 2026-01 | 100", "", **item), f"used_on | gross_minor\n{day} | 100")


def test_items_that_do_not_draw_ask_for_nothing(sheet: Sheet):
    assert rows(sheet, demanded(sheet, "calls | 2026-01 | 100", "", draws=False)) == []
