"""A small company whose figures fit on a page: tiers, a prepaid commit, late usage, two currencies, a subscription.

January   12,500 calls of Acme: 1,000 x 0.10 + 9,000 x 0.08 + 2,500 x 0.05 = 945.00, drawn from a pool of 1,000.00;
          500 calls of Bolt: 50.00 EUR; Acme's seats: 31 days at 10.00
February  500 calls of Acme for January are late: 25.00 more, drawn; 1,000 calls: 100.00, of which the pool has 30.00
          left and 70.00 are overage; seats 280.00
March     70.00 are billed; seats 310.00
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import count, takewhile
from pathlib import Path

from ratable.cases.records import Case, Close, Entry, Usage, VoidUsage
from ratable_server.actor import Actor
from ratable_server.operations.case_files import play_case, tell_entry
from ratable_server.operations.tenants import found_tenant
from tests.factories import case_of
from tests.server.conftest import AT

_numbers = count(1)

DECEMBER = date(2025, 12, 1)
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))

COMPANY = """
products:
  - id: api
    name: API
    usage_groups:
      - id: calls
        pricing_model: graduated_tiered
        tiers: [{to_quantity: "1000", price: "0.10"}, {to_quantity: "10000", price: "0.08"}, {price: "0.05"}]
  - {id: seats, name: Seats}
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    end_date: 2026-12-31
    usage: [{id: acme-calls, product: api, usage_group: calls, draws: true}]
    prepaid_commits: [{id: pool, product: api, total_value: "1000", start_date: 2026-01-01}]
    subscriptions: [{id: s, product: seats, total_value: "3650", start_date: 2026-01-01, end_date: 2026-12-31}]
  - id: bolt
    customer: Bolt GmbH
    currency: EUR
    start_date: 2026-01-01
    usage: [{id: bolt-calls, product: api, usage_group: calls}]
events:
  - {on: 2026-01-05, invoice: {contract: acme, prepaid_commit: pool, amount: "1000"}}
  - {on: 2026-01-20, payment: {contract: acme, amount: "1000"}}
  - {on: 2026-01-31, usage: {item: acme-calls, used_on: 2026-01-10, quantity: "12000", id: jan-1}}
  - {on: 2026-01-31, usage: {item: acme-calls, used_on: 2026-01-20, quantity: "500", id: jan-2}}
  - {on: 2026-01-31, usage: {item: bolt-calls, used_on: 2026-01-31, quantity: "500", id: jan-3}}
  - {on: 2026-02-03, close: 2026-01}
  - {on: 2026-02-10, late_usage: {item: acme-calls, used_on: 2026-01-25, quantity: "500", id: late-1}}
  - {on: 2026-02-28, usage: {item: acme-calls, used_on: 2026-02-14, quantity: "1000", id: feb-1}}
  - {on: 2026-03-03, close: 2026-02}
  - {on: 2026-03-04, invoice: {contract: acme, amount: "70"}}
  - {on: 2026-04-02, close: 2026-03}
"""


def company(folder: Path, *, closed_through: date = MARCH) -> Case:
    """The story, told until the first close of a month after `closed_through`."""
    case = case_of(folder, COMPANY)
    told = takewhile(lambda entry: not isinstance(entry.act, Close) or entry.act.period <= closed_through, case.entries)
    return replace(case, entries=tuple(told))


def found_company(folder: Path, *, closed_through: date = MARCH) -> Actor:
    """The admin of a new tenant to whose books the story was told: for tests that share it and leave it as it is."""
    code = f"company-{next(_numbers)}"
    actor = found_tenant(code=code, name="A small company", timezone="UTC", request_id="r-0", at=AT)
    fill(actor, company(folder, closed_through=closed_through))
    return actor


def fill(actor: Actor, case: Case) -> None:
    """Tell a whole story to empty books."""
    play_case(actor=actor, case=case)


def use(actor: Actor, usage: Usage, on: date) -> None:
    """Tell one more record of usage."""
    tell_entry(actor, Entry(number=1, on=on, act=usage, line=1))


def void(actor: Actor, usage_id: str, on: date) -> None:
    """Take a record of usage back."""
    tell_entry(actor, Entry(number=1, on=on, act=VoidUsage(id=usage_id), line=1))
