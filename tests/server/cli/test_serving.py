"""Tokens and the served document from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ratable_server.actor import Actor
from ratable_server.queries.tokens import actor_of_token, tokens
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command


@pytest.mark.parametrize(
    ("said", "role"), [("admin", "admin"), ("clerk", "preparer"), ("preparer", "preparer"), ("viewer", "viewer")]
)
def test_a_token_is_printed_alone_and_acts_in_its_role(actor: Actor, said: str, role: str):
    told = Command(actor)("token", "create", "--email", "a@b.test", "--role", said)
    assert told.exit_code == DONE, told.output
    (token,) = told.stdout.splitlines()
    holder = actor_of_token(token=token, request_id="r-1")
    assert holder == Actor(tenant_id=actor.tenant_id, name="a@b.test", role=role, request_id="r-1")  # type: ignore[arg-type]


def test_tokens_are_listed_and_taken_back(actor: Actor):
    ratable = Command(actor)
    issued = ratable.json("token", "create", "--email", "a@b.test")
    (listed,) = ratable.json("token", "list")
    assert (listed["hint"], listed["email"], listed["revoked_at"]) == (issued["token"][:8], "a@b.test", None)
    assert issued["token"] not in ratable("token", "list").output
    assert ratable("token", "revoke", str(issued["token_id"])).exit_code == DONE
    assert actor_of_token(token=issued["token"], request_id="r-1") is None


def test_what_cannot_be_is_refused_and_gives_out_nothing(actor: Actor):
    ratable = Command(actor)
    assert ratable("token", "create", "--email", "a@b.test", "--role", "king").exit_code == MALFORMED
    assert ratable("token", "create", "--email", "nobody").exit_code == REFUSED
    assert ratable("token", "revoke", "987654321").exit_code == REFUSED
    assert tokens(actor=actor) == []


def test_every_api_is_loaded_before_a_request_comes(books: None):
    """In a process of its own: nothing of it is loaded with the first request, when other files may lie there."""
    program = r"""
import re, sys, django
django.setup()
from ratable_server.cli.web_server import listen
listen(host="127.0.0.1", port=0, threads=1)
print(*sorted(name.split(".")[2] for name in sys.modules if re.fullmatch(r"ratable_server\.api\.\w+\.routes", name)))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert told.stdout.split() == ["campfire", "native", "zuora"]


def test_a_host_of_several_addresses_has_one_port(books: None):
    """Also where the system finds a free one, and where the one that it finds first is taken on the other address."""
    program = r"""
import errno, django
django.setup()
from ratable_server.cli import web_server
own, asked = web_server._listening, []
def listening(*given, host, port):
    asked.append(port)
    if len(asked) == 2:
        raise OSError(errno.EADDRINUSE, "taken")
    return own(*given, host=host, port=port)
web_server._listening = listening
told = web_server.listen(host="*", port=0, threads=1)
families = sorted(each.socket.family.name for each in told.sockets)
print(len(told.ports), len(set(each.socket.getsockname()[1] for each in told.sockets)), *families)
print(*(each > 0 for each in asked))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    ports, asked = told.stdout.splitlines()
    assert ports.split() == ["1", "1", "AF_INET", *(["AF_INET6"] if len(ports.split()) > 3 else [])]
    if "AF_INET6" in ports:
        assert asked.split() == ["False", "True", "False", "True"]


def test_nothing_is_told_of_sockets_that_are_closed_to_end(books: None):
    """The server's loop, which was about to look at them, finds them closed and would warn of it."""
    program = r"""
import django
django.setup()
from waitress import wasyncore
from ratable_server.cli import web_server
told = web_server.listen(host="127.0.0.1", port=0, threads=1)
map = told.sockets[0]._map
web_server._take_no_more(told.sockets)
told.sockets[0].readable = lambda: True
wasyncore.poll2(0.1, map)
print(told.sockets[0] in map.values())
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert (told.stdout, told.stderr) == ("False\n", "")


def test_the_served_document_is_printed(actor: Actor, tmp_path: Path):
    out = tmp_path / "openapi.json"
    assert Command(actor)("schema", "--out", str(out)).exit_code == DONE
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.0")
    assert "/rr/api/v1/contracts" in document["paths"]
    missing = [
        (path, method, status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if "content" not in answer and status != "204"
    ]
    assert not missing  # every operation has a body schema for every status
