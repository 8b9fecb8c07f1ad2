"""Events of prepaid commits over the wire; their list is `test_seed_003`."""

from __future__ import annotations

from datetime import date

from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import prepaid_commits
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


def test_the_template_is_a_file(api: Api):
    path = events(api)
    for accept in ("text/csv", "application/json", "*/*"):
        told = api.send("GET", f"{path}/template", b"", accept=accept)
        assert (told.status, told.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert told.headers["Content-Disposition"] == 'attachment; filename="usage-events.csv"'
        header, example = told.text.splitlines()
        assert header.split(",")[:4] == ["external_id", "dt", "dm", "total_revenue_dollars"]
        assert len(header.split(",")) == len(example.split(","))
