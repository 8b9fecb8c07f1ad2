"""Outside judges: beancount and hledger load what is exported, and agree with the trial balance."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data
from beancount.core.realization import compute_balance, iter_children, realize

from ratable_server.exports import JournalLine, export_journal
from tests.exports.journals import BOOKS, MONTH, balances, line

SHARP = [
    *MONTH,
    line("x1", "cash", 10**15 + 1, customer='A "quoted"; name, with | signs\nand a break', memo="=1+1\tBackslash \\"),
    line("x1", "revenue", -(10**15) - 1, product="[odd] (class)", customer_name='"Odd", & Sons: |; 1 {a}'),
    line("j1", "cash", 500, currency="JPY"),
    line("j1", "opening_balance", -500, currency="JPY"),
    line("k1", "cash", 1234567, currency="KWD"),
    line("k1", "refund_liability", -1234567, currency="KWD"),
]
CHOICES = pytest.mark.parametrize("detailed", [False, True], ids=["summarised", "detailed"])
STORIES = pytest.mark.parametrize("lines", [MONTH, SHARP], ids=["month", "sharp"])


def exported(lines: list[JournalLine], format: str, *, detailed: bool) -> str:
    (file,) = export_journal(lines, BOOKS, format=format, detailed=detailed)
    return file.content.decode()


@CHOICES
@STORIES
def test_beancount_loads_the_export_without_an_error_and_agrees(lines: list[JournalLine], *, detailed: bool):
    directives, errors, _ = loader.load_string(exported(lines, "beancount", detailed=detailed))

    assert errors == []
    found = {}
    for account in iter_children(realize(directives), leaf_only=True):
        for position in compute_balance(account, leaf_only=True):
            found[account.account, position.units.currency] = position.units.number
    assert found == balances(lines)


@CHOICES
def test_beancount_keeps_the_ids_and_who_bought_what(*, detailed: bool):
    directives, _, _ = loader.load_string(exported(MONTH, "beancount", detailed=detailed))
    transactions = [one for one in directives if isinstance(one, data.Transaction)]

    assert {link for one in transactions for link in one.links} == {
        id for file in export_journal(MONTH, BOOKS, format="csv", detailed=detailed) for id in file.entry_ids
    }
    classes = {(posting.meta or {}).get("class") for one in transactions for posting in one.postings}
    assert classes == {None, "calls", "storage"}


def test_two_months_can_be_included_in_one_ledger(tmp_path: Path):
    text = exported(MONTH, "beancount", detailed=True)
    for name in ("january", "february"):
        (tmp_path / f"{name}.beancount").write_text(text, encoding="utf-8")
    main = tmp_path / "main.beancount"
    main.write_text(
        'plugin "beancount.plugins.auto_accounts"\ninclude "january.beancount"\ninclude "february.beancount"\n',
        encoding="utf-8",
    )

    _, errors, _ = loader.load_file(str(main))

    assert errors == []


@CHOICES
@STORIES
def test_hledger_balances_the_export_and_agrees(lines: list[JournalLine], tmp_path: Path, *, detailed: bool):
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("hledger is not installed (Debian and Ubuntu: apt-get install hledger)")
    file = tmp_path / "march.journal"
    file.write_text(exported(lines, "hledger", detailed=detailed), encoding="utf-8")
    environment = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}

    def ask(*words: str) -> str:
        done = subprocess.run(
            [hledger, "-f", str(file), *words], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    ask("check", "--strict")
    told = csv.DictReader(io.StringIO(ask("balance", "--flat", "--layout=bare", "--no-total", "-O", "csv")))
    found = {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in told if Decimal(row["balance"])}
    assert found == balances(lines)
