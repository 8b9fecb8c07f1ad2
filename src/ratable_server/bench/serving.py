"""How many requests a second the API answers, against a bare Django view on the same web server.

Bare is a view that sends the same bytes, or inserts the same row in a transaction: what Django, the web server and
PostgreSQL need for it alone (`bare_site`). The API proves who asks, reads and judges what was sent, looks it up,
writes the audit and tells the answer in the words of the document. Both answer over HTTP to one client that keeps its
connection, in turns, in the same run. What both sites do in their first seconds is not counted: programs are loaded, plans
are made, and the worker beside the API begins its first round.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import YEAR
from ratable_server.bench.books import AT, made_up_books

if TYPE_CHECKING:
    from ratable_server.actor import Actor

LIMIT, TARGET = Decimal("0.3"), Decimal("0.5")
_EVENTS = 1_000
_CONTRACTS = 200
_THREADS = 2
_STARTS_IN_SECONDS = 60
_WARM_IN_SECONDS = 10  # the worker's first round begins after five, and loads its programs for one more
_FIRST = 20  # requests of a kind: a statement is planned anew for its first five on each connection


class Places(NamedTuple):
    """Ids of rows as the wire has them."""

    contracts: list[int]
    commit: int
    product: int
    usage_group: int


class Measured(NamedTuple):
    """Requests a second of each turn."""

    name: str
    bare: list[Decimal]
    api: list[Decimal]

    def ratio(self) -> Decimal:
        """The API, where the bare view is 1."""
        return (statistics.median(self.api) / statistics.median(self.bare)).quantize(Decimal("0.01"))

    def record(self) -> dict[str, object]:
        """The figures, for programs."""
        return {"name": self.name, "bare": self.bare, "api": self.api, "ratio": self.ratio()}


class Site:
    """A client that keeps its connection to a site."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Token {token}"

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """The body of a good answer."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        found = answer.read()
        if answer.status not in {200, 201}:
            raise SystemExit(f"not what was to be measured: {answer.status} {found[:500]!r}")
        return found


def measure(actor: Actor, *, requests: int, turns: int) -> list[Measured]:
    """Both requests, the bare view and the API in turn."""
    places = _agreed(actor)
    with served([sys.executable, "-m", "ratable", "serve"]) as port, tempfile.TemporaryDirectory() as folder:
        api = Site(port, _token(actor))
        listed = f"/rr/api/v1/contracts/{places.contracts[0]}/prepaid-commits/{places.commit}/usage-events?limit=100"
        page = Path(folder) / "page.json"
        page.write_bytes(api.ask("GET", listed))
        with served(_bare_site(actor, page, places)) as bare_port:
            bare = Site(bare_port)
            posts = (f"/rr/api/v1/contracts/{places.contracts[n % _CONTRACTS]}/usage" for n in count())
            body = {"usage_group": places.usage_group, "start_date": f"{YEAR}-01-01", "description": "Calls"}
            asked: list[tuple[str, Callable[[], bytes], Callable[[], bytes]]] = [
                ("GET usage-events?limit=100", lambda: bare.ask("GET", "/bytes"), lambda: api.ask("GET", listed)),
                (
                    "POST usage",
                    lambda: bare.ask("POST", "/row", body),
                    lambda: api.ask("POST", next(posts), body),
                ),
            ]
            _, *reading = asked[0]
            _warm(reading)
            return [_in_turns(name, pair, requests=requests, turns=turns) for name, *pair in asked]


def _warm(pair: Sequence[Callable[[], bytes]]) -> None:
    """Ask both sites until neither has anything to do for the first time."""
    ends_at = time.monotonic() + _WARM_IN_SECONDS
    while time.monotonic() < ends_at:
        for ask in pair:
            ask()


def _in_turns(name: str, pair: Sequence[Callable[[], bytes]], *, requests: int, turns: int) -> Measured:
    for ask in pair:
        _rate(ask, min(requests, _FIRST))
    rates: list[list[Decimal]] = [[], []]
    for _ in range(turns):
        for ask, found in zip(pair, rates, strict=True):
            found.append(_rate(ask, requests))
    return Measured(name, *rates)


def _rate(ask: Callable[[], bytes], requests: int) -> Decimal:
    start = time.perf_counter_ns()
    for _ in range(requests):
        ask()
    return (requests / Decimal(time.perf_counter_ns() - start).scaleb(-9)).quantize(Decimal("0.1"))


def _agreed(actor: Actor) -> Places:
    """Events on the pool of the first contract, and the ids of what the requests name."""
    from ratable_server.operations.usage import Upload, ingest_usage
    from ratable_server.store.models import Contract, PrepaidCommit, UsageGroup
    from ratable_server.store.scope import books_of, rows_of

    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("id,prepaid_commit,used_on,amount\n")
        for number in range(_EVENTS):
            used_on = date(YEAR, 1 + number % 12, 1 + number % 28)
            file.write(f"event-{number},c00000-pool,{used_on},{number}.25\n")
        file.flush()
        ingest_usage(actor=actor, upload=Upload(source=Path(file.name)), at=AT)
    with books_of(actor):
        contracts = list(rows_of(actor, Contract).order_by("id").values_list("id", flat=True))
        commit = rows_of(actor, PrepaidCommit).get(contract_id=contracts[0]).id
        group = rows_of(actor, UsageGroup).get(code="calls")
        return Places(contracts, commit, group.product_id, group.id)


def _token(actor: Actor) -> str:
    from ratable_server.operations.tokens import create_token

    return create_token(actor=actor, email="bench@example.com", role="preparer", at=AT).token


def _bare_site(actor: Actor, page: Path, places: Places) -> list[str]:
    row = {
        "tenant": actor.tenant_id,
        "contract": places.contracts[-1],
        "product": places.product,
        "usage_group": places.usage_group,
        "starts_on": f"{YEAR}-01-01",
        "further": '{"description": "Calls"}',
    }
    return [sys.executable, "-m", "ratable_server.bench.bare_site", "--page", str(page), "--row", json.dumps(row)]


@contextmanager
def served(command: list[str], *, threads: int = _THREADS) -> Iterator[int]:
    """A site of its own process, once it listens; gives its port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [*command, "--port", str(port), "--threads", str(threads)]
    with subprocess.Popen(command, env=os.environ.copy(), stdout=subprocess.DEVNULL) as server:  # noqa: S603 - our own
        try:
            _wait_for(port)
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + _STARTS_IN_SECONDS
    while time.monotonic() < ends_at:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(1 / 5)
        else:
            return
    raise SystemExit("the site does not answer")


def main() -> None:
    """Measure both requests; print a table, and one line of JSON."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--requests", type=int, default=300, help="of each kind and turn")
    told.add_argument("--turns", type=int, default=5)
    asked = told.parse_args()
    with made_up_books(contracts=_CONTRACTS, rows=12 * _CONTRACTS) as actor:
        found = measure(actor, requests=asked.requests, turns=asked.turns)
    table = Table(title=f"Requests a second, medians (limit: {LIMIT} of a bare Django view, aim: {TARGET})")
    for column in ("request", "bare view", "API", "bare view = 1"):
        table.add_column(column, justify="right")
    for row in found:
        table.add_row(row.name, str(statistics.median(row.bare)), str(statistics.median(row.api)), str(row.ratio()))
    Console().print(table)
    print(json.dumps([row.record() for row in found], default=str))


if __name__ == "__main__":
    main()
