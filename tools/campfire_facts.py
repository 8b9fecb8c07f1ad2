"""Write the facts of Campfire's published OpenAPI document to tests/wire/campfire_facts.json.

Usage: python tools/campfire_facts.py DOCUMENT [OUT]

Facts are paths, methods, names, types, what is required, and choices; no sentence of the document is kept. The result is
an OpenAPI document itself. Where a field is documented as never null and yet has no value in some cases, it is marked
nullable here: NULL_HERE is the whole list, and docs/guides/campfire.md tells it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "tests" / "wire" / "campfire_facts.json"
METHODS = ("get", "post", "put", "patch", "delete")
FACTS_OF_A_SCHEMA = (
    "$ref", "type", "format", "nullable", "readOnly", "writeOnly", "enum", "required", "maxLength", "minLength",
    "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum",
)  # fmt: skip
NULL_HERE = {
    "ChartAccount": ("reconciliation_ending_date",),
    "Contract": ("effective_end_date", "working_end_date"),
    "ContractUsage": ("contract_product_bundle",),
    "ContractMilestone": ("contract_product_bundle",),
    "ContractSubscription": ("contract_product_bundle",),
    "ChartTransaction": ("balance_after_transaction", "entity"),
    "AccountingInvoice": ("tax_rate_value", "entity"),
    "AccountingInvoiceList": ("tax_rate_value", "entity"),
    "AccountingCreditMemo": ("voided_date", "entity"),
    "AccountingCreditMemoLine": ("tax_rate_value", "account"),
    "AccountingCreditMemoPayment": ("payment_journal_entry",),
    "RevenueTransaction": ("invoice_voided_date", "credit_memo_date", "credit_memo_voided_date"),
}


def facts_of(document: dict[str, Any]) -> dict[str, Any]:
    """The document without a sentence."""
    schemas = {name: schema(each) for name, each in sorted(document["components"]["schemas"].items())}
    for name, fields in NULL_HERE.items():
        for field in fields:
            schemas[name]["properties"][field]["nullable"] = True
    return {
        "openapi": document["openapi"],
        "info": {"title": "Facts of Campfire's published API", "version": document["info"]["version"]},
        "paths": {path: _operations(each) for path, each in sorted(document["paths"].items())},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"knoxApiToken": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
    }


def schema(said: Any) -> Any:
    """A schema's facts."""
    if not isinstance(said, dict):
        return said
    facts = {name: said[name] for name in FACTS_OF_A_SCHEMA if name in said}
    for name in ("allOf", "oneOf", "anyOf"):
        if name in said:
            facts[name] = [schema(each) for each in said[name]]
    for name in ("items", "additionalProperties"):
        if name in said:
            facts[name] = schema(said[name])
    if "properties" in said:
        facts["properties"] = {name: schema(each) for name, each in said["properties"].items()}
    return facts


def _operations(said: dict[str, Any]) -> dict[str, Any]:
    return {method: _operation(said[method]) for method in METHODS if method in said}


def _operation(said: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"operationId": said["operationId"], "security": [{"knoxApiToken": []}]}
    if said.get("parameters"):
        facts["parameters"] = [_parameter(each) for each in said["parameters"]]
    if "requestBody" in said:
        body = said["requestBody"]
        facts["requestBody"] = {"content": _content(body["content"]), "required": body.get("required", False)}
    facts["responses"] = {
        status: {"description": "", **({"content": _content(each["content"])} if each.get("content") else {})}
        for status, each in said["responses"].items()
    }
    return facts


def _parameter(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": said["name"],
        "in": said["in"],
        "required": said.get("required", False),
        "schema": schema(said.get("schema", {})),
    }


def _content(said: dict[str, Any]) -> dict[str, Any]:
    return {media: {"schema": schema(each.get("schema", {}))} for media, each in said.items()}


def _lines(value: Any, *, depth: int) -> str:
    """JSON with a line for each path and each schema, so that a difference can be read."""
    if depth < 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, separators=(",", ":"))
    each = (f"{json.dumps(name)}:{_lines(below, depth=depth - 1)}" for name, below in value.items())
    return "{\n" + ",\n".join(each) + "\n}"


def main(document: str, out: str | None = None) -> None:
    """Read, strip, write."""
    facts = facts_of(json.loads(Path(document).read_text(encoding="utf-8")))
    Path(out or OUT).write_text(f"{_lines(facts, depth=2)}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
