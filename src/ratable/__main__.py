"""The command line of the calculation: `ratable check`, `run`, `demo`, `bench`, `version`.

Owns arguments, output and exit codes. Each command imports what it needs when it runs, so that
`ratable --help` answers at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ratable import __version__

if TYPE_CHECKING:
    from pyarrow import Table

    from ratable.cases.answers import Answers
    from ratable.cases.judging import Verdict
    from ratable.cases.records import Case
    from ratable.errors import MalformedCaseError

    Play = Callable[[Case], Answers]

HOLDS, DOES_NOT_HOLD, MALFORMED = 0, 1, 2

app = typer.Typer(
    name="ratable",
    help="Usage in, recognized revenue out. `ratable demo` plays the year of a sample company.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Paths = Annotated[
    list[Path], typer.Argument(metavar="FILE_OR_FOLDER...", help="Case files (YAML), or folders of them.")
]
Books = Annotated[bool, typer.Option("--books", help="Play through the operations and PostgreSQL.")]
CaseFile = Annotated[Path, typer.Argument(metavar="CASE", help="A case file (YAML).")]
Tables = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Where to write; by default in a folder with the name of the case."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Where to write; by default demo-output.")]


def main() -> None:
    """Run the command line."""
    app()


def _has_books() -> bool:
    """Is the extra `server` installed?"""
    return bool(find_spec("ratable_server") and find_spec("django"))


def _join_the_books() -> None:
    """Add the commands of the books where they are installed; named by text, as the engine has none."""
    if _has_books():
        import_module("ratable_server.cli.main").join(app)


@app.command()
def check(paths: Paths, books: Books = False, as_json: Json = False) -> None:
    """Play each case and tell every figure that is not as expected. A case is what was agreed, happened and is expected.

    Exit status: 0 all hold, 1 one does not, 2 a file is malformed.
    """
    if books and not _has_books():
        _stop("--books: the books are not installed (extra `server`); without it the calculation runs alone")
    cases, errors = _read(paths)
    _print_warnings(cases)
    with _player(has_books=books) as play:
        verdicts = _judge(cases, errors, play) if cases else []
    _print_verdicts(verdicts, errors, as_json)
    for error in errors:
        typer.echo(str(error), err=True)
    raise typer.Exit(_status(verdicts, errors))


@app.command()
def run(case: CaseFile, out: Tables = None, as_json: Json = False) -> None:
    """Play one case and write every table of the flow, as CSV and as Parquet."""
    from ratable.cases.exporting import write_tables
    from ratable.cases.playing import play
    from ratable.cases.reading import read_case
    from ratable.errors import MalformedCaseError, NumberOverflowError

    try:
        told = read_case(case)
        folder = _folder(out or Path(f"{told.case}-tables"))
        _print_warnings([told])
        tables = play(told).stage_tables()
    except MalformedCaseError as error:
        _stop(str(error))
    except NumberOverflowError as error:
        _stop(f"{case}: a number does not fit: {error}")
    _print_left_out(tables)
    written = write_tables(tables, folder)
    record = {"case": told.case, "folder": str(folder), "tables": written}
    _print(record, as_json, [*(f"{table['csv']}  {table['rows']} rows" for table in written)])


@app.command()
def demo(out: Out = None, as_json: Json = False) -> None:
    """Play a year of a sample company, print its reports and write them to files.

    Where the books are installed the year goes through them, on a database of its own; else it is calculated only.
    """
    from ratable.demo import DEFAULT_FOLDER
    from ratable.demo import run as run_demo

    folder = _folder(out or DEFAULT_FOLDER)
    if _has_books():
        import_module("ratable_server.cli.demonstrating").demonstrate(folder, as_json=as_json)
        return
    typer.echo("The books are not installed (extra `server`): the calculation plays the year alone.", err=True)
    _print_result(run_demo(folder, as_json=as_json), as_json)


@app.command()
def bench(as_json: Json = False) -> None:
    """Measure the speed of the calculation on this machine."""
    from ratable.bench import main as run_bench

    _print_result(run_bench(as_json=as_json), as_json)


@app.command()
def version(as_json: Json = False) -> None:
    """Print the calculation version."""
    _print({"version": __version__}, as_json, [__version__])


def _read(paths: list[Path]) -> tuple[list[Case], list[MalformedCaseError]]:
    """Read every case file; a folder without any is an error too, as nothing would be checked."""
    from ratable.cases.reading import find_cases, read_cases
    from ratable.errors import MalformedCaseError

    try:
        files = find_cases(paths)
    except MalformedCaseError as error:
        _stop(str(error))
    if not files:
        _stop(f"no case files (*.yaml) in {', '.join(map(str, paths))}")
    return read_cases(files)


@contextmanager
def _player(*, has_books: bool) -> Iterator[Play]:
    """What plays a case: the calculation alone, or the operations on a database."""
    if has_books:
        with import_module("ratable_server.cli.checking").books_player() as play:
            yield play
    else:
        from ratable.cases.playing import play

        yield play


def _judge(cases: list[Case], errors: list[MalformedCaseError], play: Play) -> list[Verdict]:
    """Play and judge each case; a malformed usage file shows only now and joins `errors`."""
    from ratable.cases.judging import judge
    from ratable.errors import MalformedCaseError, NumberOverflowError

    verdicts = []
    for case in cases:
        try:
            verdicts.append(judge(case, play(case)))
        except MalformedCaseError as error:
            errors.append(error)
        except NumberOverflowError as error:
            errors.append(MalformedCaseError(case.path, case.line, "case", f"a number does not fit: {error}"))
    return verdicts


def _print_warnings(cases: list[Case]) -> None:
    """Terms that can be and may surprise, on the error stream: they change no verdict."""
    from ratable.terms_rules import warn_of_terms

    for case in cases:
        for warning in warn_of_terms(case.terms):
            typer.echo(f"{case.path}: warning: {warning.id}: {warning.code}: {warning.detail}", err=True)


def _folder(folder: Path) -> Path:
    """Where tables go; a file of that name, or on the way there, is told before anything is played.

    A name that is no text is told, too: neither a database nor a table in Parquet can be there.
    """
    if not _is_text(folder):
        _stop(f"--out: {str(folder)!r} is no UTF-8")
    taken = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if taken.exists() and not taken.is_dir():
        _stop(f"--out: {taken} is a file, not a folder")
    return folder


def _is_text(path: Path) -> bool:
    """Bytes that are no UTF-8 come as halves of characters."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _print_left_out(tables: dict[str, Table]) -> None:
    """What the books did not take, on the error stream: the tables name each with its code."""
    counts = {name: tables[name].num_rows for name in ("rejected", "refused") if name in tables}
    if any(counts.values()):
        rejected, refused = counts.get("rejected", 0), counts.get("refused", 0)
        typer.echo(f"not taken: {rejected} rejected usage rows, {refused} refused terms or acts", err=True)


def _status(verdicts: list[Verdict], errors: list[MalformedCaseError]) -> int:
    if errors:
        return MALFORMED
    return HOLDS if all(verdict.ok for verdict in verdicts) else DOES_NOT_HOLD


def _print_verdicts(verdicts: list[Verdict], errors: list[MalformedCaseError], as_json: bool) -> None:
    from ratable.cases.reporting import records_of, records_of_errors, report_of

    if verdicts or as_json:
        _print([*records_of(verdicts), *records_of_errors(errors)], as_json, list(report_of(verdicts)))


def _print_result(result: Any, as_json: bool) -> None:
    """What a command of another module answers: a record, lines, or nothing (it has printed)."""
    if result is not None:
        lines = result.items() if isinstance(result, dict) else result
        _print(result, as_json, [f"{line[0]}: {line[1]}" if isinstance(line, tuple) else str(line) for line in lines])


def _print(record: object, as_json: bool, lines: list[str]) -> None:
    typer.echo(json.dumps(record, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(lines))


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(MALFORMED)


_join_the_books()

if __name__ == "__main__":
    main()
