"""Subscriptions of contracts without an end: an amount for each billing period, planned for a year, renewed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ratable_server.actor import Actor
from ratable_server.api.campfire import renewing
from ratable_server.api.campfire.renewing import RenewalsWaitError, Renewed, renew_subscriptions
from ratable_server.api.campfire.views import revenue_posting, subscriptions, subscriptions_evergreen
from ratable_server.errors import Unavailable
from ratable_server.failing import Failing
from ratable_server.operations.periods import close_period
from ratable_server.operations.subscriptions import modify_subscription
from ratable_server.operations.tenants import tenant_ids
from ratable_server.queries.periods import zone_of_books
from tests.server.operations.agreements import held, kept
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

DAYS = ("2026-01-01", "2026-04-01")
QUARTER = {"start_date": "2026-04-01", "period_amount": "10000.00", "lines": []}


@pytest.fixture(autouse=True)
def in_april(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day on which all of it is said."""
    for module in (subscriptions, subscriptions_evergreen):
        monkeypatch.setattr(module, "now_at", lambda: datetime(2026, 4, 20, tzinfo=UTC))


def evergreen(api: Api, **fields: Any) -> str:
    usual = {"contract_end_date": None, "is_evergreen": True, "billing_frequency": "quarterly"}
    return f"contracts/{signed(api, **{**usual, **fields})['id']}"


def lines(told: Told) -> list[tuple[str, Any]]:
    return [(line["start_date"], line["total_value"]) for line in told["subscription_lines"]]


def test_a_subscription_follows_its_contract_and_is_planned_for_a_year(api: Api):
    """The example of the published document: 10,000.00 a quarter from April on."""
    path = f"{evergreen(api)}/subscriptions"
    told = api.post(path, {**QUARTER, "renewal_behavior": "FOLLOW_CONTRACT"})
    assert told.status == 201, told.text
    assert (told["end_date"], told["renewal_behavior"], told["period_amount"]) == (
        "2027-03-31",
        "FOLLOW_CONTRACT",
        10_000,
    )
    assert lines(told) == [(day, 10_000) for day in ("2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01")]
    assert (told["total_value"], told["mrr"]) == (40_000, Decimal("3333.33"))
    rows = api.get("transactions")["results"]
    assert [row["amount"] for row in rows[:3]] == [Decimal("3333.33"), Decimal("3333.34"), Decimal("3333.33")]
    again = api.patch(f"{path}/{told['id']}", {"period_amount": "9000.00"})
    assert (again["total_value"], again["end_date"], again["period_amount"]) == (36_000, "2027-03-31", 9_000)
    assert api.put(f"{path}/{told['id']}", again.body)["subscription_lines"] == again["subscription_lines"]


def test_a_subscription_with_an_end_of_its_own_stops_there(api: Api):
    path = f"{evergreen(api)}/subscriptions"
    fixed = api.post(path, {**QUARTER, "end_date": "2026-06-30", "renewal_behavior": "FIXED_END"})
    assert (fixed.status, lines(fixed), fixed["renewal_behavior"]) == (201, [("2026-04-01", 10_000)], "FIXED_END")
    by_unit = api.post(path, {"start_date": "2026-04-01", "quantity": 3, "rate": "100.00", "discount": "10"})
    assert (by_unit["total_value"], by_unit["renewal_behavior"]) == (1_080, "FOLLOW_CONTRACT")


def test_next_periods_are_appended_when_a_month_is_posted(api: Api, monkeypatch: pytest.MonkeyPatch):
    path = f"{evergreen(api)}/subscriptions"
    own = [api.post(path, {**QUARTER, **more})["id"] for more in ({}, {"end_date": "2026-06-30"})]
    assert subscriptions_evergreen.renew_what_can_be(api.actor, on=date(2026, 6, 30)).renewed == 0
    assert len(lines(api.get(f"{path}/{own[0]}"))) == 4
    monkeypatch.setattr(revenue_posting, "now_at", lambda: datetime(2026, 7, 2, tzinfo=UTC))
    before = kept(api.actor)
    looked_at = api.post("revenue-posting", {"period_month": "2026-01-01", "dry_run": True})
    assert (looked_at.status, looked_at["obstacles"]) == (200, [])
    after = kept(api.actor)
    assert {table for table in after if after[table] != before.get(table)} == {"audit_entry", "run"}
    posted = api.post("revenue-posting", {"period_month": "2026-01-01", "run": looked_at["run"]})
    assert (posted.status, posted["status"]) == (200, "posted"), posted.text
    assert lines(api.get(f"{path}/{own[0]}"))[3:] == [("2027-01-01", 10_000), ("2027-04-01", 10_000)]
    assert api.get(f"{path}/{own[0]}")["end_date"] == "2027-06-30"
    assert lines(api.get(f"{path}/{own[1]}")) == [("2026-04-01", 10_000)]


def test_the_worker_plans_the_next_period_on_the_day_on_which_one_begins(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Whoever closes, by whichever door, finds it planned."""
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [each for each in tenant_ids() if each == api.actor.tenant_id])
    path = f"{evergreen(api)}/subscriptions"
    own, fixed = (api.post(path, {**QUARTER, **more})["id"] for more in ({}, {"end_date": "2026-06-30"}))

    def on_day(day: date) -> Renewed:
        for module in (renewing, subscriptions_evergreen):
            monkeypatch.setattr(module, "now_at", lambda: datetime(day.year, day.month, day.day, tzinfo=UTC))
        return renew_subscriptions()

    before = kept(api.actor)
    assert on_day(date(2026, 6, 30)) == Renewed()
    assert kept(api.actor) == before
    assert [on_day(date(2026, 7, 1)), on_day(date(2026, 7, 1))] == [Renewed(renewed=1), Renewed()]
    assert lines(api.get(f"{path}/{own}"))[3:] == [("2027-01-01", 10_000), ("2027-04-01", 10_000)]
    assert lines(api.get(f"{path}/{fixed}")) == [("2026-04-01", 10_000)]


def test_a_subscription_that_cannot_be_renewed_leaves_the_others_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Its plan ends in a month that was closed before anybody planned on; what is missing there is for people to say."""
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [api.actor.tenant_id])
    late, own = (f"{evergreen(api, billing_frequency='annual', contract_start_date=day)}/subscriptions" for day in DAYS)
    for path, day in ((late, DAYS[0]), (own, DAYS[1])):
        told = api.post(path, {"start_date": day, "period_amount": "12000.00", "lines": []})
        assert told.status == 201, told.text
    for number in range(14):
        year, month = divmod(number, 12)
        close_period(actor=api.actor, month_on=date(2026 + year, month + 1, 1), at=datetime(2027, 3, 3, tzinfo=UTC))
    for module in (renewing, subscriptions_evergreen):
        monkeypatch.setattr(module, "now_at", lambda: datetime(2027, 4, 1, tzinfo=UTC))
    assert renew_subscriptions() == Renewed(renewed=1)
    planned = [api.get(path).body[0]["subscription_lines"] for path in (late, own)]
    assert [[line["start_date"] for line in each] for each in planned] == [[DAYS[0]], [DAYS[1], "2027-04-01"]]
    (warned,) = (record.getMessage() for record in caplog.records if record.name == "ratable_server.api")
    assert "was not renewed: period_must_be_open" in warned


def on_july_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day on which a billing period of each of them begins."""
    for module in (renewing, subscriptions_evergreen, revenue_posting):
        monkeypatch.setattr(module, "now_at", lambda: datetime(2026, 7, 1, tzinfo=UTC))


def two_of_which_one_changes(api: Api, change: dict[str, Any]) -> tuple[str, str]:
    """The addresses of two subscriptions of contracts of their own; the contract of the first is changed after that."""
    contracts = evergreen(api), evergreen(api)
    own = [api.post(f"{each}/subscriptions", QUARTER)["id"] for each in contracts]
    if change:
        told = api.patch(contracts[0], change)
        assert told.status == 200, told.text
    first, second = (f"{each}/subscriptions/{code}" for each, code in zip(contracts, own, strict=True))
    return first, second


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"billing_frequency": "biannual"}, "It is not the first day of a billing period."),
    ({"contract_start_date": "2025-12-15"}, "It is not the first day of a billing period."),
]
PLANNED = [(day, 10_000) for day in ("2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01")]
NEXT = [*PLANNED, ("2027-04-01", 10_000)]


@pytest.mark.parametrize(("change", "why"), CHANGES, ids=["biannual", "start"])
def test_one_whose_billing_periods_were_changed_keeps_no_other_from_being_renewed(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, change: dict[str, Any], why: str
):
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [api.actor.tenant_id])
    changed, good = two_of_which_one_changes(api, change)
    on_july_1(monkeypatch)
    assert renew_subscriptions() == Renewed(renewed=1)
    assert [lines(api.get(each)) for each in (changed, good)] == [PLANNED, NEXT]
    (warned,) = (record.getMessage() for record in caplog.records if record.name == "ratable_server.api")
    assert warned.startswith("subscription subscription-")
    assert warned.endswith(f" was not renewed: {why}")


def test_who_is_busy_waits_for_the_next_round_which_is_due_at_once(api: Api, monkeypatch: pytest.MonkeyPatch):
    """All others, of any tenant, have had their turn by then."""
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [0, api.actor.tenant_id])
    both = two_of_which_one_changes(api, {})
    on_july_1(monkeypatch)
    asked: list[str] = []

    def modify_unless_busy(*, subscription: Any, **named: Any) -> Any:
        asked.append(subscription.id)
        if len(asked) == 1:
            raise Unavailable("busy")
        return modify_subscription(subscription=subscription, **named)

    def zone_unless_lost(*, actor: Actor) -> ZoneInfo:
        if actor.tenant_id == 0:
            raise Unavailable("db_unavailable")
        return zone_of_books(actor=actor)

    with monkeypatch.context() as weather:
        weather.setattr(subscriptions_evergreen, "modify_subscription", modify_unless_busy)
        weather.setattr(renewing, "zone_of_books", zone_unless_lost)
        with pytest.raises(RenewalsWaitError, match=r"^1 renewed; 1 subscriptions and all of 1 tenants wait$"):
            renew_subscriptions()
    assert sorted(lines(api.get(each)) for each in both) == [PLANNED, NEXT]
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [api.actor.tenant_id])
    assert renew_subscriptions() == Renewed(renewed=1)
    assert [lines(api.get(each)) for each in both] == [NEXT, NEXT]


def test_a_period_begins_on_its_day_in_the_time_zone_of_the_books(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [api.actor.tenant_id])
    path = f"{evergreen(api)}/subscriptions"
    own = api.post(path, QUARTER)["id"]
    on_july_1(monkeypatch)
    monkeypatch.setattr(renewing, "zone_of_books", lambda **_: ZoneInfo("America/New_York"))
    assert renew_subscriptions() == Renewed()  # it is the evening of June 30 there
    monkeypatch.setattr(renewing, "zone_of_books", lambda **_: ZoneInfo("Europe/Vienna"))
    assert renew_subscriptions() == Renewed(renewed=1)
    assert lines(api.get(f"{path}/{own}")) == NEXT


def test_a_month_that_is_planned_is_posted_whatever_cannot_be_planned_on_after_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    changed, good = two_of_which_one_changes(api, {"billing_frequency": "biannual"})
    on_july_1(monkeypatch)
    posted = api.post("revenue-posting", {"period_month": "2026-01-01"})
    assert (posted.status, posted["status"]) == (200, "posted"), posted.text
    assert [lines(api.get(each)) for each in (changed, good)] == [PLANNED, NEXT]
    (warned,) = (record.getMessage() for record in caplog.records if record.name == "ratable_server.api")
    assert warned.endswith(" was not renewed: It is not the first day of a billing period.")


def test_a_month_is_not_posted_for_which_a_subscription_cannot_be_planned_on(api: Api, monkeypatch: pytest.MonkeyPatch):
    """The others are planned on meanwhile, and nothing else is done."""
    changed, good = two_of_which_one_changes(api, {"billing_frequency": "biannual"})
    on_july_1(monkeypatch)
    told = api.post("revenue-posting", {"period_month": "2027-04-01"})
    contract, code = changed.split("/")[1], changed.rpartition("/")[2]
    why = "start_date: It is not the first day of a billing period."
    text = f"Subscription {code} of contract {contract} cannot be planned on: {why}"
    assert (told.status, told.body) == (400, {"period_month": [text]})
    assert (lines(api.get(changed)), lines(api.get(good))[3:5]) == (PLANNED, NEXT[3:])
    assert not {"run", "period_close"} & held(api.actor).keys()


def test_a_month_is_not_posted_while_the_database_cannot_plan_it(api: Api, monkeypatch: pytest.MonkeyPatch):
    """It was no fault of the request, which may be sent again; what can be posted without it is."""
    two_of_which_one_changes(api, {})
    on_july_1(monkeypatch)

    def busy(**_named: Any) -> None:
        raise Unavailable("busy")

    with monkeypatch.context() as weather:
        weather.setattr(subscriptions_evergreen, "modify_subscription", busy)
        told = api.post("revenue-posting", {"period_month": "2027-04-01"})
        assert told.status == 503, told.text
        assert not {"run", "period_close"} & held(api.actor).keys()
        assert api.post("revenue-posting", {"period_month": "2026-01-01"}).status == 200


def test_what_fails_in_every_round_is_told_when_it_begins_when_it_changes_and_once_an_hour(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(renewing, "_failing", Failing())
    monkeypatch.setattr(renewing, "tenant_ids", lambda: [0, api.actor.tenant_id])
    changed, _ = two_of_which_one_changes(api, {"billing_frequency": "biannual"})
    on_july_1(monkeypatch)
    wrong: list[Exception] = [RuntimeError("no such zone")]

    def zone_unless_wrong(*, actor: Actor) -> ZoneInfo:
        if actor.tenant_id == 0 and wrong:
            raise wrong[0]
        return zone_of_books(actor=api.actor)

    def told_after(**later: int) -> list[str]:
        caplog.clear()
        monkeypatch.setattr(renewing, "now_at", lambda: datetime(2026, 7, 1, tzinfo=UTC) + timedelta(**later))
        monkeypatch.setattr(renewing, "zone_of_books", zone_unless_wrong)
        with suppress(RenewalsWaitError):
            renew_subscriptions()
        return [record.getMessage() for record in caplog.records if record.name == "ratable_server.api"]

    tenant = "subscriptions of tenant 0 wait for the next round"
    row = told_after()[1]
    assert row.endswith(" was not renewed: It is not the first day of a billing period.")
    assert told_after(seconds=5) == []
    assert told_after(minutes=59, seconds=59) == []
    assert told_after(hours=1) == [tenant, row]
    wrong[0] = RuntimeError("no such tenant")
    assert told_after(hours=1, seconds=5) == [tenant]
    wrong.clear()
    assert told_after(hours=1, seconds=10) == []
    wrong.append(RuntimeError("no such tenant"))
    assert told_after(hours=1, seconds=15) == [tenant]
    assert lines(api.get(changed)) == PLANNED


def test_a_draft_is_posted_whatever_cannot_be_planned_on_after_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    changed, good = two_of_which_one_changes(api, {"billing_frequency": "biannual"})
    on_july_1(monkeypatch)
    run = api.post("revenue-posting", {"period_month": "2026-01-01", "dry_run": True})["run"]
    posted = api.post("revenue-posting", {"period_month": "2026-01-01", "run": run})
    assert (posted.status, posted["status"], posted["run"]) == (200, "posted", run), posted.text
    assert [lines(api.get(each)) for each in (changed, good)] == [PLANNED, NEXT]
    (warned,) = (record.getMessage() for record in caplog.records if record.name == "ratable_server.api")
    assert warned.endswith(" was not renewed: It is not the first day of a billing period.")


def test_the_last_month_of_a_plan_is_looked_at_and_posted_and_the_next_year_follows(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    """The end of the plan is in a month that is closed by then: the next period begins on the day after."""
    path = f"{evergreen(api, billing_frequency='annual')}/subscriptions"
    own = api.post(path, {"start_date": "2026-01-01", "period_amount": "12000.00", "lines": []})
    assert (own.status, own["end_date"]) == (201, "2026-12-31"), own.text
    for month in range(1, 12):
        close_period(actor=api.actor, month_on=date(2026, month, 1), at=datetime(2026, month + 1, 3, tzinfo=UTC))
    monkeypatch.setattr(revenue_posting, "now_at", lambda: datetime(2027, 1, 3, tzinfo=UTC))

    run = api.post("revenue-posting", {"period_month": "2026-12-01", "dry_run": True})["run"]
    both = api.post("revenue-posting", {"period_month": "2026-12-01", "dry_run": True, "run": run})
    assert (both.status, list(both.body)) == (400, ["dry_run"])
    posted = api.post("revenue-posting", {"period_month": "2026-12-01", "run": run})
    assert (posted.status, posted["status"]) == (200, "posted"), posted.text
    assert lines(api.get(f"{path}/{own['id']}")) == [("2026-01-01", 12_000), ("2027-01-01", 12_000)]
    draft = api.post("revenue-posting", {"period_month": "2027-01-01", "dry_run": True})
    assert (draft.status, draft["obstacles"]) == (200, []), draft.text


def test_who_only_looks_at_a_month_that_is_not_planned_yet_is_told_so(api: Api):
    """Nobody has posted anything for a year: a post would plan the next one first."""
    path = f"{evergreen(api)}/subscriptions"
    api.post(path, QUARTER)
    before = kept(api.actor)
    told = api.post("revenue-posting", {"period_month": "2027-04-01", "dry_run": True})
    when = "as a billing period begins, or when a month is posted"
    text = f"Subscriptions are planned up to 2027-04-01 only: they are planned on {when}."
    assert (told.status, told.body) == (400, {"dry_run": [text]})
    assert kept(api.actor) == before


def test_days_that_are_not_of_billing_periods_are_refused(api: Api):
    contract = evergreen(api)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"start_date": "2026-05-01"}, "start_date"),
        ({"start_date": "2026-04-02"}, "start_date"),
        ({"end_date": "2026-05-31", "renewal_behavior": "FIXED_END"}, "end_date"),
        ({"end_date": "2027-06-30", "renewal_behavior": "FIXED_END"}, "end_date"),
        ({"period_amount": None}, "period_amount"),
    ]
    for fields, field in wrong:
        told = api.post(f"{contract}/subscriptions", {**QUARTER, **fields})
        assert (told.status, list(told.body)) == (400, [field]), told.text
    assert api.get(f"{contract}/subscriptions").body == []
    milestone = {"milestone_name": "Setup", "milestone_date": "2026-01-20", "amount": "1500.00"}
    assert api.post(f"{contract}/milestones", milestone).status == 400


def test_an_evergreen_contract_tells_how_far_it_is_planned(api: Api):
    told = api.get(evergreen(api, contract_start_date="2020-01-31", billing_frequency="annual"))
    last_on = date.fromisoformat(told["effective_end_date"])
    assert (last_on.month, last_on.day, told["contract_end_date"]) == (1, 30, None)
    assert told["working_end_date"] == told["effective_end_date"]
    assert signed(api)["effective_end_date"] is None
