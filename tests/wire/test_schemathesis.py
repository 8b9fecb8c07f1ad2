"""Requests that the document of Campfire's dialect allows, made up: each is answered, and as the document says."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pytest

from tests.wire import made_up
from tests.wire.calling import Api, Told, told_of
from tests.wire.schemas import CAMPFIRE, served
from tests.wire.test_matrix import Everything, kind_of

FEW, PARTS = 3, 4
# What is not JSON, and what works for minutes on whatever it is given.
LEFT_OUT = ("/usage-events/template",)


@cache
def operations() -> list[Any]:
    found = made_up.operations_of(made_up.document_of(CAMPFIRE))
    return [each for each in found if not each.path.endswith(LEFT_OUT)]


def asked(everything: Everything, case: Any, names_ours: bool) -> list[str]:  # noqa: FBT001 - drawn
    """Send a request, and give what its answer breaks."""
    if names_ours:
        made_up.name_ours(case, lambda name, other: everything.ids.get(kind_of(case.operation.path, name), other))
    path, answer = made_up.send(case, {"Authorization": f"Token {everything.api.token}"})
    return faults_of(told_of(answer), case.method, path)


def faults_of(told: Told, method: str, path: str) -> list[str]:
    """What an answer breaks: a fault of ours, a status that is not told, a body of another shape."""
    documented = served().operation(method, path)
    if told.status >= 500 and told.status != 501:
        return [f"{told.status}: {told.text[:500]}"]
    if documented is not None and str(told.status) not in documented["responses"]:
        return [f"{told.status} is not documented: {told.text[:500]}"]
    return served().faults(method, path, told.status, told.body)


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    """Books with one of each thing."""
    from ratable_server.operations.tenants import found_tenant  # noqa: PLC0415 - needs the settings
    from ratable_server.operations.tokens import create_token  # noqa: PLC0415
    from tests.server.conftest import AT  # noqa: PLC0415

    actor = found_tenant(code="of schemathesis", name="Of schemathesis", request_id="r-0", at=AT)
    token = create_token(actor=actor, email="a@b.test", role="admin", at=AT).token
    return Everything(Api(token=token, actor=actor))


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_document_allows_is_answered_as_it_says(everything: Everything, part: int):
    of_part = operations()[part::PARTS]
    outcome = made_up.ask_all(of_part, FEW, partial(asked, everything))

    assert outcome.faults == {}
    assert outcome.asked >= len(of_part)
