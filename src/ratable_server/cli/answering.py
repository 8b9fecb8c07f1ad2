"""How a command answers: a table for people, JSON for programs, and an exit status for both."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_type_hints

import typer
from typer.models import OptionInfo

DONE, REFUSED, MALFORMED, UNAVAILABLE = 0, 1, 2, 3
_HALF = re.compile("[\ud800-\udfff]")
WIDE = 500  # columns where nobody looks at a screen: a file or another program cuts nothing off

P = ParamSpec("P")
R = TypeVar("R")

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def answer(record: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a record for programs, or lines for people."""
    if as_json:
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False, default=str))
    else:
        for line in lines:
            typer.echo(line)


def answer_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as JSON objects, or their `columns` as a table."""
    if as_json:
        answer(rows, [], as_json=True)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(row[column])) for column in columns))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def _refuse_half_characters(command: Callable[..., object], said: Mapping[str, object]) -> None:
    """Go on, unless a text has bytes that are no UTF-8: they come as halves of characters. A file may have any name.

    Refuses:
        text_must_be_plain
    """
    from ratable_server.errors import Refused

    for name, value in said.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and _HALF.search(text):
                raise Refused("text_must_be_plain", field=_shown_name(command, name), detail=f"{text!r} is no UTF-8")


def _shown_name(command: Callable[..., object], name: str) -> str:
    """What the help of a command calls a parameter: --tenant, COMMIT."""
    _, said = get_args(get_type_hints(command, include_extras=True)[name])
    if isinstance(said, OptionInfo):
        return str((said.param_decls or (said.default,))[0])  # in an annotation the first word is no default
    return str(said.metavar or name).strip("[].").upper()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "ok" if value else "NO"
    return str(value)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Tell a refusal or bad weather in a line on the error stream, and as the exit status: 1 and 3.

    No command sees a text that no books can keep.
    """

    @wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> R:
        from django.db import DatabaseError, InterfaceError

        from ratable_server.errors import Refused, Unavailable
        from ratable_server.operations.embedded import EmbeddedServerError

        try:
            _refuse_half_characters(command, kwargs)
            return command(*args, **kwargs)
        except Refused as error:
            for reason in error.reasons:
                typer.echo(f"refused: {reason}", err=True)
            raise typer.Exit(REFUSED) from None
        except Unavailable as error:
            typer.echo(f"not now: {error}", err=True)
            raise typer.Exit(UNAVAILABLE) from None
        except (DatabaseError, InterfaceError, EmbeddedServerError) as error:
            typer.echo(f"the database does not answer: {error}; `ratable doctor` looks for the reason", err=True)
            raise typer.Exit(UNAVAILABLE) from None

    return telling
