"""Requests that the document of the native API allows, made up: each is answered, and as the document says."""

from __future__ import annotations

from functools import cache, partial
from typing import Any
from urllib.parse import quote

import pytest

from tests.wire import made_up
from tests.wire.native.calling import Native, document, faults_of, told_of
from tests.wire.native.everything import Everything, kind_of

FEW, PARTS = 4, 2
LATER = "respond-async"  # is made up by a test of its own: these would go on beside the others


@cache
def operations() -> list[Any]:
    return made_up.operations_of(document())


def asked(everything: Everything, case: Any, names_ours: bool) -> list[str]:  # noqa: FBT001 - drawn
    """Send a request, and give what its answer breaks: a fault of ours, or the document."""
    if names_ours:
        made_up.name_ours(case, lambda name, _: quote(everything.ids[kind_of(case.operation.path, name)], safe=""))
    if "Prefer" in (case.headers or {}):
        case.headers["Prefer"] = str(case.headers["Prefer"]).replace(LATER, "")
    path, answer = made_up.send(case, {"Authorization": f"Token {everything.native.token}"})
    told = told_of(answer)
    return [f"{told.status}: {told.text[:500]}"] if told.status >= 500 else faults_of(case.method, path, told)


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    """Books with one of each thing."""
    from ratable_server.operations.tenants import found_tenant  # noqa: PLC0415 - needs the settings
    from ratable_server.operations.tokens import create_token  # noqa: PLC0415
    from tests.server.conftest import AT  # noqa: PLC0415

    actor = found_tenant(code="of native schemathesis", name="Of schemathesis", request_id="r-0", at=AT)
    return Everything(Native(token=create_token(actor=actor, email="a@b.test", role="admin", at=AT).token, actor=actor))


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_document_allows_is_answered_as_it_says(everything: Everything, part: int):
    of_part = operations()[part::PARTS]
    outcome = made_up.ask_all(of_part, FEW, partial(asked, everything))

    assert outcome.faults == {}
    assert outcome.asked >= len(of_part)
