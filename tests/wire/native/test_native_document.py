"""The OpenAPI document of the native API: it is committed, it is current, and it tells every answer of every operation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.wire.native.calling import Native, document

COMMITTED = Path(__file__).resolve().parents[3] / "openapi" / "native.yaml"
EVERY = {"400", "401", "403", "404", "406", "429", "503"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, each in document()["paths"].items():
        for method, operation in each.items():
            yield method, path, operation


def test_the_committed_document_is_the_one_that_is_served():
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings

    from tests.wire.native.calling import ROUTES  # noqa: PLC0415

    told = call_command("spectacular", urlconf=ROUTES, format="openapi", fail_on_warn=True, validate=True, file=None)
    assert told is None
    from drf_spectacular.renderers import OpenApiYamlRenderer  # noqa: PLC0415

    written = OpenApiYamlRenderer().render(document(), renderer_context={}).decode()
    assert COMMITTED.read_text(encoding="utf-8") == written, "ratable schema --api native --out openapi/native.yaml"


def test_every_operation_tells_every_answer():
    untold = [
        (method, path, status)
        for method, path, operation in operations()
        for status, answer in operation["responses"].items()
        if "content" not in answer and status != "204"
    ]
    assert untold == []
    for method, path, operation in operations():
        assert set(operation["responses"]) >= EVERY, (method, path)
        if method in {"post", "put", "patch"}:
            assert {"409", "413", "415"} <= set(operation["responses"]), (method, path)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert [name for name in names if "api_v1" in name] == []
    assert [path for _, path, operation in operations() if not operation.get("description")] == []


def test_no_number_of_an_answer_is_anything_but_whole():
    floats = [
        (name, field)
        for name, schema in document()["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        if told.get("type") == "number"
    ]
    assert floats == []


def test_refusals_are_problem_documents():
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_the_document_is_served(native: Native):
    answer = native.client.get("/docs/native/openapi.json")
    assert (answer.status_code, answer.json()["paths"].keys()) == (200, document()["paths"].keys())
    assert native.client.get("/docs/native").status_code == 200
