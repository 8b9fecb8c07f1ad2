"""The commands for decisions: `ratable policy`, on which every figure depends, and `ratable dynamic-pricing`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ratable_server.cli.answering import Json, answer, told
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable.terms import Policy

Choices = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME=CHOICE...]", help="What is to be: late_usage=reject cascade=false")
]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The usage item, by its id.")]
IsOn = Annotated[bool, typer.Argument(metavar="true|false", help="Does the system that reports set its prices?")]
_FLAGS = {"true": True, "false": False}


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(told(policy))
    app.command("dynamic-pricing")(told(dynamic_pricing))


def policy(choices: Choices = None, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Show the accounting policy, or change what is named of it; once a month is closed, it stays."""
    wanted = dict(_pair(text) for text in choices or ())
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.policies import set_policy
    from ratable_server.queries.policies import tenant_policy

    found = tenant_policy(actor=actor)
    if wanted:
        changed = _with(found, wanted)
        set_policy(actor=actor, policy=changed, at=now_at())
        found = changed
    told_of = asdict(found)
    answer(told_of, (f"{name:<22} {_word(value)}" for name, value in told_of.items()), as_json=as_json)


def dynamic_pricing(item: Item, *, is_on: IsOn, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Keep what a billing system has reported of an item from being changed or deleted, or let it be."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.usage import set_dynamic_pricing

    set_dynamic_pricing(actor=actor, item=item, is_wanted=is_on, at=now_at())
    line = "reported usage stays as it came" if is_on else "reported usage may be changed and deleted"
    answer({"item": item, "dynamic_pricing": is_on}, [f"{item}: {line}"], as_json=as_json)


def _with(policy: Policy, wanted: dict[str, Any]) -> Policy:
    unknown = [name for name in wanted if name not in asdict(policy)]
    if unknown:
        raise typer.BadParameter(f"there is no policy {', '.join(unknown)}; there are {', '.join(asdict(policy))}")
    return replace(policy, **wanted)


def _pair(text: str) -> tuple[str, str | bool]:
    name, equals, choice = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not a name and its choice, such as late_usage=reject")
    return name, _FLAGS.get(choice, choice)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
