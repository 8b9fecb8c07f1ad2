"""The order in which workers take files: the longest first, so that none is left with one while the others are done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, TypeVar

TESTS = Path(__file__).resolve().parent
# Those of ten seconds or more on a quiet machine, about in this order.
LONGEST = (
    "server/test_golden_books.py",
    "engine/test_golden.py",
    "engine/laws/test_laws.py",
    "engine/laws/test_oracle_agrees.py",
    "server/load/test_terms.py",
    "wire/test_invoices.py",
    "wire/test_voids_of_open_months.py",
    "server/crash/test_processes.py",
    "server/demo/test_demo.py",
    "server/cli/test_commands.py",
    "wire/zuora/test_sdk.py",
    "wire/test_schemathesis.py",
    "server/queries/test_explanations.py",
    "server/concurrency/test_balances.py",
    "server/concurrency/test_closing.py",
    "server/demo/test_command.py",
    "wire/native/test_native_crash.py",
    "server/queries/test_knowledge.py",
    "server/cli/test_closing.py",
    "server/usage/test_bench.py",
    "server/cli/test_amending.py",
    "server/concurrency/test_register_deletions.py",
    "wire/test_changed_commits.py",
    "wire/test_consumption.py",
    "server/crash/test_zuora.py",
    "wire/test_generated_client.py",
    "wire/native/test_native_story.py",
    "server/cli/test_checking.py",
    "wire/test_journal_entries.py",
    "wire/test_lists.py",
    "server/concurrency/test_catalog_deletions.py",
    "server/crash/test_server.py",
    "wire/test_adjustments.py",
    "wire/test_terminations.py",
    "wire/test_invoices_of_usage.py",
    "wire/test_credit_memos.py",
    "server/queries/test_reports.py",
    "server/queries/test_computed.py",
    "wire/zuora/test_zuora_schemathesis.py",
    "wire/test_at_once.py",
    "wire/test_minimum_quantities.py",
    "wire/test_flow.py",
    "server/test_stories_in_books.py",
    "wire/native/test_native_live.py",
)


class Placed(Protocol):
    """What has a file."""

    @property
    def path(self) -> Path: ...


Item = TypeVar("Item", bound=Placed)


def longest_first(items: list[Item]) -> None:
    """Put the tests of the longest files before all others; else the order stays."""
    place = {os.fspath(TESTS / name): number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(os.fspath(item.path), len(place)))
