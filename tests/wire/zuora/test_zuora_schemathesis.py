"""Requests that the served document allows, made up by schemathesis: each is answered, and as the document says.

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

from tests.wire.calling import Told, told_of
from tests.wire.zuora.everything import Everything, kind_of
from tests.wire.zuora.published import ZUORA, served

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES = 200 if IS_LONG else 5
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
OF_TESTS = {"authorization", "content-encoding", "content-type", "content-length"}  # a label of gzip has its own tests


def operations() -> list[Any]:
    """Every operation of the served document, as schemathesis reads it."""
    import schemathesis  # noqa: PLC0415 - takes a second
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = SchemaGenerator(urlconf=ZUORA).get_schema(request=None, public=True)
        schema = schemathesis.openapi.from_dict(document)
        return [getattr(each, "ok")() for each in schema.get_all_operations()]  # noqa: B009 - a wrong one fails


def asked(everything: Everything, case: Any, *, names_ours: bool) -> tuple[str, Told]:
    """The request as it would be sent, of things that are there or of whatever was made up; its path and answer."""
    if names_ours:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = quote(everything.ids[kind_of(case.operation.path, name)], safe="")
    import requests  # noqa: PLC0415 - what schemathesis sends with

    sent = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    headers = {name: str(value) for name, value in sent.headers.items() if name.lower() not in OF_TESTS}
    answer = Client(headers={"host": "localhost"}, raise_request_exception=False).generic(
        case.method,
        str(sent.path_url),
        sent.body or b"",
        content_type=str(sent.headers.get("Content-Type", "application/json")),
        headers={**headers, "Authorization": f"Bearer {everything.zuora.token}", "Accept-Encoding": ""},
    )
    return str(sent.path_url).split("?", maxsplit=1)[0], told_of(answer)


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
    found: dict[str, Any] = {}
    asked_in_all = 0
    for operation in operations():

        @SETTINGS
        @given(case=operation.as_strategy(), names_ours=st.booleans())
        def answered(case: Any, names_ours: bool) -> None:  # noqa: FBT001 - drawn
            nonlocal asked_in_all
            asked_in_all += 1
            path, told = asked(everything, case, names_ours=names_ours)
            faults = wrong(told, case.method, path)
            if faults:
                found[f"{case.method} {case.operation.path}"] = (faults, path, case.query, case.body, case.headers)

        answered()
    assert found == {}
    assert asked_in_all >= len(operations())
