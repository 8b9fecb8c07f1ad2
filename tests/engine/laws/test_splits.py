"""I23, I24: what is split by weights loses nothing, whatever its sign, its scale or the order of its parts."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratable.backends import Sheet, connect
from ratable.money import split_exact

ROWS = ibis.schema({"key": "string", "part": "string", "total_minor": "int64", "weight_e12": "decimal(38, 0)"})
splits = st.tuples(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=7).filter(any))
many = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return connect()


def shared(rows: ibis.Table) -> ibis.Table:
    return split_exact(
        rows, "share_minor", total="total_minor", weight="weight_e12", within=["key"], ties=["part"]
    ).select("key", "part", "share_minor")


def shares(sheet: Sheet, total: int, weights: dict[str, int]) -> dict[str, int]:
    """The shares of a total by the names of its parts."""
    rows = [
        {"key": "one", "part": part, "total_minor": total, "weight_e12": weight} for part, weight in weights.items()
    ]
    stored = sheet.run(shared, sheet.bind("splits", pa.Table.from_pylist(rows), ROWS))
    return {row["part"]: row["share_minor"] for row in sheet.fetch(stored).to_pylist()}


def named(weights: list[int]) -> dict[str, int]:
    return {f"p{place}": weight for place, weight in enumerate(weights)}


@many
@given(split=splits)
def test_shares_sum_to_the_total(sheet: Sheet, split: tuple[int, list[int]]):
    total, weights = split
    found = shares(sheet, total, named(weights))
    assert sum(found.values()) == total
    assert all(share * total >= 0 for share in found.values())
    assert all(found[part] == 0 for part, weight in named(weights).items() if weight == 0)


@many
@given(split=splits)
def test_signs_are_symmetric(sheet: Sheet, split: tuple[int, list[int]]):
    total, weights = split
    opposite = shares(sheet, -total, named(weights))
    assert shares(sheet, total, named(weights)) == {part: -share for part, share in opposite.items()}


@many
@given(split=splits, scale=st.integers(2, 10**6))
def test_the_scale_of_weights_does_not_matter(sheet: Sheet, split: tuple[int, list[int]], scale: int):
    total, weights = split
    assert shares(sheet, total, named(weights)) == shares(sheet, total, named([w * scale for w in weights]))


@many
@given(split=splits)
def test_the_order_of_parts_does_not_matter(sheet: Sheet, split: tuple[int, list[int]]):
    total, weights = split
    turned = dict(reversed(named(weights).items()))
    assert shares(sheet, total, named(weights)) == shares(sheet, total, turned)
