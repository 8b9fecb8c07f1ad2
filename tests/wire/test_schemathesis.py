"""Requests that the served document allows, made up by schemathesis: each is answered, and as the document says.

No answer is a fault of ours. In CI the same few for each operation on every machine; `make fuzz` makes up others, many more.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import hypothesis
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from tests.wire.calling import Api, Told, told_of
from tests.wire.schemas import CAMPFIRE, served
from tests.wire.test_matrix import Everything, Ids, kind_of

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES, PARTS = (200, 4) if IS_LONG else (3, 4)
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
# What is not JSON, and what works for minutes on whatever it is given.
LEFT_OUT = ("/usage-events/template",)


def operations() -> list[Any]:
    """Every operation of the served document, as schemathesis reads it."""
    import schemathesis  # noqa: PLC0415 - takes a second
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(SchemaGenerator(urlconf=CAMPFIRE).get_schema(request=None, public=True))
        found: list[Any] = [getattr(each, "ok")() for each in schema.get_all_operations()]  # noqa: B009 - a wrong one fails
    return [each for each in found if not each.path.endswith(LEFT_OUT)]


def asked(api: Api, case: Any, ids: Ids, *, names_ours: bool) -> tuple[str, Told]:
    """The request as it would be sent, of things that are there or of whatever was made up; its path and answer."""
    if names_ours:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = ids.get(kind_of(case.operation.path, name), case.path_parameters[name])
    import requests  # noqa: PLC0415 - what schemathesis sends with

    sent = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    headers = {
        name: str(value) for name, value in sent.headers.items() if name not in {"Content-Type", "Content-Length"}
    }
    answer = Client(headers={"host": "localhost"}, raise_request_exception=False).generic(
        case.method,
        str(sent.path_url),
        sent.body or b"",
        content_type=str(sent.headers.get("Content-Type", "application/json")),
        headers={**headers, "Authorization": f"Token {api.token}"},
    )
    return str(sent.path_url).split("?")[0], told_of(answer)


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
    found: dict[str, Any] = {}
    asked_in_all = 0
    for operation in operations()[part::PARTS]:

        @SETTINGS
        @given(case=operation.as_strategy(), names_ours=st.booleans())
        def answered(case: Any, names_ours: bool) -> None:  # noqa: FBT001 - drawn
            nonlocal asked_in_all
            asked_in_all += 1
            path, told = asked(everything.api, case, everything.ids, names_ours=names_ours)
            faults = faults_of(told, case.method, path)
            if faults:
                found[f"{case.method} {case.operation.path}"] = (faults, path, case.query, case.body)

        answered()
    assert found == {}
    assert asked_in_all >= len(operations()) // PARTS
