"""Zuora's own client, as it is published, drives the server that runs.

It lives in an environment of its own, made by `make .venv-sdk/.ready`, since its pins are not ours; `sdk_program.py` is
what runs there. It reads every answer without looking at types: what is told is compared here, as it was sent.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.oauth_clients import create_oauth_client
from ratable_server.operations.tenants import found_tenant
from ratable_server.queries.report_files import report_file
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports, counting
from tests.wire.serving import served_to_its_end

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-sdk" / "bin" / "python"
PATIENCE_SECONDS = 120
ID = re.compile(r"[0-9a-f]{32}")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="Zuora's client is not installed: make .venv-sdk/.ready"),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client made of an answer, and what was sent."""

    status: int
    error: str | None  # the exception that it raised
    data: Any  # what its model has
    kind: str  # the name of its model
    sent: Any  # the body
    told: dict[str, Any]  # the rest


class Sdk:
    """The program that holds the client."""

    def __init__(self, program: subprocess.Popen[str], port: int) -> None:
        self.program, self.port, self.token = program, port, ""

    def log_in(self, client_id: str, secret: str) -> str | None:
        """The token that it drew; None: none, and the client goes on without."""
        self.token = self._asked({"log_in": [client_id, secret]})["token"]
        return self.token

    def call(self, api: str, call: str, *args: Any, **options: Any) -> Answer:
        told = self._asked({"api": f"{api}_api", "call": call, "args": args, "options": options})
        sent = json.loads(told["body"]) if told["body"] else None
        return Answer(told["status"], told["error"], told["data"], told["kind"], sent, told)

    def usage(self, call: str, *args: Any, **options: Any) -> Answer:
        return self.call("usage", call, *args, **options)

    def get(self, path: str) -> Any:
        """What the client has no method for."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read())

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps(asked) + "\n")
        self.program.stdin.flush()
        line = self.program.stdout.readline()
        assert line, "the client has ended"
        told: dict[str, Any] = json.loads(line)
        return told


@pytest.fixture(scope="module")
def port(books: None) -> Iterator[int]:
    """The port of `ratable serve` on the books of the tests."""
    with served_to_its_end("--threads", "4") as port:
        yield port


@pytest.fixture(scope="module")
def acme(books: None) -> Actor:
    """The books of a company with contracts, for all tests of this file."""
    actor = found_tenant(code="zuora-sdk", name="A tenant of the client", request_id="r-0", at=AT)
    agree_on_reports(actor)
    return actor


@pytest.fixture(scope="module")
def credentials(acme: Actor) -> tuple[str, str]:
    issued = create_oauth_client(actor=acme, name="billing", role="approver", at=AT)
    return issued.client_id, issued.client_secret


@pytest.fixture(scope="module")
def program(port: int) -> Iterator[Sdk]:
    command = [str(PYTHON), str(Path(__file__).with_name("sdk_program.py")), f"http://127.0.0.1:{port}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield Sdk(running, port)
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(timeout=PATIENCE_SECONDS) == 0


@pytest.fixture(scope="module")
def sdk(program: Sdk, credentials: tuple[str, str]) -> Sdk:
    """The client with a token."""
    assert program.log_in(*credentials) is not None
    return program


def record(**fields: Any) -> dict[str, Any]:
    """Ten calls of Acme on 10 January."""
    return {
        "$model": "CreateUsageRequest",
        "account_number": "Acme Inc",
        "charge_number": "acme-calls",
        "uom": "Call",
        "quantity": 10,
        "start_date_time": "2026-01-10T12:00:00.000+00:00",
        **fields,
    }


def created(sdk: Sdk, **fields: Any) -> str:
    told = sdk.usage("create_usage", record(**fields))
    assert told.status == 200, told.sent
    return str(told.data["Id"])


# ── tokens ───────────────────────────────────────────────────────────────────────────────────


def test_the_client_draws_a_token(sdk: Sdk, credentials: tuple[str, str]):
    assert re.fullmatch(r"[0-9a-f]{32}", sdk.token)
    client_id, secret = credentials
    told = sdk.call(
        "o_auth", "create_token", client_id=client_id, client_secret=secret, grant_type="client_credentials"
    )
    assert (told.status, set(told.sent)) == (200, {"access_token", "token_type", "expires_in", "scope", "jti"})
    assert (told.sent["token_type"].lower(), told.sent["expires_in"]) == ("bearer", 3599)
    assert told.kind == "TokenResponse"


def test_without_a_token_nothing_is_told(sdk: Sdk, credentials: tuple[str, str]):
    try:
        assert sdk.log_in(credentials[0], "wrong") is None  # the client prints it, and goes on
        told = sdk.usage("get_usages_by_account", "Acme Inc")
        assert (told.status, told.error) == (401, "UnauthorizedException")
        assert told.sent == {"message": "Authentication error"}
        assert told.told["all_headers"]["www-authenticate"].startswith("Basic realm=Zuora API, ")
    finally:
        sdk.log_in(*credentials)


# ── records ──────────────────────────────────────────────────────────────────────────────────


def test_a_record_is_created_read_changed_and_deleted(sdk: Sdk):
    made = sdk.usage("create_usage", record(quantity="9.50", description="API", end_date_time="2026-01-11T00:00:00Z"))
    assert (made.status, set(made.sent), made.sent["Success"]) == (200, {"Success", "Id"}, True)
    usage_id = made.data["Id"]
    assert ID.fullmatch(usage_id)

    read = sdk.usage("get_usage", usage_id)
    assert {
        name: read.sent[name] for name in ("Id", "AccountNumber", "UOM", "Description", "RbeStatus", "SourceType")
    } == {
        "Id": usage_id,
        "AccountNumber": "Acme Inc",
        "UOM": "Call",
        "Description": "API",
        "RbeStatus": "Pending",
        "SourceType": "API",
    }
    assert (read.sent["Quantity"], type(read.sent["Quantity"])) == (9.5, float)
    assert read.sent["StartDateTime"] == "2026-01-10T12:00:00.000+00:00"
    assert read.sent["EndDateTime"] == "2026-01-11T00:00:00.000+00:00"

    changed = sdk.usage("update_usage", usage_id, {"$model": "UpdateUsageRequest", "quantity": 4})
    assert (changed.status, changed.sent) == (200, {"Success": True, "Id": usage_id})
    assert sdk.usage("get_usage", usage_id).sent["Quantity"] == 4
    chosen = sdk.usage("get_usage", usage_id, fields="Id,Quantity")
    assert chosen.sent == {"Id": usage_id, "Quantity": 4}

    gone = sdk.usage("delete_usage", usage_id)
    assert (gone.status, gone.sent) == (200, {"success": True, "id": usage_id})
    missing = sdk.usage("get_usage", usage_id)
    assert (missing.status, missing.error) == (404, "NotFoundException")
    assert missing.sent == {"records": [], "size": 0, "done": True}


def test_what_counts_is_what_the_client_said(sdk: Sdk, acme: Actor):
    before = counting(acme)
    usage_id = created(sdk, quantity="0.000000000001", start_date_time="2026-02-01T00:30:00.000+01:00")
    (added,) = [row for row in counting(acme) if row not in before]
    assert added[:2] == ("/acme-calls", "2026-01-31")
    assert f"{added[2]:f}" == "0.000000000001"
    sdk.usage("delete_usage", usage_id)
    assert counting(acme) == before


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"account_number": "123xProxy"}, "INVALID_VALUE", "The account number 123xProxy is invalid."),
        ({"uom": None}, "MISSING_REQUIRED_VALUE", "Missing required value: UOM"),
        ({"quantity": None}, "MISSING_REQUIRED_VALUE", "Missing required value: Quantity"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_is_refused(sdk: Sdk, fields: dict[str, Any], code: str, message: str):
    said = {name: value for name, value in record(**fields).items() if value is not None}
    told = sdk.usage("create_usage", said)
    assert (told.status, told.error) == (400, "BadRequestException")
    assert told.sent == {"Success": False, "Errors": [{"Code": code, "Message": message}]}
    assert told.data["Errors"][0]["Code"] == code


@pytest.mark.parametrize("call", ["update_usage", "delete_usage"])
def test_an_unknown_record_is_refused(sdk: Sdk, call: str):
    more = [{"$model": "UpdateUsageRequest", "quantity": 1}] if call == "update_usage" else []
    told = sdk.usage(call, "8ad00001" + "f" * 24, *more)
    assert (told.status, told.error) == (400, "BadRequestException")
    assert told.sent["Errors"][0]["Code"] == "INVALID_ID"


def test_unknown_fields_are_refused_where_that_is_asked_for(sdk: Sdk):
    said = record(Colour="red", Team__c="blue")
    strict = sdk.usage("create_usage", said, reject_unknown_fields=True)
    assert (strict.status, strict.error, strict.sent) == (
        400,
        "BadRequestException",
        {"message": "Error - unrecognised fields"},
    )
    lax = sdk.usage("create_usage", said)
    read = sdk.usage("get_usage", lax.data["Id"])
    assert (read.sent["Team__c"], "Colour" in read.sent) == ("blue", False)
    sdk.usage("delete_usage", lax.data["Id"])


def test_a_unique_key_is_used_once(sdk: Sdk):
    headers = {"X-Zuora-WSDL-Version": "114"}
    made = sdk.usage("create_usage", record(UniqueKey="sdk-1"), _headers=headers)
    assert (made.status, made.sent["Success"]) == (200, True)
    read = sdk.usage("get_usage", made.data["Id"], _headers=headers)
    assert read.sent["UniqueKey"] == "sdk-1"
    again = sdk.usage("create_usage", record(UniqueKey="sdk-1"), _headers=headers)
    assert (again.status, again.error) == (400, "BadRequestException")
    assert again.sent["Errors"][0]["Code"] == "DUPLICATE_VALUE"
    sdk.usage("delete_usage", made.data["Id"])


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def test_the_records_of_an_account_come_by_pages_the_latest_first(sdk: Sdk):
    ids = [
        created(
            sdk,
            account_number="Bolt GmbH",
            charge_number="bolt-calls",
            start_date_time=f"2026-01-0{day}T00:00:00.000+00:00",
        )
        for day in (1, 2, 3)
    ]
    first = sdk.usage("get_usages_by_account", "Bolt GmbH", page=1, page_size=2)
    assert (first.status, first.sent["success"]) == (200, True)
    assert [row["id"] for row in first.sent["usage"]] == [ids[2], ids[1]]
    row = first.sent["usage"][0]
    assert (row["quantity"], row["unitOfMeasure"], row["status"]) == ("10", "Call", "Pending")
    assert (row["startDateTime"], row["sourceName"]) == ("2026-01-03 00:00:00", "API")
    assert first.sent["nextPage"].startswith(f"http://127.0.0.1:{sdk.port}/v1/usage/accounts/")
    second = sdk.usage("get_usages_by_account", "Bolt GmbH", page=2, page_size=2)
    assert [row["id"] for row in second.sent["usage"]] == [ids[0]]
    assert "nextPage" not in second.sent
    nobody = sdk.usage("get_usages_by_account", "Nobody")
    assert (nobody.status, nobody.error) == (404, "NotFoundException")
    assert nobody.sent["success"] is False


# ── actions ──────────────────────────────────────────────────────────────────────────────────


def test_many_records_are_created_changed_found_and_deleted_at_once(sdk: Sdk):
    objects = [
        {
            "AccountNumber": "Acme Inc",
            "ChargeNumber": "acme-data",
            "UOM": "GB",
            "Quantity": quantity,
            "StartDateTime": "2026-03-01",
        }
        for quantity in (1, 2)
    ]
    wrong = {**objects[0], "UOM": "Parsec"}
    made = sdk.call("actions", "action_post_create", {"type": "Usage", "objects": [objects[0], wrong, objects[1]]})
    assert made.status == 200
    assert [each["Success"] for each in made.sent] == [True, False, True]
    assert made.sent[1]["Errors"][0]["Code"] == "INVALID_VALUE"
    ids = [made.sent[0]["Id"], made.sent[2]["Id"]]

    changed = sdk.call("actions", "action_postupdate", {"type": "Usage", "objects": [{"Id": ids[0], "Quantity": 5}]})
    assert changed.sent == [{"Success": True, "Id": ids[0]}]

    query = "select Id, Quantity from Usage where UOM = 'GB' and AccountNumber = 'Acme Inc'"
    found = sdk.call("actions", "action_post_query", {"queryString": query})
    assert (found.status, found.sent["size"], found.sent["done"]) == (200, 2, True)
    assert {each["Id"]: each["Quantity"] for each in found.sent["records"]} == {ids[0]: 5, ids[1]: 2}

    gone = sdk.call("actions", "action_post_delete", {"type": "Usage", "ids": ids})
    assert gone.sent == [{"success": True, "id": usage_id} for usage_id in ids]
    assert sdk.call("actions", "action_post_query", {"queryString": query}).sent == {
        "size": 0,
        "done": True,
        "records": [],
    }


# ── files ────────────────────────────────────────────────────────────────────────────────────

HEADER = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION"


def finished(sdk: Sdk, path: str) -> Any:
    """The status of an import that is done: the worker of the server does it."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        told = sdk.get(path)
        assert told["success"] is True
        if told["importStatus"] not in {"Pending", "Processing"}:
            return told
        time.sleep(1 / 5)
    raise AssertionError("the import is not done")


def test_a_file_is_sent_and_its_import_asked_for(sdk: Sdk, acme: Actor, tmp_path: Path):
    file = tmp_path / "april.csv"
    file.write_text(f"{HEADER}\nAcme Inc,GB,3,04/01/2026,,,acme-data,\n", encoding="utf-8")
    sent = sdk.usage("upload_usage_file", str(file))
    assert (sent.status, sent.sent["success"], sent.sent["size"]) == (200, True, file.stat().st_size)
    assert re.fullmatch(r"/v1/usage/[0-9a-f]{32}/status", sent.sent["checkImportStatus"])
    done = finished(sdk, sent.sent["checkImportStatus"])
    assert (done["importStatus"], done["Status"], done["ImportedCount"]) == ("Completed", "Completed", 1)
    assert ("/acme-data", "2026-04-01", Decimal(3)) in counting(acme)
    state = report_file(actor=acme, import_id=int(done["Id"][8:], 16))
    assert state is not None
    assert (state.file_name, state.recorded_by) == ("april.csv", "billing")


def test_a_file_with_a_wrong_row_is_refused_as_a_whole(sdk: Sdk, acme: Actor, tmp_path: Path):
    before = counting(acme)
    file = tmp_path / "may.csv"
    file.write_text(f"{HEADER}\nAcme Inc,GB,3,05/01/2026,,,,\nAcme Inc,GB,3,13/05/2026,,,,\n", encoding="utf-8")
    sent = sdk.usage("upload_usage_file", str(file))
    done = finished(sdk, sent.sent["checkImportStatus"])
    text = "Row 3: STARTDATE '13/05/2026' is no date as MM/DD/YYYY."
    assert (done["importStatus"], done["message"], done["ImportedCount"]) == ("Failed", text, 0)
    assert counting(acme) == before


def test_an_import_is_made_as_an_object(sdk: Sdk, tmp_path: Path):
    file = tmp_path / "june.csv"
    file.write_text(f"{HEADER}\nAcme Inc,GB,1,06/01/2026,,,acme-data,\n", encoding="utf-8")
    made = sdk.call("imports", "object_post_import", str(file), "Usage", "June")
    assert (made.status, set(made.sent), made.sent["Success"]) == (200, {"Success", "Id"}, True)
    import_id = made.data["Id"]
    finished(sdk, f"/v1/usage/{import_id}/status")
    read = sdk.call("imports", "object_get_import", import_id)
    assert (read.status, read.kind) == (200, "ProxyGetImport")
    assert (read.sent["Id"], read.sent["Name"], read.sent["Status"], read.sent["ImportedCount"]) == (
        import_id,
        "June",
        "Completed",
        1,
    )
    missing = sdk.call("imports", "object_get_import", "8ad00005" + "f" * 24)
    assert (missing.status, missing.error) == (404, "NotFoundException")


# ── headers ──────────────────────────────────────────────────────────────────────────────────


def test_every_answer_has_its_ids_and_limits(sdk: Sdk):
    good = sdk.usage("get_usages_by_account", "Acme Inc", zuora_track_id="track-1")
    bad = sdk.usage("create_usage", record(uom="Parsec"), zuora_track_id="track-2")
    for told, track_id in ((good, "track-1"), (bad, "track-2")):
        assert told.told["zuora_track_id"] == track_id
        assert len(told.told["zuora_request_id"]) == 36
        assert told.told["rate_limit_limit"] == "30000"
        assert 0 < told.told["rate_limit_remaining"] < 30_000
        assert 0 <= told.told["rate_limit_reset"] <= 60
    assert good.told["zuora_request_id"] != bad.told["zuora_request_id"]


def test_a_large_answer_is_compressed_for_who_asks(sdk: Sdk):
    ids = [created(sdk, description="d" * 200) for _ in range(4)]
    told = sdk.usage("get_usages_by_account", "Acme Inc", accept_encoding="gzip")
    assert told.told["all_headers"]["content-encoding"] == "gzip"
    assert set(ids) <= {row["id"] for row in told.sent["usage"]}
    for usage_id in ids:
        sdk.usage("delete_usage", usage_id)


def test_c1_the_same_key_creates_once(sdk: Sdk, acme: Actor):
    before = len(counting(acme))
    told = [sdk.usage("create_usage", record(quantity=3), idempotency_key="k-c1") for _ in range(3)]
    assert [each.status for each in told] == [200, 200, 200]
    assert len({each.sent["Id"] for each in told}) == 1
    assert [each.told["all_headers"].get("idempotent-replayed") for each in told] == [None, "true", "true"]
    assert len(counting(acme)) == before + 1


def test_c2_the_same_key_with_another_body_is_refused(sdk: Sdk):
    sdk.usage("create_usage", record(quantity=1), idempotency_key="k-c2")
    told = sdk.usage("create_usage", record(quantity=2), idempotency_key="k-c2")
    assert (told.status, told.error) == (422, "ApiException")


def test_c7_a_key_keeps_its_first_result_also_a_refusal(sdk: Sdk):
    wrong = sdk.usage("create_usage", record(quantity=-1), idempotency_key="k-c7")
    assert (wrong.status, wrong.error) == (400, "BadRequestException")
    again = sdk.usage("create_usage", record(quantity=-1), idempotency_key="k-c7")
    assert (again.status, again.sent) == (400, wrong.sent)
    assert again.told["all_headers"]["idempotent-replayed"] == "true"


# ── periods ──────────────────────────────────────────────────────────────────────────────────


def january_of(sdk: Sdk) -> dict[str, Any]:
    listed = sdk.call("accounting_periods", "get_all_accounting_periods")
    assert (listed.status, listed.sent["success"]) == (200, True)
    found: dict[str, Any] = next(each for each in listed.sent["accountingPeriods"] if each["startDate"] == "2026-01-01")
    return found


def test_accounting_periods_are_listed_closed_and_reopened(sdk: Sdk):
    january = january_of(sdk)
    assert (january["endDate"], january["status"]) == ("2026-01-31", "Open")
    assert ID.fullmatch(january["id"])
    for call, status in (("close", "Closed"), ("reopen", "Open")):
        done = sdk.call("accounting_periods", f"{call}_accounting_period", january["id"])
        assert (done.status, done.sent) == (200, {"success": True})
        assert january_of(sdk)["status"] == status
    again = sdk.call("accounting_periods", "reopen_accounting_period", january["id"])
    assert (again.status, again.sent["success"]) == (400, False)
