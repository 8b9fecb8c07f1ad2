"""Write the facts of Zuora's published API documents to tests/wire/zuora/zuora_facts.json.

Usage: python tools/zuora_facts.py DOCUMENT… [--out OUT]

Facts are paths, methods, names, types, what is required, and choices; no sentence of the documents is kept. They are Swagger
2.0 documents, one for each part of the API; the result is one OpenAPI 3.0 document. Fields that their own examples show as
null, or that have no value here in some cases, are marked nullable: NULL_HERE is the whole list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "tests" / "wire" / "zuora" / "zuora_facts.json"
METHODS = ("get", "post", "put", "patch", "delete")
FACTS_OF_A_SCHEMA = ("type", "format", "readOnly", "enum", "required", "maxLength", "minLength", "maximum", "minimum")
NULL_HERE = {
    "GETAccountingPeriodType": (
        "createdBy", "createdOn", "updatedBy", "updatedOn", "runTrialBalanceStart", "runTrialBalanceEnd",
        "runTrialBalanceErrorMessage", "fileIds/*",
    ),
    "GETAccountingPeriodWithoutSuccessType": (
        "createdBy", "createdOn", "updatedBy", "updatedOn", "runTrialBalanceStart", "runTrialBalanceEnd",
        "runTrialBalanceErrorMessage", "fileIds/*",
    ),
}  # fmt: skip
LOOSE_FORMATS = {"date-time", "URL"}  # their examples of moments have neither T nor zone
_BODY, _FORM = "body", "formData"


def facts_of(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The documents without a sentence, as one."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for document in documents:
        for name, said in document.get("definitions", {}).items():
            _add_schema(schemas, name, schema(said))
        for path, said in document["paths"].items():
            paths[path] = {method: _operation(said[method], document) for method in METHODS if method in said}
    for name, fields in NULL_HERE.items():
        for field in fields:
            for found in _fields(schemas[name], field.split("/")):
                found["nullable"] = True
    return {
        "openapi": "3.0.3",
        "info": {"title": "Facts of Zuora's published API", "version": documents[0]["info"]["version"]},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def schema(said: Any) -> Any:
    """A schema's facts."""
    if not isinstance(said, dict):
        return said
    if "$ref" in said:
        return {"$ref": said["$ref"].replace("#/definitions/", "#/components/schemas/")}
    facts = {name: said[name] for name in FACTS_OF_A_SCHEMA if name in said}
    if facts.get("format") in LOOSE_FORMATS:
        del facts["format"]
    if "allOf" in said:
        facts["allOf"] = [schema(each) for each in said["allOf"]]
    for name in ("items", "additionalProperties"):
        if name in said:
            facts[name] = schema(said[name])
    if "properties" in said:
        facts["properties"] = {name: schema(each) for name, each in said["properties"].items()}
    return facts


def _add_schema(schemas: dict[str, Any], name: str, facts: Any) -> None:
    """The same name means the same in every document, or this tool has to tell them apart."""
    if schemas.setdefault(name, facts) != facts:
        raise SystemExit(f"{name} is not the same in all documents")


def _fields(said: dict[str, Any], road: list[str]) -> Iterator[dict[str, Any]]:
    """The fields of a schema at the end of a road of names; `*`: all of them."""
    for part in (said, *said.get("allOf", ())):
        for name, field in part.get("properties", {}).items():
            if road[0] not in {name, "*"}:
                continue
            if len(road) == 1:
                yield field
            else:
                yield from _fields(field, road[1:])


def _operation(said: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    parameters = [_resolved(each, document) for each in said.get("parameters", ())]
    facts: dict[str, Any] = {"operationId": said["operationId"]}
    facts["parameters"] = [_parameter(each) for each in parameters if each["in"] not in {_BODY, _FORM}]
    body = _body(parameters, said.get("consumes") or document.get("consumes") or ["application/json"])
    if body:
        facts["requestBody"] = body
    facts["responses"] = {status: _response(each) for status, each in said["responses"].items()}
    return facts


def _resolved(said: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["parameters"][said["$ref"].rsplit("/", 1)[1]] if "$ref" in said else said
    return found


def _parameter(said: dict[str, Any]) -> dict[str, Any]:
    types = {name: said[name] for name in FACTS_OF_A_SCHEMA if name in said and name != "required"}
    return {"name": said["name"], "in": said["in"], "required": said.get("required", False), "schema": types}


def _body(parameters: list[dict[str, Any]], media: list[str]) -> dict[str, Any]:
    for each in parameters:
        if each["in"] == _BODY:
            return {"content": {name: {"schema": schema(each["schema"])} for name in media}}
    fields = [each for each in parameters if each["in"] == _FORM]
    if not fields:
        return {}
    form = {
        "type": "object",
        "required": [each["name"] for each in fields if each.get("required")],
        "properties": {each["name"]: _form_field(each) for each in fields},
    }
    return {"content": {name: {"schema": form} for name in media}}


def _form_field(said: dict[str, Any]) -> dict[str, Any]:
    if said["type"] == "file":
        return {"type": "string", "format": "binary"}
    return {name: said[name] for name in FACTS_OF_A_SCHEMA if name in said and name != "required"}


def _response(said: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"description": ""}
    if "headers" in said:
        facts["headers"] = {
            name: {"schema": {key: each[key] for key in FACTS_OF_A_SCHEMA if key in each}}
            for name, each in said["headers"].items()
        }
    if "schema" in said:
        facts["content"] = {"application/json": {"schema": schema(said["schema"])}}
    return facts


def _lines(value: Any, *, depth: int) -> str:
    """JSON with a line for each path and each schema, so that a difference can be read."""
    if depth < 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, separators=(",", ":"))
    each = (f"{json.dumps(name)}:{_lines(below, depth=depth - 1)}" for name, below in value.items())
    return "{\n" + ",\n".join(each) + "\n}"


def main(arguments: list[str]) -> None:
    """Read, strip, write."""
    out = Path(arguments[arguments.index("--out") + 1]) if "--out" in arguments else OUT
    names = [name for name in arguments if name != "--out" and name != str(out)]
    facts = facts_of([json.loads(Path(name).read_text(encoding="utf-8")) for name in names])
    out.write_text(f"{_lines(facts, depth=2)}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
