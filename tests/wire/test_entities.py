"""Entities over the wire, and the close dates of their books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ratable_server.errors import Refused
from ratable_server.operations import register
from ratable_server.queries.periods import periods
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

ENTITIES = "/coa/api/entity"


def entity(api: Api, name: str = "Acme Holding", **fields: Any) -> Told:
    told = api.post(ENTITIES, {"name": name, **fields})
    assert told.status == 201, told.text
    return told


def test_an_entity_comes_back_as_it_was_told_with_what_stands_above_it(api: Api):
    top = entity(api, currency="EUR", country="DE", fiscal_year_month=4)
    middle = entity(api, "Acme GmbH", parent=top["id"])
    told = entity(api, "Acme Berlin", parent=middle["id"], primary_entity=top["id"], logo_url="https://a.test/l.png")
    assert (top["currency"], top["country"], top["fiscal_year_month"], top["active"]) == ("EUR", "DE", 4, True)
    assert (told["currency"], told["parent_name"], told["primary_entity_name"]) == ("USD", "Acme GmbH", "Acme Holding")
    assert told["lineage_array"] == [str(top["id"]), str(middle["id"])]
    assert (told["close_books_date"], told["subledger_close_date"]) == (None, None)
    own = f"{ENTITIES}/{told['id']}"
    assert api.get(own).body == told.body
    assert api.patch(own, {"active": False})["logo_url"] == "https://a.test/l.png"
    assert [row["name"] for row in api.get(ENTITIES).body] == ["Acme Holding", "Acme GmbH"]
    assert [row["name"] for row in api.get(ENTITIES, include_inactive="true").body][-1] == "Acme Berlin"
    assert api.put(own, {"name": "Acme Spandau"})["parent"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"parent": 999_999}, "parent"), ({"currency": "EURO"}, "currency"), ({"currency": "XXY"}, "currency"),
     ({"logo_url": "no address"}, "logo_url"), ({"fiscal_year_month": 13}, "fiscal_year_month"),
     ({"close_books_date": "2026-01-31"}, "close_books_date")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_not_kept(api: Api, fields: dict[str, Any], field: str):
    told = api.post(ENTITIES, {"name": "Acme", **fields})
    assert (told.status, next(iter(told.body))) == (400, field)
    assert api.get(ENTITIES).body == []


def test_an_entity_goes_once_nothing_names_it(api: Api):
    told = entity(api)
    contract = signed(api, entity=told["id"])
    own = f"{ENTITIES}/{told['id']}"
    assert api.delete(own).status == 409
    assert api.get(f"contracts/{contract['id']}")["entity_name"] == "Acme Holding"
    assert api.delete(f"contracts/{contract['id']}").status == 204
    assert api.delete(own).status == 204
    assert (api.get(own).status, api.get(ENTITIES).body) == (404, [])


def statuses(api: Api) -> dict[str, str]:
    return {f"{each.month_on:%Y-%m}": each.status for each in periods(actor=api.actor)}


def test_close_dates_are_those_of_the_books_and_move_by_a_month(api: Api):
    first, second = entity(api), entity(api, "Acme Ltd")
    path = f"contracts/{signed(api)['id']}/milestones"
    done = api.post(path, {"milestone_name": "Setup", "milestone_date": "2026-01-20", "amount": 1_500})
    own = f"{ENTITIES}/{first['id']}"

    closed = api.patch(own, {"close_books_date": "2026-01-31", "city": "Berlin"})
    assert closed.status == 200, closed.text
    assert (closed["close_books_date"], closed["subledger_close_date"], closed["city"]) == (
        "2026-01-31",
        "2026-01-31",
        "Berlin",
    )
    assert api.get(f"{ENTITIES}/{second['id']}")["close_books_date"] == "2026-01-31"
    assert statuses(api)["2026-01"] == "closed"
    late = api.patch(f"{path}/{done['id']}", {"amount": 1})
    assert (late.status, late["error"]) == (400, "Books are closed for this date")
    assert api.patch(own, {"subledger_close_date": "2026-01-31"}).status == 200  # as it is

    assert api.patch(own, {"subledger_close_date": "2026-02-28"})["close_books_date"] == "2026-02-28"
    back = api.patch(own, {"close_books_date": "2026-01-31"})
    assert (back.status, back["close_books_date"], statuses(api)["2026-02"]) == (200, "2026-01-31", "open")
    assert api.put(own, {"name": "Acme"})["close_books_date"] == "2026-01-31"
    assert api.patch(own, {"close_books_date": None})["close_books_date"] is None
    assert statuses(api)["2026-01"] == "open"


def test_an_entity_and_the_close_of_its_books_are_kept_both_or_neither(api: Api, monkeypatch: pytest.MonkeyPatch):
    """An entity that cannot be kept closes nothing; what was closed is told again by its key."""

    def refuse(*_: object, **__: object) -> None:
        raise Refused("further_must_be_small", field="description")

    own = f"{ENTITIES}/{entity(api)['id']}"
    signed(api)
    before = api.get(own).body

    with monkeypatch.context() as patch:
        patch.setattr(register, "_keep", refuse)
        refused = api.patch(own, {"close_books_date": "2026-01-31", "city": "Berlin"})

    assert (refused.status, refused["code"]) == (400, "further_must_be_small")
    assert api.get(own).body == before
    assert statuses(api).get("2026-01") != "closed"

    told = {"close_books_date": "2026-01-31", "city": "Berlin"}
    closed, again = (api.patch(own, told, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert (closed.status, closed["close_books_date"], closed["city"]) == (200, "2026-01-31", "Berlin")
    assert again.body == closed.body


def test_a_close_date_that_the_books_cannot_have_is_refused_and_nothing_is_kept(api: Api, api_of: Callable[..., Api]):
    own = f"{ENTITIES}/{entity(api)['id']}"
    signed(api)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"close_books_date": "2026-01-30"}, "close_date_must_end_a_month"),
        ({"close_books_date": "2026-03-31"}, "periods_must_close_in_order"),
    ]
    for fields, code in wrong:
        told = api.patch(own, {**fields, "city": "Berlin"})
        assert (told.status, told["code"]) == (400, code)
    differing = api.patch(own, {"close_books_date": "2026-01-31", "subledger_close_date": None})
    assert list(differing.body) == ["subledger_close_date"]
    clerk = api_of(api.actor, role="preparer").patch(own, {"close_books_date": "2026-01-31"})
    assert clerk.status == 403
    api.patch(own, {"close_books_date": "2026-01-31"})
    api.patch(own, {"close_books_date": "2026-02-28"})
    far = api.patch(own, {"close_books_date": None})
    assert (far.status, far["code"]) == (400, "only_the_last_closed_period_reopens")
    assert (api.get(own)["city"], api.get(own)["close_books_date"]) == (None, "2026-02-28")
