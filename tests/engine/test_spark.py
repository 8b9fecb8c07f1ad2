"""Spark gives the same tables as DuckDB, to the last digit, and what the stories expect.

The stage tests run on Spark too, by RATABLE_BACKEND=spark (see the Makefile); here whole stories do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ratable.backends import Sheet, connect
from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import read_case

pytest.importorskip("pyspark")
pytestmark = pytest.mark.spark

GOLDEN = Path(__file__).parents[1] / "golden"
# Between them: rank and cascade, addressed usage, a closed month split again, credit memos, tiers and packages, bundles,
# minimums, schedules, untargeted invoices, half-even and currencies without cents; then
# groups, the highest day, records priced by themselves, carried prices, rounded quantities, overage, rollover and units.
STORIES = (
    "chain/prepaid-chain.yaml",
    "chain/adjustment-of-one-commit.yaml",
    "drawdown/cascade.yaml",
    "drawdown/mid-month.yaml",
    "allocation/currencies.yaml",
    "corrections/credit-memo-overtaken.yaml",
    "corrections/late-usage-living-commit.yaml",
    "journal/untargeted-invoice.yaml",
    "minimums/monthly-quantity.yaml",
    "rating/tiers-and-overrides.yaml",
    "recognition/time-zone.yaml",
    "rejections/duplicates.yaml",
    "rounding/half-even.yaml",
    "rating/high-water-mark.yaml",
    "rating/rounded-quantities.yaml",
    "rating/tiered-with-overage.yaml",
    "rating/zuora-group-by-upload.yaml",
    "rating/zuora-individual-tiered.yaml",
    "rating/zuora-pre-rated.yaml",
    "drawdown/units-of-several-items.yaml",
    "drawdown/zuora-rollover.yaml",
)


@pytest.fixture(scope="module")
def duck() -> Iterator[Sheet]:
    sheet = connect(is_small=True)
    yield sheet
    sheet.backend.close()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_the_same_on_spark(story: str, spark: Sheet, duck: Sheet):
    case = read_case(GOLDEN / story)
    here, there = play(case, duck), play(case, spark)

    assert judge(case, there).ok
    for name, table in here.stage_tables().items():
        other = there.stage_tables()[name]
        assert other.schema.equals(table.schema), name
        assert sorted(map(repr, other.to_pylist())) == sorted(map(repr, table.to_pylist())), name
