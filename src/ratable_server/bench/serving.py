"""How many requests a second the API answers, against a bare Django view on the same web server.

Bare is a view that sends the same bytes, or inserts the same row in a transaction: what Django, the web server and
PostgreSQL need for it alone (`bare_site`). The API proves who asks, reads and judges what was sent, looks it up,
writes the audit and tells the answer in the words of the document. Both answer over HTTP to clients that keep their
connections, one alone and several at once, in turns, in the same run. What both sites do in their first seconds is not
counted: programs are loaded, plans are made, and the worker beside the API begins its first round.

Requests a second are by the clock, with client, sites and database on the same processors; time on a processor, which
other work of a machine changes less, is told beside.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from ratable_server.bench.sending import busy_seconds

if TYPE_CHECKING:
    from ratable_server.actor import Actor

LIMIT, TARGET = Decimal("0.3"), Decimal("0.5")
_EVENTS, _LIMIT_OF_PAGE = 1_000, 100
_CONTRACTS = 1_000  # so many that none comes to more lines than contracts have
_CONNECTIONS = (1, 8)
_THREADS = 8
_STARTS_IN_SECONDS = 120
_WARM_IN_SECONDS = 10  # the worker's first round begins after five, and loads its programs for one more
_FIRST = 20  # requests of a kind: a statement is planned anew for its first five on each connection


class Places(NamedTuple):
    """Ids of rows as the wire has them."""

    contracts: list[int]
    commit: int
    product: int
    usage_group: int


class Rate(NamedTuple):
    """Requests a second of a turn, and what each took on a processor, of the sites and the database."""

    a_second: Decimal
    busy_ms: Decimal


class Measured(NamedTuple):
    """A request from as many connections at once: the rates of each turn."""

    name: str
    connections: int
    bare: list[Rate]
    api: list[Rate]

    def ratio(self) -> Decimal:
        """Requests a second of the API, where the bare view is 1."""
        return (_median(self.api) / _median(self.bare)).quantize(Decimal("0.01"))

    def ratio_busy(self) -> Decimal:
        """The same by time on a processor."""
        bare, api = (statistics.median(rate.busy_ms for rate in rates) for rates in (self.bare, self.api))
        return (bare / api).quantize(Decimal("0.01"))

    def record(self) -> dict[str, object]:
        """The figures, for programs."""
        rates = {name: [rate._asdict() for rate in found] for name, found in (("bare", self.bare), ("api", self.api))}
        told = {"name": self.name, "connections": self.connections, **rates}
        return {**told, "ratio": self.ratio(), "ratio_busy": self.ratio_busy()}


def _median(rates: Sequence[Rate]) -> Decimal:
    return statistics.median(rate.a_second for rate in rates)


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


Client = Callable[[], Callable[[], bytes]]  # opens a connection, and gives what asks over it


def measure(actor: Actor, *, requests: int, turns: int) -> list[Measured]:
    """Both requests, the bare view and the API in turn."""
    from django.db import connections

    places = _agreed(actor)
    with served([sys.executable, "-m", "ratable", "serve"]) as port, tempfile.TemporaryDirectory() as folder:
        token, page = _token(actor), Path(folder) / "page.json"
        page.write_bytes(Site(port, token).ask("GET", _listed(places)))
        with served(_bare_site(actor, page, places)) as bare_port:
            connections.close_all()
            asked = _asked(places, port=port, token=token, bare_port=bare_port)
            _warm([client() for pair in asked.values() for client in pair])
            return [
                _in_turns(name, asked[name], connections=each, requests=requests, turns=turns)
                for each in _CONNECTIONS
                for name in asked
            ]


def _listed(places: Places) -> str:
    return f"/rr/api/v1/contracts/{places.contracts[0]}/prepaid-commits/{places.commit}/usage-events?limit={_LIMIT_OF_PAGE}"


def _asked(places: Places, *, port: int, token: str, bare_port: int) -> Mapping[str, tuple[Client, Client]]:
    """Clients of the bare view and of the API, for each request; what is added goes to one contract after the other."""
    numbers, offsets = count(), count(step=_LIMIT_OF_PAGE)
    body = {"usage_group": places.usage_group, "start_date": f"{YEAR}-01-01", "description": "Calls"}

    def client(opens: Callable[[], Site], method: str, path: Callable[[], str]) -> Client:
        def opened() -> Callable[[], bytes]:
            site, sent = opens(), body if method == "POST" else None
            return lambda: site.ask(method, path(), sent)

        return opened

    def next_contract() -> str:
        return f"/rr/api/v1/contracts/{places.contracts[next(numbers) % _CONTRACTS]}/usage"

    def next_page() -> str:
        return f"{_listed(places)}&offset={next(offsets) % (_EVENTS - _LIMIT_OF_PAGE + 1)}"

    def bare() -> Site:
        return Site(bare_port)

    def api() -> Site:
        return Site(port, token)

    page_of_bytes = client(bare, "GET", lambda: "/bytes")
    return {
        "GET usage-events?limit=100": (page_of_bytes, client(api, "GET", lambda: _listed(places))),
        "the same, another page each time": (page_of_bytes, client(api, "GET", next_page)),
        "POST usage": (client(bare, "POST", lambda: "/row"), client(api, "POST", next_contract)),
    }


def _warm(asks: Sequence[Callable[[], bytes]]) -> None:
    """Ask both sites until neither has anything to do for the first time."""
    ends_at = time.monotonic() + _WARM_IN_SECONDS
    while time.monotonic() < ends_at:
        for ask in asks:
            ask()


def _in_turns(name: str, pair: Sequence[Client], *, connections: int, requests: int, turns: int) -> Measured:
    asks = [[client() for _ in range(connections)] for client in pair]
    for each in asks:
        _rate(each, _FIRST * connections)
    rates: list[list[Rate]] = [[], []]
    for _ in range(turns):
        for each, found in zip(asks, rates, strict=True):
            found.append(_rate(each, requests))
    return Measured(name, connections, *rates)


def _rate(asks: Sequence[Callable[[], bytes]], requests: int) -> Rate:
    """So many requests, shared out among the connections."""
    share = requests // len(asks)

    def send(ask: Callable[[], bytes]) -> None:
        for _ in range(share):
            ask()

    busy, start = busy_seconds(), time.perf_counter_ns()
    with ThreadPoolExecutor(len(asks)) as senders:
        list(senders.map(send, asks))
    took, made = Decimal(time.perf_counter_ns() - start).scaleb(-9), share * len(asks)
    return Rate(
        (made / took).quantize(Decimal("0.1")), ((busy_seconds() - busy) * 1000 / made).quantize(Decimal("0.01"))
    )


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
    command = [*command, "--port", "0", "--threads", str(threads)]
    with subprocess.Popen(command, env=os.environ.copy(), stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        try:
            yield told_port(server)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def told_port(site: subprocess.Popen[str]) -> int:
    """The port that a site has found, as its first line tells it once it listens."""
    late = threading.Timer(_STARTS_IN_SECONDS, site.kill)
    late.start()
    try:
        line = site.stdout.readline() if site.stdout else ""
    finally:
        late.cancel()
    found = re.search(r":(\d+)\b", line)
    if found is None:
        raise SystemExit(f"the site does not listen: {line!r}")
    return int(found[1])


def main() -> None:
    """Measure both requests; print a table, and one line of JSON."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--requests", type=int, default=800, help="of each kind and turn")
    told.add_argument("--turns", type=int, default=5)
    asked = told.parse_args()
    with made_up_books(contracts=_CONTRACTS, rows=12 * _CONTRACTS) as actor:
        found = measure(actor, requests=asked.requests, turns=asked.turns)
    table = Table(title=f"Requests a second, medians (limit: {LIMIT} of a bare Django view, aim: {TARGET})")
    for column in ("request", "connections", "bare view", "API", "bare view = 1", "by processor"):
        table.add_column(column, justify="right", overflow="fold")
    for row in found:
        rates = (str(_median(each)) for each in (row.bare, row.api))
        table.add_row(row.name, str(row.connections), *rates, str(row.ratio()), str(row.ratio_busy()))
    Console().print(table)
    print(json.dumps([row.record() for row in found], default=str))


if __name__ == "__main__":
    main()
