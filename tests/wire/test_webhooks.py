"""Webhooks over the wire: an address is told what changes, once and again, and no address that is not everybody's."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.clock import now_at
from ratable_server.failing import WorkWaitsError
from ratable_server.operations.webhooks import record_try
from tests.server.cli.asking import Command
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import customer_of, signed
from tests.wire.test_invoices import Billing
from tests.wire.test_prepaid_commits import granted

HOOKS = "/integrations/api/v1/webhook"


class Receiver:
    """A program that is told: what it got, and what it answers next (200 once nothing is left to say)."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], str]] = []
        self.answers: list[int] = []
        told = self

        class Handler(BaseHTTPRequestHandler):
            def taken(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                told.got.append((dict(self.headers), body))
                self.send_response(told.answers.pop(0) if told.answers else 200)
                self.send_header("Location", f"http://127.0.0.1:{told.server.server_port}/elsewhere")
                self.end_headers()

            do_POST = taken  # noqa: N815 - as the server calls it

            @override
            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/told?by=ratable"

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", [ip_network("127.0.0.1/32")])
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def deliver(api: Api, *, after: timedelta = timedelta(0)) -> dict[str, int]:
    """A round of the worker, some time from now; only for this tenant: others' events are left from other tests."""
    from dataclasses import asdict  # noqa: PLC0415 - only here

    from ratable_server.api.campfire import deliveries  # noqa: PLC0415 - needs the settings
    from ratable_server.operations.webhooks import tenants_with_due_events  # noqa: PLC0415

    def own(**moment: Any) -> list[int]:
        return [each for each in tenants_with_due_events(**moment) if each == api.actor.tenant_id]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "tenants_with_due_events", own)
        patch.setattr(deliveries, "now_at", lambda: now_at() + after)
        return asdict(deliveries.deliver_due_events())


def hook(api: Api, url: str, **fields: Any) -> Told:
    told = api.post(HOOKS, {"url": url, "active": True, **fields})
    assert told.status == 201, told.text
    return told


def test_k7_a_webhook_is_told_what_changes_and_who_says_so(api: Api, receiver: Receiver):
    made = hook(api, receiver.url, topics=[{"name": "contract.created"}, "contract.deleted"])
    customer_of(api)  # nobody asked for it
    contract = signed(api)["id"]
    assert deliver(api) == {"delivered": 1, "pending": 0, "failed": 0}
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 0}

    ((headers, body),) = receiver.got
    event = json.loads(body)
    assert (event["topic"], event["object"]["id"], event["object"]["deal_name"]) == (
        "contract.created",
        contract,
        "Acme 2026",
    )
    assert headers["Host"] == f"127.0.0.1:{receiver.server.server_port}"
    assert (headers["X-Campfire-Webhook-Uuid"], headers["X-Campfire-Webhook-Token"]) == (made["uuid"], made["token"])
    assert Webhook(made["token"]).verify(body, headers) == event
    seconds = headers["webhook-timestamp"]
    own = hmac.new(made["token"].encode(), f"{seconds}.{body}".encode(), hashlib.sha256).hexdigest()
    assert headers["X-Campfire-Webhook-Signature"] == f"t={seconds},v1={own}"

    (told,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert (told["id"], told["topic"], told["status"], told["url"]) == (
        event["id"],
        "contract.created",
        "delivered",
        receiver.url,
    )
    assert told["object"]["id"] == contract
    assert [each["status"] for each in told["http"]["tries"]] == [200]

    assert api.delete(f"contracts/{contract}").status == 204
    deliver(api)
    gone = receiver.events()[-1]
    assert (gone["topic"], gone["object"]["id"], gone["object"]["is_deleted"]) == ("contract.deleted", contract, "true")


def test_without_topics_everything_is_told(api: Api, receiver: Receiver):
    hook(api, receiver.url)
    contract = signed(api)["id"]
    commit = granted(api, contract)
    product = api.post("product", {"product_name": "API"})["id"]
    entity = api.post("/coa/api/entity", {"name": "Acme"})["id"]
    assert api.patch(f"/coa/api/entity/{entity}", {"close_books_date": "2026-01-31"}).status == 200
    deliver(api)
    told = {event["topic"]: event["object"] for event in receiver.events()}
    assert list(told) == [
        "customer.created",
        "contract.created",
        "prepaid_commit.created",
        "product.created",
        "period.closed",
    ]
    assert told["prepaid_commit.created"]["id"] == commit["id"]
    assert told["prepaid_commit.created"]["total_value"] == commit["total_value"]
    assert told["product.created"]["id"] == product
    assert told["period.closed"]["code"] == "2026-01"


def test_documents_and_written_entries_are_told_as_they_stand(api: Api, receiver: Receiver):
    topics = ["invoice.created", "invoice.updated", "invoice.voided", "journal_entry.created", "journal_entry.deleted"]
    billing = Billing(api)
    hook(api, receiver.url, topics=topics)
    invoice = billing.billed()
    assert billing.pay(invoice["id"], amount="30000.00").status in {200, 201}
    deliver(api)
    lines = [
        {"account": _revenue(api), "debit_amount_native": 5},
        {"account": _revenue(api), "credit_amount_native": 5},
    ]
    entry = api.post("/coa/api/journal_entry", {"date": "2026-01-10", "currency": "USD", "transactions": lines})
    assert entry.status == 201, entry.text
    deliver(api)
    assert api.delete(f"/coa/api/journal_entry/{entry['id']}").status == 204
    deliver(api)
    events = receiver.events()
    assert [(event["topic"], event["object"]["id"]) for event in events] == [
        ("invoice.created", invoice["id"]),
        ("invoice.updated", invoice["id"]),
        ("journal_entry.created", entry["id"]),
        ("journal_entry.deleted", entry["id"]),
    ]
    assert events[1]["object"]["payment_status"] == "partial"
    assert len(events[2]["object"]["transactions"]) == 2


def _revenue(api: Api) -> int:
    made = api.post("/coa/api/account", {"number": None, "name": "Sundry", "account_type": "REVENUE"})
    return int(made["id"])


def test_k9_what_is_refused_is_not_told(api: Api, receiver: Receiver):
    made = hook(api, receiver.url, topics=["contract.created"])
    assert api.post("contracts", {"client": customer_of(api), "contract_start_date": "2026-01-01",
                                  "contract_end_date": "2025-01-01"}).status == 400  # fmt: skip
    assert api.get(f"{HOOKS}/{made['id']}/events").body == []
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 0}


def test_k3_k8_an_event_is_sent_again_in_the_same_words_until_it_is_taken(api: Api, receiver: Receiver):
    made = hook(api, receiver.url, topics=["contract.created"])
    receiver.answers = [500, 302]
    contract = signed(api)["id"]
    assert deliver(api) == {"delivered": 0, "pending": 1, "failed": 0}
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 0}  # a minute has to pass
    api.patch(f"contracts/{contract}", {"deal_name": "Renamed"})
    assert deliver(api, after=timedelta(minutes=2))["pending"] == 1  # a redirect is not followed
    (waiting,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert (waiting["status"], "next_try_at" in waiting["http"]) == ("pending", True)
    assert deliver(api, after=timedelta(minutes=9))["delivered"] == 1
    assert len({body for _, body in receiver.got}) == 1
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {f"event_{waiting['id']}"}
    (taken,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert [each["status"] for each in taken["http"]["tries"]] == [500, 302, 200]


def test_after_six_tries_an_event_has_failed(api: Api, receiver: Receiver):
    made = hook(api, receiver.url, topics=["contract.created"])
    receiver.answers = [500] * 9
    signed(api)
    states = [deliver(api, after=timedelta(days=day)) for day in range(7)]
    assert [state["pending"] for state in states] == [1, 1, 1, 1, 1, 0, 0]
    assert [state["failed"] for state in states] == [0, 0, 0, 0, 0, 1, 0]
    (told,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert (told["status"], len(told["http"]["tries"]), len(receiver.got)) == ("failed", 6, 6)
    hook(api, receiver.url, topics=["customer.created"])
    customer_of(api)
    deliver(api, after=timedelta(days=40))
    assert api.get(f"{HOOKS}/{made['id']}/events").body == []  # a month later it is forgotten


def test_a_webhook_that_is_switched_off_or_removed_is_told_nothing(api: Api, receiver: Receiver):
    off, gone = (hook(api, receiver.url, topics=["customer.created"])["id"] for _ in range(2))
    customer_of(api)
    assert api.patch(f"{HOOKS}/{off}", {"active": False})["active"] is False
    assert api.delete(f"{HOOKS}/{gone}").status == 204
    customer_of(api)
    deliver(api)
    assert receiver.got == []
    (told,) = api.get(f"{HOOKS}/{off}/events").body
    assert (told["status"], told["http"]["tries"][0]["status"]) == ("failed", None)
    assert api.get(f"{HOOKS}/{gone}/events").status == 404


def test_a_webhook_keeps_its_topics_when_something_else_changes(api: Api):
    url = "https://hooks.example.com/ratable"
    path = f"{HOOKS}/{hook(api, url, topics=['contract.created', 'period.closed'])['id']}"
    assert names_of(api.patch(path, {"active": False})) == ["contract.created", "period.closed"]
    assert names_of(api.put(path, {"active": True, "url": url})) == []  # said whole again: everything


def names_of(told: Told) -> list[str]:
    assert told.status == 200, told.text
    return [topic["name"] for topic in told["topics"]]


def test_a_webhook_comes_back_as_it_was_told_and_keeps_its_token(api: Api):
    topics = api.get(f"{HOOKS}/topics").body
    assert topics[0] == {"id": 1, "name": "contract.created"}
    url = "https://hooks.example.com/ratable"
    made = hook(api, url, topics=[{"id": 1}, "period.closed"])
    assert [topic["name"] for topic in made["topics"]] == ["contract.created", "period.closed"]
    own = f"{HOOKS}/{made['id']}"
    assert (made["url"], made["active"], made["customer"]) == (url, True, api.actor.tenant_id)
    assert (api.get(own).body, api.get(HOOKS).body) == (made.body, [made.body])
    changed = api.put(own, {"url": f"{url}/2", "active": False})
    assert (changed["url"], changed["topics"], changed["active"]) == (f"{url}/2", [], False)
    assert (changed["uuid"], changed["token"]) == (made["uuid"], made["token"])
    assert hook(api, url)["token"] != made["token"]


LOCAL = (
    "http://127.0.0.1/x", "http://2130706433/", "http://0x7f.1/", "http://017700000001/", "http://127.1/", "http://0/",
    "http://localhost/", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "http://0.0.0.0/x", "http://10.0.0.1/x",
    "https://169.254.169.254/latest", "http://192.0.0.192/", "https://[64:ff9b::7f00:1]/x", "https://[2002:7f00:1::]/x",
    "http://224.0.0.1/", "http://100.64.0.1/", "http://a.localhost/",
)  # fmt: skip
UNFIT = (
    "https://u:p@hooks.example.com/x", "http://a@127.0.0.1/", "ftp://hooks.example.com/x", "file:///etc/passwd",
    "gopher://hooks.example.com/", "no address", "https://hooks.example.com:22/", "https://hooks.example.com:5432/",
)  # fmt: skip


@pytest.mark.parametrize("urls", [LOCAL, UNFIT], ids=["k1", "k5"])
def test_k1_k5_an_address_that_is_not_everybodys_is_refused(api: Api, urls: tuple[str, ...]):
    for url in urls:
        told = api.post(HOOKS, {"url": url, "active": True})
        assert (told.status, list(told.body)) == (400, ["url"]), url
    assert api.get(HOOKS).body == []


def test_k2_a_name_that_points_elsewhere_a_moment_later_is_not_asked(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    """The address that was looked at is the one that is asked; a name that cannot be resolved is asked nowhere."""
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", [])
    made = hook(api, "http://hooks.example.com:8080/x", topics=["customer.created"])
    port, answers = receiver.server.server_port, ["127.0.0.1", OSError("no such name"), "127.0.0.1"]

    def resolved(*_asked: Any, **_options: Any) -> list[Any]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    customer_of(api)
    for minutes in (0, 2, 9):
        assert deliver(api, after=timedelta(minutes=minutes))["pending"] == 1
    (told,) = api.get(f"{HOOKS}/{made['id']}/events").body
    errors = [each["error"] for each in told["http"]["tries"]]
    assert errors == ["Address not allowed.", "no such name", "Address not allowed."]
    assert (receiver.got, answers) == ([], [])


def test_k4_a_receiver_that_never_comes_to_an_end_is_left(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    from ratable_server.api import outgoing  # noqa: PLC0415 - needs the settings

    monkeypatch.setattr(outgoing, "MOST_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as slow:
        made = hook(api, f"http://127.0.0.1:{slow.getsockname()[1]}/x", topics=["customer.created"])
        Thread(target=trickle, args=[slow], daemon=True).start()
        customer_of(api)
        begun = time.monotonic()
        assert deliver(api)["pending"] == 1
        assert time.monotonic() - begun < 15  # the whole answer takes 27 seconds
    (told,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert told["http"]["tries"][0]["error"] == "no answer in time"


def trickle(server: socket.socket) -> None:
    """A letter of an answer every fifth of a second."""
    connection, _ = server.accept()
    with connection, suppress(OSError):
        for letter in "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 20:
            connection.send(letter.encode())
            time.sleep(1 / 5)


def test_k8_a_receiver_that_is_gone_is_switched_off(api: Api, receiver: Receiver):
    made = hook(api, receiver.url, topics=["customer.created"])
    receiver.answers = [410]
    customer_of(api)
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 1}
    assert api.get(f"{HOOKS}/{made['id']}")["active"] is False
    customer_of(api)
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 0}
    assert len(receiver.got) == 1


def test_a_webhook_that_is_removed_while_its_receiver_says_that_it_is_gone_stays_removed(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    from ratable_server.api.campfire import deliveries  # noqa: PLC0415 - needs the settings

    made = hook(api, receiver.url, topics=["customer.created"])
    receiver.answers = [410]
    customer_of(api)

    def recorded_late(**named: Any) -> str:
        assert api.delete(f"{HOOKS}/{made['id']}").status == 204
        return record_try(**named)

    monkeypatch.setattr(deliveries, "record_try", recorded_late)
    assert deliver(api) == {"delivered": 0, "pending": 0, "failed": 1}
    assert api.get(f"{HOOKS}/{made['id']}").status == 404


def test_a6_an_event_whose_outcome_was_lost_is_sent_again_under_its_id(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    """The worker dies after the request has left: its lease ends, and somebody else takes the event."""
    from ratable_server.api.campfire import deliveries  # noqa: PLC0415 - needs the settings

    hook(api, receiver.url, topics=["customer.created"])
    customer_of(api)
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "record_try", interrupted)
        with pytest.raises(KeyboardInterrupt):
            deliver(api)
    assert deliver(api)["delivered"] == 0  # it is still taken
    assert deliver(api, after=timedelta(minutes=4))["delivered"] == 1
    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def interrupted(**_options: Any) -> str:
    raise KeyboardInterrupt


def test_a_name_is_judged_by_the_address_behind_it(api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    made = hook(api, f"http://localhost:{receiver.server.server_port}/x", topics=["customer.created"])
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", [])
    customer_of(api)
    assert deliver(api)["pending"] == 1
    (told,) = api.get(f"{HOOKS}/{made['id']}/events").body
    assert told["http"]["tries"][0]["error"] == "Address not allowed."
    assert receiver.got == []


def test_what_cannot_be_is_refused(api: Api, api_of: Callable[..., Api], new_actor: Callable[[], Actor]):
    made = hook(api, "https://hooks.example.com/x")
    for fields, field in (
        ({"topics": ["weather"]}, "topics"),
        ({"topics": [99]}, "topics"),
        ({"active": None}, "active"),
    ):
        told = api.post(HOOKS, {"url": "https://hooks.example.com/y", "active": True, **fields})
        assert (told.status, list(told.body)) == (400, [field])
    assert len(api.get(HOOKS).body) == 1
    clerk = api_of(api.actor, role="approver")
    assert [clerk.get(HOOKS).status, clerk.delete(f"{HOOKS}/{made['id']}").status] == [403, 403]
    theirs = api_of(new_actor())
    assert theirs.get(HOOKS).body == []
    assert theirs.get(f"{HOOKS}/{made['id']}/events").status == 404


def test_every_topic_is_told_and_has_its_place_for_ever():
    from ratable_server.store.webhooks import TOLD, TOPICS  # noqa: PLC0415 - needs the settings

    assert set(TOPICS) == TOLD
    assert len(TOPICS) == len(TOLD) == 29
    assert (TOPICS.index("period.closed"), TOPICS.index("journal_entry.deleted")) == (13, 28)


def test_a_round_of_work_is_a_command(api: Api, receiver: Receiver):
    hook(api, receiver.url, topics=["customer.created"])
    customer_of(api)
    assert Command(api.actor).json("work", "--once")["delivered"] == 1
    assert [event["topic"] for event in receiver.events()] == ["customer.created"]


def test_a_round_that_fails_is_logged_and_the_next_one_begins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    from ratable_server.cli import working  # noqa: PLC0415 - needs the settings

    worker, rounds = working.Worker(), list[int]()

    def failing(**_options: Any) -> None:
        rounds.append(len(rounds))
        if len(rounds) == 2:
            worker.stop()
        raise RuntimeError("the network is down")

    monkeypatch.setattr(working, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(working, "_jobs", lambda: {failing: 3_600})
    worker.run()
    assert rounds == [0, 1]
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_a_round_that_has_told_what_waits_is_due_again_at_once_and_told_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    from ratable_server.cli import working  # noqa: PLC0415 - needs the settings

    worker, rounds = working.Worker(), list[str]()

    def waiting(**_options: Any) -> None:
        rounds.append("waiting")
        raise WorkWaitsError("one of two waits")

    def other(**_options: Any) -> None:
        rounds.append("other")
        if rounds.count("other") == 2:
            worker.stop()

    monkeypatch.setattr(working, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(working, "_jobs", lambda: {waiting: 3_600, other: 0})
    worker.run()
    assert rounds == ["waiting", "other", "waiting", "other"]
    assert caplog.records == []


def test_what_is_done_seldom_is_not_done_in_every_round(monkeypatch: pytest.MonkeyPatch):
    from ratable_server.cli import working  # noqa: PLC0415 - needs the settings

    worker, done = working.Worker(), list[str]()

    def often(**_options: Any) -> None:
        done.append("often")
        if done.count("often") == 3:
            worker.stop()

    def seldom(**_options: Any) -> None:
        done.append("seldom")

    monkeypatch.setattr(working, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(working, "_jobs", lambda: {often: 0, seldom: 3_600})
    worker.run()
    assert done == ["often", "seldom", "often", "often"]
