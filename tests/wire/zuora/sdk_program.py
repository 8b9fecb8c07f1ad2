"""Runs in the environment of Zuora's own client: calls it as told on standard input, a line of JSON per call and answer.

A call names an API of `ZuoraClient` and one of its operations. In arguments and options an object with `$model` is one of
the client's models, made of its other fields. The answer has what the client made of it: `data` as its models write
themselves, the headers that it reads, or the exception that it raised. What the client prints goes to standard error.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from zuora_sdk import Configuration, models
from zuora_sdk.exceptions import ApiException
from zuora_sdk.zuora_client import ZuoraClient

ZUORA_HEADERS = ("zuora_track_id", "zuora_request_id", "rate_limit_limit", "rate_limit_remaining", "rate_limit_reset")


def main() -> None:
    """Answer call after call, each by the client that logged in last."""
    out, sys.stdout = sys.stdout, sys.stderr
    (host,) = sys.argv[1:]
    client: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "log_in" in asked:
            client = ZuoraClient(*asked["log_in"], None, Configuration(host=host))
            client.refresh_token()
            told = {"token": client.token["access_token"]}
        else:
            told = answer(client, asked)
        out.write(json.dumps(told, default=str) + "\n")
        out.flush()


def answer(client: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """What one call comes to."""
    api = getattr(client, asked["api"])()
    operation = getattr(api, f"{asked['call']}_with_http_info")
    options = {name: made(each) for name, each in asked["options"].items()}
    try:
        found = operation(*[made(each) for each in asked["args"]], **options)
    except ApiException as error:
        return {**told_of(error), "error": type(error).__name__, "status": error.status, "body": error.body}
    return {**told_of(found), "error": None, "status": found.status_code, "body": found.raw_data.decode()}


def told_of(found: Any) -> dict[str, Any]:
    """What the client read of an answer, good or bad."""
    return {
        "data": plain(found.data),
        "kind": type(found.data).__name__,
        "all_headers": {name.lower(): value for name, value in dict(found.headers or {}).items()},
        **{name: getattr(found, name) for name in ZUORA_HEADERS},
    }


def made(value: Any) -> Any:
    """An argument as the client takes it."""
    if isinstance(value, dict) and "$model" in value:
        fields = {name: each for name, each in value.items() if name != "$model"}
        return getattr(models, value["$model"])(**fields)
    return value


def plain(data: Any) -> Any:
    """What the client read, as JSON has it."""
    if isinstance(data, list):
        return [plain(each) for each in data]
    return data.to_dict() if hasattr(data, "to_dict") else data


if __name__ == "__main__":
    main()
