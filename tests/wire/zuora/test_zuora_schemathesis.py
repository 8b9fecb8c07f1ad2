"""Requests that the document of Zuora's dialect allows, made up: each is answered, and as the document says."""

from __future__ import annotations

from functools import cache, partial
from typing import Any
from urllib.parse import quote

import pytest

from tests.wire import made_up
from tests.wire.calling import Told, told_of
from tests.wire.zuora.everything import Everything, kind_of
from tests.wire.zuora.published import ZUORA, served

FEW = 5
OF_TESTS = ("authorization", "content-encoding")  # a label of gzip has its own tests


@cache
def operations() -> list[Any]:
    return made_up.operations_of(made_up.document_of(ZUORA))


def asked(everything: Everything, case: Any, names_ours: bool) -> list[str]:  # noqa: FBT001 - drawn
    """Send a request, and give what its answer breaks."""
    if names_ours:
        made_up.name_ours(case, lambda name, _: quote(everything.ids[kind_of(case.operation.path, name)], safe=""))
    headers = {"Authorization": f"Bearer {everything.zuora.token}", "Accept-Encoding": ""}
    path, answer = made_up.send(case, headers, without=OF_TESTS)
    return wrong(told_of(answer), case.method, path)


def wrong(told: Told, method: str, path: str) -> list[str]:
    """What an answer breaks: a fault of ours, a status that is not told, a body of another shape."""
    if told.status >= 500:
        return [f"{told.status}: {told.text[:500]}"]
    documented = served().operation(method, path)
    if documented is not None and str(told.status) not in documented["responses"]:
        return [f"{told.status} is not documented: {told.text[:500]}"]
    return served().faults(method, path, told.status, told.body)


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    return Everything("of zuora schemathesis")


def test_what_the_document_allows_is_answered_as_it_says(everything: Everything):
    outcome = made_up.ask_all(operations(), FEW, partial(asked, everything))

    assert outcome.faults == {}
    assert outcome.asked >= len(operations())
