"""Requests that the document of the native API allows, made up by schemathesis: each is answered, and as it says.

In CI the same few for each operation on every machine; `make fuzz` makes up others, many more.
"""

from __future__ import annotations

import os
import warnings
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from tests.wire.calling import Told
from tests.wire.native.calling import Native, document, faults_of, told_of
from tests.wire.native.everything import Everything, Ids, kind_of

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES, PARTS = (200, 2) if IS_LONG else (4, 2)
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
LATER = "respond-async"  # is made up by a test of its own: these would go on beside the others


def operations() -> list[Any]:
    """Every operation of the served document, as schemathesis reads it."""
    import schemathesis  # noqa: PLC0415 - takes a second

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(document())
        return [getattr(each, "ok")() for each in schema.get_all_operations()]  # noqa: B009 - a wrong one fails


def asked(native: Native, case: Any, ids: Ids, *, names_ours: bool) -> tuple[str, Told]:
    """The request as it would be sent, of things that are there or of whatever was made up; its path and answer."""
    if names_ours:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = quote(ids[kind_of(case.operation.path, name)], safe="")
    import requests  # noqa: PLC0415 - what schemathesis sends with

    sent = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    headers = {
        name: str(value) for name, value in sent.headers.items() if name not in {"Content-Type", "Content-Length"}
    }
    headers["Prefer"] = headers.get("Prefer", "").replace(LATER, "")
    answer = Client(headers={"host": "localhost"}, raise_request_exception=False).generic(
        case.method,
        str(sent.path_url),
        sent.body or b"",
        content_type=str(sent.headers.get("Content-Type", "application/json")),
        headers={**headers, "Authorization": f"Token {native.token}"},
    )
    return str(sent.path_url).split("?")[0], told_of(answer)


def wrong(told: Told, method: str, path: str) -> list[str]:
    """What an answer breaks: a fault of ours, or the document."""
    return [f"{told.status}: {told.text[:500]}"] if told.status >= 500 else faults_of(method, path, told)


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
    found: dict[str, Any] = {}
    asked_in_all = 0
    for operation in operations()[part::PARTS]:

        @SETTINGS
        @given(case=operation.as_strategy(), names_ours=st.booleans())
        def answered(case: Any, names_ours: bool) -> None:  # noqa: FBT001 - drawn
            nonlocal asked_in_all
            asked_in_all += 1
            path, told = asked(everything.native, case, everything.ids, names_ours=names_ours)
            faults = wrong(told, case.method, path)
            if faults:
                found[f"{case.method} {case.operation.path}"] = (faults, path, case.query, case.body)

        answered()
    assert found == {}
    assert asked_in_all >= len(operations()) // PARTS
