"""Posting the revenue of a month over the wire: computed, looked at, posted once; what stands in the way is told by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.periods import reopen_period
from ratable_server.operations.usage import Upload, ingest_usage
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted

JANUARY, FEBRUARY = {"period_month": "2026-01-01"}, {"period_month": "2026-02-01"}


@pytest.fixture
def pool(api: Api) -> str:
    """A pool of which January used 30,000.00, on a contract that has a minimum of 25,000.00."""
    contract = signed(api, minimum_monthly_commitment_amount="25000.00")
    pool = f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"
    assert used(api, pool, 1, 30_000).status == 201
    return pool


def statuses(api: Api) -> list[tuple[str, str]]:
    return [(each["period_month"], each["status"]) for each in api.get("revenue-posting").body]


def test_a_month_is_looked_at_and_posted_once(api: Api, pool: str):
    """24,000.00 are drawn, and 1,000.00 are lacking to the minimum."""
    draft = api.post("revenue-posting", {**JANUARY, "dry_run": True})
    assert draft.status == 200, draft.text
    assert (draft["status"], draft["version"], draft["obstacles"]) == ("draft", None, [])
    assert [(each["kind"], each["amount"]) for each in draft["revenue"]] == [("drawdown", 24_000), ("minimum", 1_000)]
    assert statuses(api) == [("2026-01-01", "in_review")]
    posted = [api.post("revenue-posting", {**JANUARY, "run": draft["run"]}) for _ in range(2)]
    assert [each.status for each in posted] == [200, 200], posted[0].text
    assert posted[0].body == posted[1].body
    assert (posted[0]["run"], posted[0]["status"], posted[0]["version"]) == (draft["run"], "posted", 1)
    assert posted[0]["revenue"] == draft["revenue"]
    assert posted[0]["journal_entries"] == draft["journal_entries"]
    assert statuses(api) == [("2026-01-01", "closed"), ("2026-02-01", "open")]
    told = [each for each in api.get("transactions")["results"] if each["accounting_period"] == "2026-01-01"]
    assert sorted(each["recognized"] for each in told) == [1_000, 24_000]


def test_what_stands_in_the_way_is_told_by_name_and_nothing_is_posted(api: Api, pool: str):
    commit = prepaid_commits(actor=api.actor).rows[0].code
    broken = f"prepaid_commit,used_on,amount\n{commit},2026-01-05,1\n{commit},2026-01-05,x\n".encode()
    ingest_usage(actor=api.actor, upload=Upload(source=BytesIO(broken), name="u.csv", is_partial=True), at=AT)
    draft = api.post("revenue-posting", {**JANUARY, "dry_run": True})
    assert [each["code"] for each in draft["obstacles"]] == ["rejections_must_be_resolved"]
    for body in (JANUARY, {**JANUARY, "run": draft["run"]}):
        told = api.post("revenue-posting", body)
        assert (told.status, told["code"]) == (400, "rejections_must_be_resolved")
        assert told["obstacles"] == draft["obstacles"]
    assert statuses(api) == [("2026-01-01", "in_review")]


def test_months_are_posted_in_their_order_and_once(api: Api, pool: str):
    told = api.post("revenue-posting", FEBRUARY)
    assert (told.status, told["code"]) == (400, "periods_must_close_in_order")
    first = api.post("revenue-posting", JANUARY, key="k-1")
    assert (first.status, first["status"]) == (200, "posted"), first.text
    assert api.post("revenue-posting", JANUARY, key="k-1").text == first.text
    again = api.post("revenue-posting", JANUARY)
    assert (again.status, again["error"]) == (400, "Books are closed for this date")
    assert [each["code"] for each in again["obstacles"]] == ["period_must_be_open"]
    other = api.post("revenue-posting", {**FEBRUARY, "run": first["run"]})
    assert (other.status, other["code"]) == (409, "run_must_be_a_draft")
    assert statuses(api) == [("2026-01-01", "closed"), ("2026-02-01", "open")]


def test_a_month_that_was_reopened_is_not_posted_by_its_old_run(api: Api, pool: str):
    first = api.post("revenue-posting", JANUARY)
    reopen_period(actor=api.actor, month_on=date(2026, 1, 1), reason="a price was wrong", at=AT)
    told = api.post("revenue-posting", {**JANUARY, "run": first["run"]})
    assert (told.status, told["code"]) == (409, "run_must_be_a_draft")
    again = api.post("revenue-posting", JANUARY)
    assert (again["status"], again["version"], again["revenue"]) == ("posted", 2, first["revenue"])


def test_who_may_not_post_may_look(api: Api, pool: str, new_actor: Callable[..., Actor], api_of: Callable[..., Api]):
    clerk, viewer, other = api_of(api.actor, role="preparer"), api_of(api.actor, role="viewer"), api_of(new_actor())
    draft = clerk.post("revenue-posting", {**JANUARY, "dry_run": True})
    assert (draft.status, draft["status"]) == (200, "draft")
    body = {**JANUARY, "run": draft["run"]}
    assert [each.post("revenue-posting", body).status for each in (clerk, viewer, other)] == [403, 403, 404]
    for fields, field in (
        ({"period_month": "2026-01-15"}, "period_month"),
        ({"period_month": "9999-12-01"}, "period_month"),
        ({"period_month": "0001-01-01"}, "period_month"),
        ({}, "period_month"),
        ({**JANUARY, "entity": 987_654_321}, "entity"),
    ):
        told = api.post("revenue-posting", fields)
        assert (told.status, list(told.body)) == (400, [field])
    assert statuses(api) == [("2026-01-01", "in_review")]


def test_adjustments_that_nobody_has_processed_are_told(api: Api, pool: str):
    """1,000.00 less of January: reported before it is posted, and waiting after it until they are processed."""
    rows = "external_id,total_revenue_dollars,is_adjustment,original_period_month\nfix-1,-1000,true,2026-01-01\n"
    assert api.send("POST", f"{pool}/usage-events/upload", rows, content_type="text/csv").status == 200
    draft = api.post("revenue-posting", {**JANUARY, "dry_run": True})
    posted = api.post("revenue-posting", {**JANUARY, "run": draft["run"]})
    assert [draft["waiting_adjustments"], posted["waiting_adjustments"]] == [1, 1]
    assert api.post(f"{pool}/process-adjustments")["processed"] == 1
    assert api.post("revenue-posting", {**FEBRUARY, "dry_run": True})["waiting_adjustments"] == 0
