"""A client that was generated from a document drives the server that runs: the published facts, and what is served.

The generator takes one class for what is sent and what is told, so that fields which are only told have to be filled in:
`filled` does. Where an operation takes JSON and forms it would send all of them at once; its copy of the document has JSON.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.schemas import CAMPFIRE, FACTS
from tests.wire.serving import served_to_its_end
from tests.wire.test_webhooks import Receiver, receiver

__all__ = ["receiver"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("openapi_python_client") is None, reason="openapi-python-client is not installed"),
]
JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 60
GRADUATED = ((0, 1_000, "0.10"), (1_000, 10_000, "0.08"), (10_000, None, "0.05"))


def published() -> dict[str, Any]:
    return FACTS


def served() -> dict[str, Any]:
    """What `ratable schema` prints."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings
    from drf_spectacular.renderers import OpenApiJsonRenderer  # noqa: PLC0415

    told = SchemaGenerator(urlconf=CAMPFIRE).get_schema(request=None, public=True)
    document: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(told, renderer_context={}))
    return document


class Client:
    """The generated package: its classes and operations by their names, and a program that holds a token."""

    def __init__(self, package: str, folder: Path, *, port: int, token: str) -> None:
        self.package, self.folder = package, folder
        root = importlib.import_module(package)
        self.models = importlib.import_module(f"{package}.models")
        self.file: Any = importlib.import_module(f"{package}.types").File
        self.client: Any = root.AuthenticatedClient(
            base_url=f"http://127.0.0.1:{port}", token=token, prefix="Token", raise_on_unexpected_status=True
        )

    def call(self, operation: str, *ids: int, **options: Any) -> Any:
        """The answer, as the generated classes read it."""
        return self._operation(operation).sync(*ids, client=self.client, **options)

    def answer(self, operation: str, *ids: int, **options: Any) -> tuple[int, str]:
        """The status and the text of an answer that the document need not know."""
        self.client.raise_on_unexpected_status = False
        told = self._operation(operation).sync_detailed(*ids, client=self.client, **options)
        return int(told.status_code), told.content.decode()

    def send(self, operation: str, *ids: int, model: str, **fields: Any) -> Any:
        return self.call(operation, *ids, body=self.filled(model, **fields))

    def filled(self, model: str, **fields: Any) -> Any:
        """A record with these fields; what it cannot do without has a value that says nothing."""
        kind: Any = getattr(self.models, model)
        needed = {
            each.name: each.type
            for each in kind.__attrs_attrs__
            if each.init and each.default.__class__.__name__ == "_Nothing"
        }
        return kind(**{**{name: self._nothing(model, name) for name in needed}, **fields})

    def _nothing(self, model: str, name: str) -> Any:
        kind: Any = getattr(self.models, model)
        annotation = str(kind.__annotations__[name])
        for said, value in (("None", None), ("bool", False), ("int", 0), ("float", 0.0), ("datetime.datetime", WHEN),
                            ("datetime.date", JANUARY), ("list", []), ("str", ""), ("UUID", None)):  # fmt: skip
            if said in annotation:
                return value
        return next(iter(getattr(self.models, annotation.strip())))

    def _operation(self, name: str) -> ModuleType:
        (found,) = self.folder.glob(f"api/*/{name}.py")
        return importlib.import_module(f"{self.package}.api.{found.parent.name}.{name}")


def less_forms(document: dict[str, Any]) -> dict[str, Any]:
    """A copy in which a body is JSON where it can be."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for operations in copy["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                operation["requestBody"]["content"] = {"application/json": content["application/json"]}
    return copy


@pytest.fixture(scope="module")
def port(books: None) -> Iterator[int]:
    """The port of `ratable serve` on the books of the tests."""
    networks = {"RATABLE_WEBHOOK_NETWORKS": "127.0.0.1/32"}
    with served_to_its_end("--threads", "2", environment=networks) as port:
        yield port


@pytest.fixture(params=[published, served], ids=["published", "served"])
def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Api, port: int
) -> Iterator[Client]:
    document: Callable[[], dict[str, Any]] = request.param
    package = f"client_of_{document.__name__}"
    read, settings, folder = tmp_path / "document.json", tmp_path / "settings.yaml", tmp_path / package
    read.write_text(json.dumps(less_forms(document())), encoding="utf-8")
    settings.write_text("post_hooks: []\n", encoding="utf-8")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(read), "--meta", "none"]
    subprocess.run(
        [*command, "--output-path", str(folder), "--config", str(settings)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Client(package, folder, port=port, token=api.token)
    yield made
    made.client.get_httpx_client().close()
    for name in [each for each in sys.modules if each.split(".")[0] == package]:
        del sys.modules[name]


def with_tiers(client: Client) -> Any:
    """A product whose first thousand calls cost 0.10, those up to ten thousand 0.08, and the rest 0.05."""
    tiers = [
        client.filled(
            "ProductUsageTierSummary", name=f"from {start}", from_quantity=start, to_quantity=end, price=float(price)
        )
        for start, end, price in GRADUATED
    ]
    model = client.models.PricingModelEnum.GRADUATED_TIERED
    group = client.filled(
        "ProductUsageGroupSummary", name="Calls", pricing_model=model, unit_of_measure="call", tiers=tiers
    )
    return client.send("create_product", model="Product", product_name="API", usage_groups=[group])


def with_seats(client: Client, product: Any) -> Any:
    """A bundle of a product, 60 %, and of seats, 40 %."""
    seats = client.send("create_product", model="Product", product_name="Seats")
    lines = [
        client.filled("ProductBundleLine", product=each.id, percentage_allocation=share)
        for each, share in ((product, "60"), (seats, "40"))
    ]
    return client.send("create_product_bundle", model="ProductBundle", bundle_name="Suite", lines=lines)


def consume(client: Client, contract: int, commit: int, gross: float) -> Any:
    return client.send(
        "create_prepaid_commit_consumption", contract, commit, model="RecordConsumptionInput",
        period_month=JANUARY, gross_usage_amount=gross,
    )  # fmt: skip


def closed(client: Client, entity: Any, through_on: date) -> Any:
    """The entity once its books are closed; the day is an addition to the published document."""
    body = client.models.PatchedChartEntity()
    if hasattr(body, "close_books_date"):
        body.close_books_date = through_on
    else:
        body["close_books_date"] = through_on.isoformat()
    return client.call("coa_api_entity_partial_update", entity.id, body=body)


def sold(client: Client, entity: Any) -> tuple[Any, Any]:
    """A contract with a customer, and its prepaid commit of 80,000 at 20 % discount."""
    buyer = client.send(
        "coa_api_vendor_create", model="Vendor", name="Globex", vendor_type=client.models.VendorType391Enum.CUSTOMER
    )
    contract = client.send(
        "create_contract", model="Contract", deal_name="Globex 2026", client=buyer.id, entity=entity.id,
        contract_start_date=JANUARY, contract_end_date=DECEMBER,
    )  # fmt: skip
    assert (contract.entity_name, contract.client_name, contract.contract_end_date) == ("Acme Ltd", "Globex", DECEMBER)
    commit = client.send(
        "create_prepaid_commit", contract.id, model="ContractPrepaidCommit", name="Pool", total_value=80_000.0,
        discount_percentage=20.0, start_date=JANUARY, expiration_date=DECEMBER,
    )  # fmt: skip
    return contract, commit


def upload(client: Client, contract: int, commit: int, rows: str) -> None:
    """A file of usage events: the published document says nothing of its body."""
    path = f"/rr/api/v1/contracts/{contract}/prepaid-commits/{commit}/usage-events/upload"
    told = client.client.get_httpx_client().post(path, files={"file": ("events.csv", rows.encode(), "text/csv")})
    assert told.status_code == 200, told.text


def allocate(client: Client, contract: Any, bundle: Any) -> None:
    """Usage of 1,000 of a bundle, which its products share 60 to 40, and then 70 to 30."""
    month = json.dumps([{"period_month": "2026-01-01", "amount": "1000.00"}])
    body = client.filled("ContractUsage", contract=contract.id, lines=month)
    body["product_bundle_id"] = bundle.id
    usage = client.call("rr_api_v1_contracts_usage_create", contract.id, body=body)
    shares = client.call("rr_api_v1_contracts_usage_allocations_retrieve", contract.id, usage.id).lines
    assert [line.amount for line in shares] == [600, 400]
    lines = [
        client.filled("ContractProductBundleLineUpdate", product=line.product, amount=amount)
        for line, amount in zip(shares, (700.0, 300.0), strict=True)
    ]
    body = client.filled("ContractProductBundleUpdate", lines=lines)
    changed = client.call("rr_api_v1_contracts_usage_allocations_update", contract.id, usage.id, body=body)
    assert [line.amount for line in changed.lines] == [700, 300]


def test_a_generated_client_goes_from_an_entity_to_posted_revenue(client: Client, receiver: Receiver) -> None:
    entity = client.send("coa_api_entity_create", model="ChartEntity", name="Acme Ltd", currency="USD")
    topic = client.filled("WebhookTopic", name="period.closed")
    client.send("integrations_api_v1_webhook_create", model="Webhook", url=receiver.url, active=True, topics=[topic])
    product = with_tiers(client)
    (group,) = product.usage_groups
    assert [tier.price for tier in group.tiers] == [0.1, 0.08, 0.05]
    bundle = with_seats(client, product)
    contract, commit = sold(client, entity)
    assert [each.name for each in client.call("rr_api_v1_customers_list").results] == ["Globex"]

    consume(client, contract.id, commit.id, 30_000.0)
    upload(
        client, contract.id, commit.id, "external_id,dt,total_revenue_dollars\nf1,2026-02-03,4000\nf2,2026-02-04,6000"
    )
    assert client.call("list_prepaid_commit_usage_events", contract.id, commit.id).count == 2
    months = client.call("list_prepaid_commit_consumption", contract.id, commit.id).results
    told = [(each.gross_usage_amount, each.net_consumption_amount, each.overage_amount) for each in months]
    assert told == [(30_000, 24_000, 0), (10_000, 8_000, 0)]
    assert client.call("get_prepaid_commit", contract.id, commit.id).remaining_value == 48_000
    calls = {"contract": contract.id, "usage_group": group.id}
    month = json.dumps([{"period_month": "2026-01-01", "quantity": 12_500}])
    rated = client.send("rr_api_v1_contracts_usage_create", contract.id, model="ContractUsage", lines=month, **calls)
    assert rated.lines == "2026-01: quantity 12500"
    allocate(client, contract, bundle)

    rows = client.call("list_revenue_transactions").results
    revenue = sorted((each.accounting_period, each.amount) for each in rows)
    assert revenue == [*((JANUARY, amount) for amount in (300, 700, 945, 24_000)), (date(2026, 2, 1), 8_000)]
    assert closed(client, entity, date(2026, 1, 31)).id == entity.id
    posted = client.call("list_revenue_transactions").results
    assert sorted((each.id, each.amount) for each in posted) == sorted((each.id, each.amount) for each in rows)
    january = {"start_date": JANUARY, "end_date": date(2026, 1, 31)}
    accounts = client.call("ca_api_get_trial_balance_retrieve", **january).trial_balance.accounts
    sides = {each.name: (each.balances.debits, each.balances.credits_) for each in accounts}
    assert (sides["Unbilled Revenue"], sides["Revenue"]) == ((25_945, 0), (0, 25_945))
    late = client.filled("ContractUsage", lines=month, **calls)
    status, said = client.answer("rr_api_v1_contracts_usage_create", contract.id, body=late)
    assert (status, json.loads(said)["error"]) == (400, "Books are closed for this date")
    assert told_of_close(receiver) == "2026-01"


def told_of_close(receiver: Receiver) -> str:
    """The month whose close the server tells in one of its next rounds."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at and not receiver.got:
        time.sleep(1 / 5)
    (event,) = receiver.events()
    return str(event["object"]["code"])
