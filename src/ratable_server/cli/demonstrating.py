"""`ratable demo` where the books are installed: the sample company's year on a database of its own.

Owns the folders, the exit status, and what may be done next. The command itself is the engine's, which calls
`demonstrate` by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ratable_server.cli.answering import DONE, MALFORMED, REFUSED, answer, told
from ratable_server.cli.starting import DEFAULT_TENANT, new_request_id, open_books, prepare

if TYPE_CHECKING:
    from ratable_server.demo.year import Year

_NAME = "Tidewater Inference"


@told
def demonstrate(folder: Path, *, as_json: bool) -> None:
    """Play the sample through the books, print what they say, and leave books, reports and exports in `folder`.

    Exit status: 0 the books are sound, 1 they are not, 2 the folder is not free.
    """
    from ratable_server.demo.home import TakenFolderError, own_books

    try:
        with own_books(folder) as home:
            year = _demonstrate(folder, home, is_quiet=as_json)
    except TakenFolderError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MALFORMED) from None
    if as_json:
        answer(_record(year, folder), [], as_json=True)
    raise typer.Exit(DONE if year.is_sound else REFUSED)


def _demonstrate(folder: Path, home: Path, *, is_quiet: bool) -> Year:
    prepare()
    from ratable.cases.reading import read_case
    from ratable.demo import SAMPLE
    from ratable.demo.tables import new_console
    from ratable_server.clock import now_at
    from ratable_server.demo.telling import print_next, print_start
    from ratable_server.demo.year import tell_year
    from ratable_server.operations.case_files import moment_of
    from ratable_server.operations.setup import set_up_books

    case, console = read_case(SAMPLE), new_console(is_quiet=is_quiet)
    print_start(console, home)
    begun_at = now_at()
    set_up_books(
        tenant=DEFAULT_TENANT,
        name=_NAME,
        timezone=case.terms.entity.timezone,
        request_id=new_request_id(),
        at=moment_of(case.entries[0].on),
    )
    year = tell_year(open_books(DEFAULT_TENANT), case, folder, tenant=DEFAULT_TENANT, at=begun_at, console=console)
    print_next(console, folder, seconds=(now_at() - begun_at).seconds)
    return year


def _record(year: Year, folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from ratable.demo.tables import record_of

    return {
        **record_of(year.verdict, year.figures),
        "months": [asdict(month) for month in year.months],
        "late": [asdict(month) for month in year.late],
        "verify": [asdict(check) for check in year.checks],
        "folder": str(folder),
        "files": year.files,
    }
