"""Events of prepaid commits over the wire; their list is `test_seed_003`."""

from __future__ import annotations

import json
import threading
from collections.abc import Hashable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ratable_server.api.campfire.translate.usage_events import words_of
from ratable_server.api.campfire.views import usage_events
from ratable_server.operations.usage import record_usage
from ratable_server.queries import prepaid_events_text as events_as_text
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.queries.prepaid_events import EventsAsked, prepaid_events
from ratable_server.queries.prepaid_events_text import EventsText, prepaid_events_text
from ratable_server.store import seen_lists
from ratable_server.store.scope import books_of
from ratable_server.store.seen_lists import Counted, ListAsked, Page, Place, counted_before, page_before, place_before
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted


def events(api: Api, *teams: str | None) -> str:
    """The path of the events of a prepaid commit, one for each team."""
    contract = signed(api)["id"]
    commit = granted(api, contract)["id"]
    code = prepaid_commits(actor=api.actor).rows[-1].code
    records = [
        {"id": f"{code}-{number}", "prepaid_commit": code, "used_on": date(2026, 1, 5), "amount": 1}
        | ({"team_id": team} if team else {})
        for number, team in enumerate(teams)
    ]
    if records:
        record_usage(actor=api.actor, records=records, at=AT)
    return f"contracts/{contract}/prepaid-commits/{commit}/usage-events"


def test_values_of_a_column_are_told_once_in_their_order(api: Api):
    events(api, "of another commit")
    path = events(api, "b", "a", None, "b")
    assert api.get(f"{path}/distinct-values", field="team_id").body == {"field": "team_id", "values": ["a", "b"]}
    assert api.get(f"{path}/distinct-values", field="nothing").body == {"field": "nothing", "values": []}
    told = api.get(f"{path}/distinct-values")
    assert (told.status, told.body) == (400, {"field": ["This field is required."]})


def test_events_are_narrowed_by_month_data_and_kind(api: Api):
    path = events(api, "b", "a", None, "b")
    rows = "external_id,dt,total_revenue_dollars,is_adjustment,original_period_month,team_id\n"
    rows += "n1,2026-02-03,5,false,,a\nf1,2026-02-04,-5,true,2026-01-01,a\n"
    assert api.send("POST", f"{path}/upload", rows, content_type="text/csv").status == 200

    def found(**asked: str) -> list[tuple[str, bool]]:
        told = api.get(path, **asked)
        assert told["count"] == len(told["results"])
        return [(each["event_date"], each["is_adjustment"]) for each in told["results"]]

    january, february = ("2026-01-05", False), ("2026-02-03", False)
    fix = ("2026-02-04", True)
    assert found() == [january] * 4 + [february, fix]
    assert found(period_month="2026-02-01") == [february, fix]
    assert found(data__team_id="a") == [january, february, fix]
    assert found(data__team_id="a", is_adjustment="false") == [january, february]
    assert found(is_adjustment="true") == [fix]
    assert found(data__nothing="a") == []
    assert api.get(path, limit="2", offset="4", is_adjustment="true")["count"] == 1
    for name, said in (("period_month", "soon"), ("is_adjustment", "maybe")):
        told = api.get(path, **{name: said})
        assert (told.status, list(told.body)) == (400, [name])


def test_events_are_left_out_by_the_letters_that_their_ids_begin_with(api: Api):
    """Whatever letters these are; some mean something in patterns of SQL."""
    contract, commit = (int(each) for each in events(api).split("/")[1:4:2])
    code = prepaid_commits(actor=api.actor).rows[-1].code
    ids = ["a%b", "a_b", "axb", "a\\b", "A%b"]
    records = [{"id": id, "prepaid_commit": code, "used_on": date(2026, 1, 5), "amount": 1} for id in ids]
    record_usage(actor=api.actor, records=records, at=AT)

    def left(less: str) -> list[str]:
        asked = EventsAsked(less=less)
        of: dict[str, Any] = {"actor": api.actor, "contract_id": contract, "commit_id": commit, "asked": asked}
        written, told = prepaid_events_text(**of, words=words_of(commit)), prepaid_events(**of)
        assert written is not None
        assert told is not None
        assert [written.count, written.text.count("{}")] == [told.count, told.count]
        return [each["external_id"] for each in json.loads(f"[{written.text}]")]

    assert left("a") == ["A%b"]
    assert left("a%") == ["a_b", "axb", "a\\b", "A%b"]
    assert left("a_") == ["a%b", "axb", "a\\b", "A%b"]
    assert left("a\\") == ["a%b", "a_b", "axb", "A%b"]
    assert left("%") == ids


class Counting:
    """How many events a program is told of that reads them page after page."""

    def __init__(self, api: Api) -> None:
        path = events(api, "a", "b")
        self.actor, (self._contract, self._commit) = api.actor, [int(each) for each in path.split("/")[1:4:2]]
        self.code = prepaid_commits(actor=api.actor).rows[-1].code

    def page(self, offset: int, limit: int = 1, **data: str) -> EventsText:
        page = prepaid_events_text(
            actor=self.actor,
            contract_id=self._contract,
            commit_id=self._commit,
            asked=EventsAsked(limit=limit, offset=offset, data=data),
            words=words_of(self._commit),
        )
        assert page is not None
        return page

    def of_page(self, offset: int) -> int:
        return self.page(offset).count

    def ids(self, offset: int, limit: int) -> list[str]:
        """The events of a page, by the ids that they came under."""
        return [each["external_id"] for each in json.loads(f"[{self.page(offset, limit).text}]")]

    def __call__(self) -> int:
        (count,) = {self.of_page(0), self.of_page(1)}
        return count

    def add(self, id: str) -> None:
        record = {"id": id, "prepaid_commit": self.code, "used_on": date(2026, 1, 6), "amount": 1}
        record_usage(actor=self.actor, records=[record], at=AT)

    def adds(self, id: str, *, until: threading.Event, is_kept: bool) -> threading.Thread:
        """Another connection that adds an event, and then ends its transaction in one of two ways."""
        is_added = threading.Event()

        def add() -> None:
            try:
                with suppress(ZeroDivisionError), books_of(self.actor):
                    self.add(id)
                    is_added.set()
                    assert until.wait(60)
                    if not is_kept:
                        raise ZeroDivisionError
            finally:
                is_added.set()
                connection.close()

        thread = threading.Thread(target=add)
        thread.start()
        assert is_added.wait(60)
        return thread


def test_events_are_not_counted_again_for_the_next_page(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Seen by a count that was made up: it is told as long as the database shows the same, and no longer."""
    counting = Counting(api)

    def made_up(asked: ListAsked) -> Counted | None:
        counted = counted_before(asked)
        return None if counted is None else counted._replace(rows=17)

    monkeypatch.setattr(events_as_text, "counted_before", made_up)
    assert {counting.of_page(offset) for offset in range(200)} == {2, 17}
    counting.add("one more")
    assert counting.of_page(0) == 3


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "given up"])
def test_events_are_counted_again_once_somebody_has_written(api: Api, *, is_kept: bool):
    counting = Counting(api)
    assert counting() == 2
    ends = threading.Event()
    other = counting.adds("of another", until=ends, is_kept=is_kept)
    assert [counting(), counting()] == [2, 2]
    ends.set()
    other.join()
    assert [counting(), counting()] == ([3, 3] if is_kept else [2, 2])
    counting.add("of the same")
    assert [counting(), counting()] == ([4, 4] if is_kept else [3, 3])


def test_a_page_begins_where_the_last_one_ended(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Seen by a place that was made up: it is gone by as long as the database shows the same, and no longer."""
    counting = Counting(api)
    for number in range(4):
        counting.add(f"added {number}")
    assert [counting.of_page(offset) for offset in (0, 0, 0, 1)] == [6] * 4
    begun: list[Place] = []

    def behind(asked: ListAsked, offset: int) -> Place:
        begun.append(place_before(asked, offset))
        return begun[-1]._replace(id=2**60) if offset == 5 else begun[-1]

    monkeypatch.setattr(events_as_text, "place_before", behind)
    assert [counting.ids(offset, 1) for offset in (2, 3, 5)] == [["added 0"], ["added 1"], []]
    assert [place.rows for place in begun] == [2, 3, 4]
    counting.add("one more")
    assert counting.ids(5, 1) == ["added 3"]


def test_the_same_page_is_not_read_again(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Seen by a page that was made up: it is told as long as the database shows the same, for this page alone."""
    counting = Counting(api)

    def made_up(asked: ListAsked, page: Hashable) -> Page | None:
        told = page_before(asked, page)
        return None if told is None else told._replace(text="made up")

    monkeypatch.setattr(events_as_text, "page_before", made_up)
    read = counting.page(0).text
    assert [counting.page(0).text for _ in range(4)] == [read, read, "made up", "made up"]
    assert len({counting.page(1).text, counting.page(0, limit=2).text, read, "made up"}) == 4
    assert {counting.page(*asked).text for asked in ((1, 1), (0, 2))} == {"made up"}
    with books_of(api.actor):
        counting.add("given up")
        assert counting.page(0).text == read
        transaction.set_rollback(True)
    assert counting.page(0).text == read
    assert counting.page(0, 1000).count == 2
    counting.add("one more")
    assert [json.loads(counting.page(2).text)["external_id"] for _ in range(3)] == ["one more"] * 3


def test_pages_are_kept_as_far_as_there_is_room(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seen_lists, "_counted", WeakKeyDictionary())
    counting = Counting(api)
    kept: list[bool] = []

    def looked_at(asked: ListAsked, page: Hashable) -> Page | None:
        told = page_before(asked, page)
        kept.append(told is not None)
        return told

    monkeypatch.setattr(events_as_text, "page_before", looked_at)
    weight = 1_000 + len(counting.page(0).text)
    counting.page(0)

    def is_kept(*asked: tuple[int, int], room: int) -> list[bool]:
        monkeypatch.setattr(seen_lists, "_MOST_LETTERS", room)
        kept.clear()
        for offset, limit in asked:
            counting.page(offset, limit)
        return list(kept)

    first, second, both, behind, further = (0, 1), (1, 1), (0, 2), (7, 1), (8, 1)
    assert is_kept(first, second, first, second, room=2 * weight - 1) == [False] * 4
    assert is_kept(first, second, first, second, room=2 * weight) == [False, True, True, True]
    assert is_kept(both, both, room=weight) == [False, False]
    assert is_kept(behind, further, behind, room=1_999) == [False] * 3
    assert is_kept(further, behind, further, room=2_000) == [False, True, True]


def test_lists_are_kept_as_far_as_there_is_room(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Of each a number of letters, and a number of them; one that is counted anew keeps its room."""
    monkeypatch.setattr(seen_lists, "_counted", WeakKeyDictionary())
    counting = Counting(api)
    known: list[bool] = []

    def looked_at(asked: ListAsked) -> Counted | None:
        counted = counted_before(asked)
        known.append(counted is not None)
        return counted

    monkeypatch.setattr(events_as_text, "counted_before", looked_at)

    def is_known(*teams: str) -> list[bool]:
        known.clear()
        for team in teams:
            assert counting.page(0, team_id=team).count == (1 if team in {"a", "b"} else 0)
        return list(known)

    assert is_known("a", "a", "a") == [False, False, True]
    assert is_known(*["x" * 1_000] * 3) == [False] * 3
    monkeypatch.setattr(seen_lists, "_MOST", 2)
    assert is_known("b", "b", "a", "b") == [False, False, True, True]
    assert is_known("c", "c", "a", "a", "c", "a") == [False, False, False, False, True, True]


def test_pages_are_the_same_wherever_the_one_before_ended(api: Api):
    """Forward, backward, past the end, in steps of all lengths, and while somebody writes."""
    counting = Counting(api)
    for number in range(5):
        counting.add(f"added {number}")
    every = counting.ids(0, 100)
    assert len(every) == len(set(every)) == 7
    pages = [(offset, limit) for limit in (1, 2, 3, 7, 50) for offset in range(9)]
    for asked in ([*pages, *pages], pages[::-1], sorted(pages)):
        for offset, limit in asked:
            assert counting.ids(offset, limit) == every[offset : offset + limit]
    for number, (offset, limit) in enumerate(pages[::9]):
        assert counting.ids(offset, limit) == every[offset : offset + limit]
        counting.add(f"meanwhile {number}")
        every.append(f"meanwhile {number}")
        assert counting.ids(len(every) - 1, 2) == [f"meanwhile {number}"]
        assert counting.page(len(every), 2).count == len(every)


def test_many_events_are_counted_to_the_last_one(api: Api):
    """Those above a number are counted in another way than a few, and each page tells the same."""
    counting, other = Counting(api), Counting(api)
    with books_of(api.actor), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO usage_record SELECT (jsonb_populate_record(NULL::usage_record, to_jsonb(known)"
            " || jsonb_build_object('id', known.id + 1000000::bigint * copy))).*"
            " FROM usage_record AS known CROSS JOIN generate_series(1, 5100) AS copy WHERE stream LIKE %s",
            [f"%{other.code}"],
        )
        assert cursor.rowcount == 10_200
        assert (counting.of_page(0), [other.of_page(offset) for offset in (0, 5_000, 10_201)]) == (2, [10_202] * 3)
        assert [other.page(offset, 2).count for offset in (10_200, 10_201, 10_202)] == [10_202] * 3
        transaction.set_rollback(True)


def test_the_last_page_is_not_counted_beside_itself(api: Api):
    """It ends before its limit: what came before it and its own events are all there are."""
    counting = Counting(api)
    with books_of(api.actor):
        assert [scans(counting, offset=0, limit=2), scans(counting, offset=1, limit=1)] == [2, 2]
        assert [scans(counting, offset=0, limit=3), scans(counting, offset=1, limit=2)] == [1, 1]


def scans(counting: Counting, *, offset: int, limit: int) -> int:
    """How often a page of two events in all looks for usage."""
    with CaptureQueriesContext(connection) as captured:
        assert counting.page(offset, limit).count == 2
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked_of(captured)}")
        ((told,),) = cursor.fetchall()
    waiting, found = [(json.loads(told) if isinstance(told, str) else told)[0]["Plan"]], 0
    while waiting:
        node = waiting.pop()
        waiting.extend(node.get("Plans", []))
        found += node.get("Relation Name") == "usage_record_2026_01" and node["Actual Loops"] > 0
    return found


def asked_of(captured: CaptureQueriesContext) -> str:
    (asked,) = [each["sql"] for each in captured.captured_queries if each["sql"].startswith("EXECUTE")]
    return asked


def test_a_transaction_sees_the_events_that_it_has_added(api: Api):
    counting = Counting(api)
    assert counting() == 2
    with suppress(ZeroDivisionError), books_of(api.actor):
        for number in range(3):
            assert counting() == 2 + number
            counting.add(f"added {number}")
        assert counting() == 5
        raise ZeroDivisionError
    assert counting() == 2


def test_the_template_is_a_file(api: Api):
    path = events(api)
    for accept in ("text/csv", "application/json", "*/*"):
        told = api.send("GET", f"{path}/template", b"", accept=accept)
        assert (told.status, told.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert told.headers["Content-Disposition"] == 'attachment; filename="usage-events.csv"'
        header, example = told.text.splitlines()
        assert header.split(",")[:4] == ["external_id", "dt", "dm", "total_revenue_dollars"]
        assert len(header.split(",")) == len(example.split(","))


def test_events_that_the_database_writes_are_those_that_we_would_tell(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Letter by letter, whatever came with them: read as JSON, with every digit and in the order of the document."""
    path = events(api, "a", None)
    code = prepaid_commits(actor=api.actor).rows[-1].code
    odd = [
        {"amount": Decimal("0.000000000001"), "team": 'quo"te\\ \n\t\x7f\u2028 \u00e9 \U0001f525', 'n"ame': "x"},
        {"amount": Decimal("123456789012.50"), "total_events": "17", "external_id": "theirs"},
        {"amount": 0, "total_events": "many", "external_id": ""},
        {"amount": 1, "total_events": "-3"},
    ]
    records = [
        {"id": f"row/{n} '\"", "prepaid_commit": code, "used_on": date(2026, n, 28), **each}
        for n, each in enumerate(odd, 1)
    ]
    at = datetime(2026, 5, 1, 1, 2, 3, 40, tzinfo=UTC)
    record_usage(actor=api.actor, records=records, at=at)
    file = "external_id,dt,total_revenue_dollars,total_events,team\nn-1,2026-02-03,5,8,a\n,2026-02-04,6.10,,b\n"
    for sent in (file.replace(",5,8,", ",4,9,"), file):  # the second one takes back what the first said of n-1
        assert api.send("POST", f"{path}/upload", sent, content_type="text/csv").status == 200
    may = {"period_month": "2026-05-01", "gross_usage_amount": 7}  # as a whole: no event
    assert api.post(path.replace("usage-events", "consumption"), may).status == 201
    asked: list[dict[str, str]] = [
        {}, {"limit": "3"}, {"limit": "2", "offset": "7"}, {"offset": "99"}, {"period_month": "2026-02-01"},
        {"data__team": "a"}, {"is_adjustment": "true"}, {"is_adjustment": "false", "limit": "4"},
    ]  # fmt: skip
    written = [api.get(path, **each) for each in asked]
    monkeypatch.setattr(usage_events, "prepaid_events_text", lambda **_: None)
    told = [api.get(path, **each) for each in asked]
    assert [each["count"] for each in told] == [9, 9, 9, 9, 4, 1, 0, 9]  # the row without an id is there twice
    for one, other in zip(written, told, strict=True):
        assert json.dumps(one.body, default=str) == json.dumps(other.body, default=str)
        assert (one.status, one.headers["Content-Type"]) == (other.status, other.headers["Content-Type"])
    counts = {each["external_id"]: each["total_events"] for each in told[0]["results"]}
    assert counts == {
        f"{code}-0": 0, f"{code}-1": 0, "row/1 '\"": 0, "theirs": 17, "": 0, "row/4 '\"": -3, "n-1": 8, None: 0,
    }  # fmt: skip
