"""The commands of the books, as processes: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from ratable_server.queries.health import Finding, health
from ratable_server.store import places
from tests.server.conftest import as_superuser, wait_for_fsync

Ended = subprocess.CompletedProcess[str]


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "RATABLE_HOME": str(home)}
    command = [sys.executable, "-m", "ratable", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def ratable(home: Path, *arguments: str) -> Ended:
    return end(start(home, *arguments))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder with a server of its own, that a test may stop and kill."""
    folder = Path(tempfile.mkdtemp(prefix="ratable-"))
    yield folder
    ratable(folder, "stop")
    shutil.rmtree(folder, ignore_errors=True)


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])


def test_the_life_of_an_embedded_database(home: Path):
    """One story in one test: each step needs the one before, and a database of its own takes seconds to make."""
    before = ratable(home, "doctor", "--json")
    assert before.returncode == 1
    assert json.loads(before.stdout)[0]["mend"] == "run `ratable init`"

    # Two processes at once start one server, and found one tenant.
    both = [end(process) for process in [start(home, "init", "--json") for _ in range(2)]]
    assert sorted(done.returncode for done in both) == [0, 0], [done.stderr for done in both]
    first = postmaster(home)
    again = ratable(home, "init", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == {
        "place": str(home / "postgres"),
        "is_new_database": False,
        "migrations": [],
        "tenant": "main",
        "is_new_tenant": False,
    }
    assert postmaster(home) == first
    assert (home / "postgres").stat().st_mode & 0o777 == 0o700
    assert not list(home.glob("*.sock"))

    healthy = ratable(home, "doctor")
    assert healthy.returncode == 0, healthy.stdout
    sealed = ratable(home, "verify", "--seal", "--json")
    assert sealed.returncode == 0, sealed.stderr
    assert [(check["check"], check["rows"]) for check in json.loads(sealed.stdout)][:2] == [
        ("audit_chain", 1),
        ("audit_unsealed_tail", 0),
    ]
    unknown = ratable(home, "verify", "--tenant", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("refused: tenant_must_be_known: --tenant: nobody")

    # Killed (A2), it is started again by the next command that needs it, and nothing is lost.
    os.kill(first, signal.SIGKILL)
    after = ratable(home, "verify", "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)[0]["rows"] == 1
    assert postmaster(home) != first

    assert json.loads(ratable(home, "stop", "--json").stdout) == {"stopped": True}
    assert not (home / "postgres" / "postmaster.pid").exists()
    assert json.loads(ratable(home, "stop", "--json").stdout) == {"stopped": False}


def test_a_process_that_goes_on_starts_a_stopped_server_again(home: Path):
    """A web server outlives `ratable stop` of somebody else."""
    probe = (
        "import django; django.setup();"
        "from ratable_server.store import embedded;"
        "embedded.start(); assert embedded.stop(); embedded.start(); embedded.start();"
        "print(embedded.stop(), embedded.stop())"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "RATABLE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True False"), done.stderr


def test_a_folder_that_is_too_deep_for_a_socket_is_told(tmp_path: Path):
    deep = tmp_path / ("d" * 100)
    done = ratable(deep, "init")
    assert done.returncode == 3
    assert "name a shorter folder in RATABLE_HOME" in done.stderr
    assert not deep.exists()


def test_a_folder_whose_name_is_no_text_is_told(tmp_path: Path):
    odd = tmp_path / os.fsdecode(b"books\xff")
    done = ratable(odd, "init")
    assert done.returncode == 3
    assert done.stderr == (
        f"the database does not answer: {str(odd / 'postgres')!r} is no UTF-8; name another folder in RATABLE_HOME;"
        " `ratable doctor` looks for the reason\n"
    )
    looked = ratable(odd, "doctor")
    assert (looked.returncode, looked.stderr) == (1, "")
    assert "is no UTF-8; name another folder in RATABLE_HOME" in looked.stdout
    assert "run `ratable init` once RATABLE_HOME names such a folder" in " ".join(looked.stdout.split())
    assert not odd.exists()


def test_commands_are_there_without_a_database():
    done = subprocess.run([sys.executable, "-m", "ratable", "--help"], capture_output=True, text=True, check=True)
    for name in ("check", "init", "doctor", "stop", "verify"):
        assert f" {name} " in done.stdout


# ── doctor ───────────────────────────────────────────────────────────────────────────────────


def wrong() -> dict[str, Finding]:
    return {finding.check: finding for finding in health() if not finding.is_fine}


def test_doctor_finds_nothing_where_nothing_is_wrong(own_database: str, synced: None):
    assert wrong() == {}
    assert all(not finding.mend for finding in health())


def test_doctor_finds_a_server_that_does_not_wait_for_the_disk(own_database: str):
    wait_for_fsync("off")
    found = wrong()
    assert list(found) == ["fsync"]
    assert found["fsync"].mend.endswith("ALTER SYSTEM SET fsync = on; then SELECT pg_reload_conf()")


def test_doctor_finds_a_pending_migration(own_database: str, synced: None):
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations) RETURNING app || '.' || name"
        )
        (name,) = cursor.fetchone()
    found = wrong()
    assert list(found) == ["pending_migrations"]
    assert (found["pending_migrations"].detail, found["pending_migrations"].mend) == (
        name,
        "run `ratable init`",
    )


@pytest.mark.parametrize(
    ("statement", "check", "told"),
    [
        ("ALTER DATABASE {} SET synchronous_commit = off", "synchronous_commit", "RESET synchronous_commit"),
        ("ALTER TABLE customer NO FORCE ROW LEVEL SECURITY", "row_level_security", "FORCE ROW LEVEL SECURITY"),
        ("GRANT UPDATE ON journal_line TO ratable_app", "application_rights", "run `ratable init`"),
        ("ALTER TABLE customer OWNER TO ratable_app", "application_role", "name another role"),
    ],
)
def test_doctor_finds_what_is_unsafe_and_says_how_to_mend_it(own_database: str, statement: str, check: str, told: str):
    with as_superuser(own_database) as connection:
        connection.execute(statement.format(own_database).encode())
    connections.close_all()
    found = wrong()
    assert check in found
    assert told in found[check].mend


def test_doctor_finds_a_role_that_sees_every_tenant(own_database: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(connections["default"].settings_dict, "USER", places.SUPERUSER)
    connections.close_all()
    found = wrong()["application_role"]
    assert "it is a superuser, it bypasses row-level security" in found.detail
    connections.close_all()


def test_doctor_tells_a_database_that_does_not_answer(own_database: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", "nowhere")
    connections.close_all()
    found = health()
    assert [finding.check for finding in found] == ["database_answers"]
    assert 'database "nowhere" does not exist' in found[0].detail
    connections.close_all()


# ── a server of one's own ────────────────────────────────────────────────────────────────────


def test_urls_name_a_server_and_both_roles(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RATABLE_DATABASE_URL", "postgresql://app:s3cret@db.example/books?sslmode=require")
    found = places.databases()
    assert list(found) == ["default"]
    assert not places.is_embedded()
    shown: dict[str, Any] = {name: found["default"][name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert shown == {"NAME": "books", "USER": "app", "PASSWORD": "s3cret", "HOST": "db.example", "PORT": ""}
    assert found["default"]["OPTIONS"]["sslmode"] == "require"
    assert "-c TimeZone=UTC" in found["default"]["OPTIONS"]["options"]
    monkeypatch.setenv("RATABLE_DATABASE_OWNER_URL", "postgresql://owner@db.example/books")
    assert places.databases()["owner"]["USER"] == "owner"


def test_connections_are_in_utc_and_patient_within_limits(books: None):
    options = connections["default"].settings_dict["OPTIONS"]["options"]
    with psycopg.connect(
        dbname=places.DATABASE, user=places.APPLICATION, host=str(places.cluster()), options=options
    ) as connection:
        shown = [
            connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("TimeZone", "lock_timeout", "statement_timeout")
        ]
    assert shown == [("UTC",), ("10s",), ("5min",)]
