"""Requests that a served document allows, made up by schemathesis and answered by the server in this process.

In CI the same few for each operation on every machine; `make fuzz` makes up others, many more.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
MANY = 200
_OF_THE_CLIENT = {"content-type", "content-length"}  # the client of the tests tells them by itself


@dataclass(slots=True)
class Outcome:
    """How many requests were sent, and what was wrong with the answer to the last bad one of an operation."""

    asked: int = 0
    faults: dict[str, Any] = field(default_factory=dict)


def settings(few: int) -> hypothesis.settings:
    """So many examples of each operation, the same each time, or many others."""
    return hypothesis.settings(
        max_examples=MANY if IS_LONG else few,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


def document_of(urlconf: str) -> dict[str, Any]:
    """The document that is served of these paths."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document: dict[str, Any] = SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)
        return document


def operations_of(document: Mapping[str, Any]) -> list[Any]:
    """Every operation of a document, as schemathesis reads it."""
    import schemathesis  # noqa: PLC0415 - takes a second

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(dict(document))
        return [getattr(each, "ok")() for each in schema.get_all_operations()]  # noqa: B009 - a wrong one fails


def ask_all(operations: Sequence[Any], few: int, ask: Callable[[Any, bool], list[str]]) -> Outcome:
    """Make up requests of each operation and ask; `ask(case, names_ours)` sends one and gives what its answer breaks.

    `names_ours`: the ids in the path are to be of things that are there, not made up.
    """
    outcome = Outcome()
    for operation in operations:

        @settings(few)
        @given(case=operation.as_strategy(), names_ours=st.booleans())
        def answered(case: Any, names_ours: bool) -> None:  # noqa: FBT001 - drawn
            outcome.asked += 1
            faults = ask(case, names_ours)
            if faults:
                told = (faults, case.path_parameters, case.query, case.body, case.headers)
                outcome.faults[f"{case.method} {case.operation.path}"] = told

        answered()
    return outcome


def name_ours(case: Any, id_of: Callable[[str, Any], str | int]) -> None:
    """Put ids of things that are there into the path: `id_of(name, made_up)` gives the one of a parameter."""
    for name, made_up in (case.path_parameters or {}).items():
        case.path_parameters[name] = id_of(name, made_up)


def send(case: Any, headers: Mapping[str, str], *, without: Collection[str] = ()) -> tuple[str, Any]:
    """The request as it would be sent, with these headers over its own, without some; its path and answer."""
    import requests  # noqa: PLC0415 - what schemathesis sends with

    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    left_out = {*_OF_THE_CLIENT, *without}
    own = {name: str(value) for name, value in prepared.headers.items() if name.lower() not in left_out}
    answer = Client(headers={"host": "localhost"}, raise_request_exception=False).generic(
        case.method,
        str(prepared.path_url),
        prepared.body or b"",
        content_type=str(prepared.headers.get("Content-Type", "application/json")),
        headers={**own, **headers},
    )
    return str(prepared.path_url).split("?", maxsplit=1)[0], answer
