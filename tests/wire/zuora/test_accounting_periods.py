"""Months of the books as accounting periods: looked at, closed in their order, opened again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.accounting_periods import id_of_month, month_of_id
from ratable_server.api.zuora.translate.ids import public_id, user_id
from ratable_server.operations.usage import Upload, ingest_usage
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.zuora.calling import Zuora

ROOT = "/v1/accounting-periods"
JANUARY, FEBRUARY, MARCH = (f"{ROOT}/{id_of_month(date(2026, month, 1))}" for month in (1, 2, 3))
DONE = {"success": True}


@pytest.fixture
def books_of_january(zuora: Zuora, api_of: Callable[..., Api]) -> str:
    """A pool of which January used 30,000.00; the code of the prepaid commit."""
    api = api_of(zuora.actor)
    contract = signed(api)
    pool = f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"
    assert used(api, pool, 1, 30_000).status == 201
    return prepaid_commits(actor=zuora.actor).rows[0].code


def statuses(zuora: Zuora) -> list[tuple[str, str]]:
    return [(each["name"], each["status"]) for each in zuora.get(ROOT)["accountingPeriods"]]


def reasons(told: Told) -> list[tuple[int, str]]:
    assert (told.status, told["success"]) == (400, False), told.text
    return [(each["code"], each["message"]) for each in told["reasons"]]


def test_ids_of_months_lead_back():
    assert id_of_month(date(2026, 1, 1)) == "8ad00006000000000000000000031769"
    assert month_of_id("8ad00006000000000000000000031769") == date(2026, 1, 1)
    assert [month_of_id(public_id("period", wrong)) for wrong in (0, 202600, 202613, 1, 189901, 300001)] == [None] * 6


def test_a_month_is_told_in_full(zuora: Zuora, books_of_january: str):
    told = zuora.get(JANUARY)
    files = told.body.pop("fileIds")
    assert set(files.values()) == {None}
    assert told.body == {
        "id": JANUARY.rsplit("/", 1)[1],
        "name": "Jan 2026",
        "startDate": "2026-01-01",
        "endDate": "2026-01-31",
        "fiscalYear": "2026",
        "fiscal_quarter": 1,
        "status": "Open",
        "notes": "",
        "runTrialBalanceStatus": "Pending",
        "runTrialBalanceStart": None,
        "runTrialBalanceEnd": None,
        "runTrialBalanceErrorMessage": None,
        "createdOn": None,
        "createdBy": None,
        "updatedOn": None,
        "updatedBy": None,
        "success": True,
    }
    (listed,) = zuora.get(ROOT)["accountingPeriods"]
    assert listed == {name: value for name, value in told.body.items() if name != "success"} | {"fileIds": files}


def test_a_month_is_closed_and_opened_again(zuora: Zuora, books_of_january: str, superuser: psycopg.Connection):
    told = zuora.put(f"{JANUARY}/close")
    assert (told.status, told.body) == (200, DONE)
    assert statuses(zuora) == [("Jan 2026", "Closed"), ("Feb 2026", "Open")]
    closed = zuora.get(JANUARY)
    assert (closed["runTrialBalanceStatus"], closed["updatedBy"]) == ("Completed", user_id("admin@example.test"))
    assert closed["createdOn"] <= closed["runTrialBalanceEnd"] <= closed["updatedOn"]
    posted = superuser.execute("SELECT count(*) FROM journal_entry WHERE tenant_id = %s", [zuora.actor.tenant_id])
    assert posted.fetchone() != (0,)
    reopened = zuora.put(f"{JANUARY}/reopen")
    assert (reopened.status, reopened.body) == (200, DONE)
    assert statuses(zuora) == [("Jan 2026", "Open")]
    (reason,) = superuser.execute(
        "SELECT reason FROM period_reopening WHERE tenant_id = %s", [zuora.actor.tenant_id]
    ).fetchall()
    request = reopened.headers["Zuora-Request-Id"]
    assert reason == (f"asked over this API without a reason, in request {request}",)


def test_a_month_is_looked_at_before_it_is_closed(zuora: Zuora, books_of_january: str):
    assert zuora.put(f"{JANUARY}/pending-close").body == DONE
    looked_at = zuora.get(JANUARY)
    assert (looked_at["status"], looked_at["runTrialBalanceStatus"]) == ("PendingClose", "Completed")
    (twice,) = reasons(zuora.put(f"{JANUARY}/pending-close"))
    assert twice == (50000030, "2026-01 is pending close already: reopen it to compute it anew")
    assert zuora.put(f"{JANUARY}/close").body == DONE
    assert statuses(zuora)[0] == ("Jan 2026", "Closed")
    assert zuora.get(JANUARY)["runTrialBalanceEnd"] == looked_at["runTrialBalanceEnd"]


def test_a_month_that_was_looked_at_is_opened_again_without_a_trace(zuora: Zuora, books_of_january: str):
    zuora.put(f"{JANUARY}/pending-close")
    assert zuora.put(f"{JANUARY}/reopen").body == DONE
    told = zuora.get(JANUARY)
    assert (told["status"], told["runTrialBalanceStatus"]) == ("Open", "Pending")
    (refused,) = reasons(zuora.put(f"{JANUARY}/reopen"))
    assert refused[0] == 50000030
    assert refused[1].startswith("the period is not closed")


def test_everything_that_stands_in_the_way_is_a_reason(zuora: Zuora, books_of_january: str):
    broken = f"prepaid_commit,used_on,amount\n{books_of_january},2026-01-05,x\n".encode()
    ingest_usage(actor=zuora.actor, upload=Upload(source=BytesIO(broken), name="u.csv", is_partial=True), at=AT)
    (reason,) = reasons(zuora.put(f"{JANUARY}/close"))
    assert reason[0] == 50000030
    assert reason[1].startswith("a blocking rejection is open")
    assert statuses(zuora) == [("Jan 2026", "Open")]
    zuora.put(f"{JANUARY}/pending-close")
    codes = [code for code, _ in reasons(zuora.put(f"{JANUARY}/close"))]
    assert codes == [50000030]
    assert statuses(zuora) == [("Jan 2026", "PendingClose")]


def test_months_are_closed_in_their_order_and_once(zuora: Zuora, books_of_january: str):
    zuora.put(f"{JANUARY}/close")
    (again,) = reasons(zuora.put(f"{JANUARY}/close"))
    assert again == (50000030, "the period is closed: 2026-01 is closed")
    assert zuora.put(f"{FEBRUARY}/close").body == DONE
    (not_last,) = reasons(zuora.put(f"{JANUARY}/reopen"))
    assert not_last[1].startswith("months reopen last closed first")
    assert [status for _, status in statuses(zuora)] == ["Closed", "Closed", "Open"]


@pytest.mark.parametrize(
    "period_id", ["1", "nothing", public_id("period", 202512), public_id("customer", 202601), "8ad00006" + "f" * 24]
)
@pytest.mark.parametrize(
    ("method", "act"), [("GET", ""), ("PUT", "/close"), ("PUT", "/pending-close"), ("PUT", "/reopen")]
)
def test_a_month_that_is_not_there_is_404(zuora: Zuora, books_of_january: str, method: str, act: str, period_id: str):
    told = zuora.send(method, f"{ROOT}/{period_id}{act}", b"")
    expected = [{"code": 50000040, "message": f"Cannot find entity by key: '{period_id}'."}]
    assert (told.status, told["reasons"]) == (404, expected)


def test_months_of_another_tenant_are_not_there(
    zuora: Zuora, books_of_january: str, new_actor: Callable[[], Actor], zuora_of: Callable[..., Zuora]
):
    other = zuora_of(new_actor())
    assert other.get(ROOT).body == {"accountingPeriods": [], "success": True}
    assert [other.send(method, f"{JANUARY}{act}", b"").status for method, act in (("GET", ""), ("PUT", "/close"))] == [
        404
    ] * 2
    assert statuses(zuora) == [("Jan 2026", "Open")]


def test_roles_read_compute_and_close_as_they_may(zuora: Zuora, books_of_january: str, zuora_of: Callable[..., Zuora]):
    acts: dict[Any, list[int]] = {
        role: [
            zuora_of(zuora.actor, role=role).send(method, f"{MARCH}{act}", b"").status
            for method, act in (("GET", ""), ("PUT", "/pending-close"), ("PUT", "/close"), ("PUT", "/reopen"))
        ]
        for role in ("viewer", "preparer", "approver", "admin")
    }
    assert acts == {  # 404: let in, and March is not there
        "viewer": [404, 403, 403, 403],
        "preparer": [404, 404, 403, 403],
        "approver": [404, 404, 404, 404],
        "admin": [404, 404, 404, 404],
    }


def test_pages_are_numbered_from_one(zuora: Zuora, books_of_january: str):
    zuora.put(f"{JANUARY}/close")
    zuora.put(f"{FEBRUARY}/close")
    first = zuora.get(ROOT, pageSize=2)
    assert [each["name"] for each in first["accountingPeriods"]] == ["Jan 2026", "Feb 2026"]
    assert first["nextPage"] == "http://localhost/v1/accounting-periods?page=2&pageSize=2"
    second = zuora.get(ROOT, page=2, pageSize=2)
    assert ([each["name"] for each in second["accountingPeriods"]], "nextPage" in second.body) == (["Mar 2026"], False)
    assert len(zuora.get(ROOT, pageSize=999_999_999)["accountingPeriods"]) == 3
    assert zuora.get(ROOT, page=999_999_999, pageSize=300)["accountingPeriods"] == []


@pytest.mark.parametrize(
    "asked", [{"page": 0}, {"page": "x"}, {"pageSize": "-1"}, {"page": "9" * 5_000}, {"pageSize": ""}]
)
def test_what_is_no_page_is_400(zuora: Zuora, asked: dict[str, Any]):
    told = zuora.get(ROOT, **asked)
    (name,) = asked
    expected = [{"code": 50000020, "message": f"Invalid value for field {name}: A whole number from 1 on."}]
    assert (told.status, told["reasons"]) == (400, expected)


@pytest.mark.parametrize(("method", "path"), [("POST", ROOT), ("PUT", JANUARY), ("DELETE", JANUARY)])
def test_months_come_of_the_books_and_are_not_made_here(zuora: Zuora, method: str, path: str):
    told = zuora.send(method, path, b"{}")
    assert (told.status, told["reasons"][0]["code"]) == (405, 50000045)
