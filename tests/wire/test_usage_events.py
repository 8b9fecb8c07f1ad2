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


def test_the_template_is_a_file(api: Api):
    path = events(api)
    for accept in ("text/csv", "application/json", "*/*"):
        told = api.send("GET", f"{path}/template", b"", accept=accept)
        assert (told.status, told.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert told.headers["Content-Disposition"] == 'attachment; filename="usage-events.csv"'
        header, example = told.text.splitlines()
        assert header.split(",")[:4] == ["external_id", "dt", "dm", "total_revenue_dollars"]
        assert len(header.split(",")) == len(example.split(","))
