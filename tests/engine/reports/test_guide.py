"""The guide to the reports says what the catalogue says, column by column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ratable.reports import CATALOGUE, Report

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "reports.md").read_text(encoding="utf-8")
UNITS = {
    "minor": "amount",
    "exact": "exact number",
    "id": "id",
    "word": "word",
    "month": "month",
    "day": "day",
    "instant": "instant, UTC",
    "count": "count",
    "flag": "yes or no",
}


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    return GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(report: Report) -> list[str]:
    return [
        f"| `{column.name.removesuffix('_minor')}` | {UNITS[column.unit]} | {column.meaning} |"
        for column in report.columns
    ]


@pytest.mark.parametrize("report", CATALOGUE.values(), ids=lambda report: report.name)
def test_the_guide_defines_every_column_as_the_catalogue_does(report: Report):
    text = section(report.title)

    assert f"`{report.name}`: {report.about}" in text
    assert re.findall(r"(?m)^\| `.*\|$", text) == table(report)


def test_the_guide_lists_the_reports_in_order():
    listed = re.findall(r"(?m)^\| \[`(\w+)`\]\(#([\w-]+)\) \|", GUIDE)

    assert [name for name, _ in listed] == list(CATALOGUE)
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"(?m)^## (.*)$", GUIDE)}
    assert {anchor for _, anchor in listed} <= headings
