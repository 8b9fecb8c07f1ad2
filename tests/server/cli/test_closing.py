"""The month-end close from the command line: draft, look, close, reopen, and what is refused."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratable.cases.records import Usage
from ratable_server.actor import Actor
from ratable_server.cli.starting import user_name
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.store.models import JournalLine, Tenant, UsageImport, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import DONE, REFUSED, Command
from tests.server.conftest import AT
from tests.server.stories import DECEMBER, company, fill, use


@pytest.fixture
def ratable(actor: Actor, tmp_path: Path) -> Command:
    """The command line over books that are ready for their first close."""
    fill(actor, company(tmp_path, closed_through=DECEMBER))
    return Command(actor)


def posted(actor: Actor) -> int:
    with books_of(actor):
        return rows_of(actor, JournalLine).count()


def accounts(told: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        tuple(row[name] for name in ("currency", "account", "debit", "credit", "closing")) for row in told["accounts"]
    ]


def test_a_month_is_drafted_looked_at_and_closed(ratable: Command):
    drafted = ratable.json("draft", "2026-01")
    run = drafted["run"]

    assert drafted["obstacles"] == []
    assert drafted["rows"] == {
        "rejected": 0, "rated": 4, "draws": 1, "demands": 2, "breakage": 0, "allocated": 2, "revenue": 3, "applied": 0,
        "journal": 10,
    }  # fmt: skip
    assert accounts(drafted) == [
        ("EUR", "revenue", "0.00", "50.00", "-50.00"),
        ("EUR", "unbilled_revenue", "50.00", "0.00", "50.00"),
        ("USD", "accounts_receivable", "1000.00", "1000.00", "0.00"),
        ("USD", "cash", "1000.00", "0.00", "1000.00"),
        ("USD", "contract_liability", "945.00", "1000.00", "-55.00"),
        ("USD", "revenue", "0.00", "1255.00", "-1255.00"),
        ("USD", "unbilled_revenue", "310.00", "0.00", "310.00"),
    ]
    assert posted(ratable.actor) == 0

    closed = ratable.json("close", "2026-01", "--run", str(run))
    assert (closed["version"], closed["run"], accounts(closed)) == (1, run, accounts(drafted))
    assert posted(ratable.actor) == 10

    chain, tail, *_ = ratable.json("verify")
    assert (chain["is_sound"], chain["rows"] > 0, tail["rows"]) == (True, True, 0)  # the close has sealed the audit

    (january, february) = ratable.json("periods")
    assert (january["month_on"], january["status"], january["version"]) == ("2026-01", "closed", 1)
    assert [(one["run_id"], one["status"]) for one in january["runs"]] == [(run, "posted")]
    assert (february["month_on"], february["status"], february["runs"]) == ("2026-02", "open", [])


def test_what_people_are_shown(ratable: Command):
    drafted = ratable("draft", "2026-01")
    assert drafted.exit_code == DONE
    lines = drafted.stdout.splitlines()
    assert lines[0].startswith("run ")
    assert "  journal              10 rows" in lines
    assert "What 2026-01 comes to" in drafted.stdout
    assert "1,255.00" in drafted.stdout
    assert lines[-1].startswith("nothing stands in the way; `ratable close 2026-01 --run ")

    closed = ratable("close", "2026-01")
    assert closed.exit_code == DONE
    assert "2026-01 is closed, version 1, by run " in closed.stdout.splitlines()[-1]
    assert [line.split()[:3] for line in ratable("periods").stdout.splitlines()[1:]] == [
        ["2026-01", "closed", "1"],
        ["2026-02", "open"],
    ]


def test_a_dry_run_is_a_draft(ratable: Command):
    told = ratable.json("close", "2026-01", "--dry-run")

    assert told["obstacles"] == []
    assert posted(ratable.actor) == 0
    (january,) = ratable.json("periods")
    assert (january["status"], [run["status"] for run in january["runs"]]) == ("in_review", ["draft"])
    (shown,) = ratable.rows("close_status")
    assert (shown["status"], shown["version"], shown["closed_by"]) == ("in_review", 0, "")
    assert ratable("discard", str(told["run"])).exit_code == DONE
    assert [row["status"] for row in ratable.rows("close_status")] == ["open"]
    assert ratable.json("periods")[0]["status"] == "open"


def test_usage_of_a_contract_that_was_ended_since_is_shown_and_settled_before_the_close(ratable: Command):
    """500 calls of Bolt on its last day, 50.00 EUR; then it turns out that the contract had ended the day before."""
    actor = ratable.actor
    ended = ContractTermination(contract="bolt", on=date(2026, 1, 30))
    terminate_contract(actor=actor, termination=ended, at=AT)

    drafted = ratable.json("draft", "2026-01")
    (rejected,) = ratable.json("rejections")
    told = [rejected[name] for name in ("event_id", "stream", "code", "value", "run_id")]
    settled = [str(rejected["import_code"]), str(rejected["row"])]
    run = str(drafted["run"])

    assert drafted["rows"]["rejected"] == 1
    assert [row["currency"] for row in drafted["accounts"] if row["currency"] == "EUR"] == []
    (obstacle,) = drafted["obstacles"]
    assert "usage_must_fall_in_contract: 500 of bolt-calls in 2026-01;" in obstacle["detail"]
    assert told == ["jan-3", "bolt-calls", "usage_must_fall_in_contract", "2026-01-31", drafted["run"]]
    refused = ratable("close", "2026-01", "--run", run)
    assert (refused.exit_code, posted(actor)) == (REFUSED, 0)
    assert "refused: rejections_must_be_resolved: run: run" in refused.output
    assert (
        "usage jan-3 of bolt-calls on 2026-01-31  500 units: rejected by"
        in ratable("explain", "jan-3", "--run", run).stdout
    )
    (row,) = ratable.rows("rejections", "--run", run)
    assert (row["usage_id"], row["is_blocking"], row["is_resolved"]) == ("jan-3", True, False)
    counted = [row for row in ratable.rows("completeness", "--run", run) if row["import_id"] == rejected["import_code"]]
    sides = [tuple(row[name] for name in ("unit", "left_value", "right_value", "difference")) for row in counted]
    assert sides == [("quantity", "500", "500", "0"), ("records", "1", "1", "0")]

    assert ratable("resolve", *settled, "--reason", "not billed").exit_code == DONE
    assert ratable("close", "2026-01", "--run", run).exit_code == DONE
    assert ratable.json("rejections") == []
    assert "set aside by" in ratable("explain", "jan-3").stdout


def test_everything_that_stands_in_the_way_is_printed(ratable: Command):
    actor = ratable.actor
    run = ratable.json("draft", "2026-01")["run"]
    use(actor, Usage(item="bolt-calls", used_on="2026-01-30", quantity="1", id="one-more"), AT.date())
    with books_of(actor):
        failed = UsageImport(tenant_id=actor.tenant_id, code="import-x", status="failed", recorded_at=AT)
        failed.save(force_insert=True)
        UsageRejection(tenant_id=actor.tenant_id, usage_import=failed, row=3, code="item_must_be_known").save()

    refused = ratable("close", "2026-01", "--run", str(run))
    assert refused.exit_code == REFUSED
    assert refused.stderr.splitlines() == [
        f"run {run} stays a draft: `ratable discard {run}` removes it",
        "refused: rejections_must_be_resolved: period: 1 rejected row of usage is open: item_must_be_known",
        "refused: run_must_be_current: run: learned since: usage_record",
    ]
    early = ratable("close", "2026-01")
    assert (early.exit_code, len(early.stderr.splitlines())) == (REFUSED, 1)
    shown = ratable("draft", "2026-01")
    assert shown.exit_code == DONE
    assert shown.stdout.splitlines()[-2:] == [
        "this stands in the way of the close:",
        "  rejections_must_be_resolved: 1 rejected row of usage is open: item_must_be_known",
    ]
    assert posted(actor) == 0


def test_two_people_close_where_the_tenant_wants_it(ratable: Command, monkeypatch: pytest.MonkeyPatch):
    assert ratable.json("two-person-close", "true") == {"two_person_close": True}
    refused = ratable("close", "2026-01")

    assert refused.exit_code == REFUSED
    assert "close_must_be_approved_by_another: actor: " in refused.stderr
    assert posted(ratable.actor) == 0

    (run,) = ratable.json("periods")[0]["runs"]
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):  # what anybody can set is nobody's name
        monkeypatch.setenv(name, "somebody-else")
    assert ratable("close", "2026-01", "--run", str(run["run_id"])).exit_code == REFUSED
    assert posted(ratable.actor) == 0

    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="somebody-else"))
    assert ratable.json("close", "2026-01", "--run", str(run["run_id"]))["version"] == 1
    assert ratable.json("periods")[0]["closed_by"] == "somebody-else"
    assert ratable.json("two-person-close", "false") == {"two_person_close": False}
    assert ratable.json("close", "2026-02")["version"] == 1


def test_a_user_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch):
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setenv("USER", "somebody-else")
    assert user_name() == f"uid-{os.getuid()}"


def test_a_posted_entry_is_reversed_in_the_open_month(ratable: Command):
    ratable.json("close", "2026-01")
    entry = "bolt/usage/bolt/usage/2026-01/2026-01/2026-01-31"

    done = ratable.json("reverse", entry, "--reason", "billed by hand", "--on", "2026-02-10")
    again = ratable("reverse", entry, "--reason", "twice")

    assert (done["entry"], done["on"], done["month"]) == (entry, "2026-02-10", "2026-02")
    assert again.stderr.startswith("refused: entry_must_not_be_reversed: entry: ")
    assert ratable("reverse", entry, "--reason", " ").exit_code == REFUSED
    ratable.json("close", "2026-02")
    rows = [row for row in ratable.rows("journal", "--period", "2026-02") if row["entry_id"] == done["reversed_by"]]
    assert [(row["account"], row["debit"], row["credit"]) for row in rows] == [
        ("revenue", "50.00", "0.00"),
        ("unbilled_revenue", "0.00", "50.00"),
    ]
    assert "reversal on 2026-02-10, as it was booked" in ratable("explain", done["reversed_by"]).stdout


def test_a_draft_is_discarded_once(ratable: Command):
    run = ratable.json("draft", "2026-01")["run"]

    assert ratable.json("discard", str(run)) == {"run": run, "status": "discarded"}
    again = ratable("discard", str(run))

    assert (again.exit_code, again.stderr) == (
        REFUSED,
        f"refused: run_must_be_a_draft: run: run {run} is discarded\n",
    )
    assert ratable("discard", "999999").stderr == "refused: run_must_be_known: run: 999999\n"


def test_a_closed_month_is_reopened_for_a_reason_and_closed_again(ratable: Command):
    ratable.json("close", "2026-01")
    assert ratable("reopen", "2026-01").exit_code == 2
    assert "reopening_must_have_a_reason" in ratable("reopen", "2026-01", "--reason", " ").stderr
    assert "period_must_be_closed" in ratable("reopen", "2026-02", "--reason", "x").stderr

    assert ratable.json("reopen", "2026-01", "--reason", "an invoice is missing") == {
        "month": "2026-01",
        "status": "open",
    }
    (january,) = ratable.json("periods")
    assert (january["status"], january["version"], january["reopened_for"]) == ("open", 1, "an invoice is missing")
    assert "reopened: an invoice is missing" in ratable("periods").stdout
    assert ratable.json("close", "2026-01")["version"] == 2


def test_a_month_is_written_as_a_month(ratable: Command):
    for wrong in ("2026-13", "March", "2026-03-01"):
        assert ratable("draft", wrong).exit_code == 2


def test_a_draft_in_the_background_is_shown_until_it_is_done(ratable: Command):
    """As processes: the command that starts it ends before the run does."""
    with books_of(ratable.actor):
        tenant = rows_of(ratable.actor, Tenant).get().code

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ratable", *arguments, "--tenant", tenant, "--json"]
        return subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)

    begun = run("draft", "2026-01", "--background")
    assert begun.returncode == DONE, begun.stderr
    number = json.loads(begun.stdout)["run"]
    for _ in range(1_500):
        (state,) = ratable.json("periods")[0]["runs"]
        assert (state["run_id"], state["status"] in {"computing", "draft"}) == (number, True)
        if state["status"] == "draft":
            break
        time.sleep(0.2)
    assert state["counts"]["journal"] == 10
    assert ratable.json("close", "2026-01", "--run", str(number))["version"] == 1

    refused = run("draft", "2026-01", "--background")
    assert (refused.returncode, refused.stdout) == (REFUSED, "")
    assert refused.stderr == "refused: period_must_be_open: period: 2026-01 is closed\n"
