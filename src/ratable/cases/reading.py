"""From files to cases: finds case files and reads each into typed records.

Owns the root of the format. Every value is read as text with line and column; a key that is
unknown, missing, doubled or of another kind is MalformedCaseError, naming file, line and key.
Business rules (a gap between tiers, an unknown item in usage) are not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ratable.cases.fields import Fields, mapping_at
from ratable.cases.nodes import compose
from ratable.cases.reading_entries import read_entries
from ratable.cases.reading_questions import read_questions
from ratable.cases.reading_terms import read_terms
from ratable.cases.records import Case
from ratable.errors import MalformedCaseError
from ratable.terms import Terms

_OPTIONAL = "about source currency entity policy products product_bundles contracts events expect"
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SUFFIXES = (".yaml", ".yml")


class Agreement(NamedTuple):
    """The terms of a case file; where it names no entity or no policy, these are the default ones."""

    terms: Terms
    names_entity: bool
    names_policy: bool


def read_case(path: Path) -> Case:
    """Read one case file.

    Raises:
        MalformedCaseError: the first thing in the file that is not the format.
    """
    root = _root(path)
    return Case(
        case=root.value("case", _name_of),
        path=path,
        line=root.place("case").line,
        about=root.raw("about") or "",
        source=root.raw("source") or "",
        terms=read_terms(root),
        entries=read_entries(root),
        questions=read_questions(root),
    )


def read_agreement(path: Path) -> Agreement:
    """Read what a case file agrees, for books that may have agreed other things before.

    Raises:
        MalformedCaseError: the first thing in the file that is not the format.
    """
    root = _root(path)
    return Agreement(terms=read_terms(root), names_entity=root.has("entity"), names_policy=root.has("policy"))


def _root(path: Path) -> Fields:
    return Fields(mapping_at(compose(path), "case"), required="case", optional=_OPTIONAL)


def read_cases(paths: Iterable[Path]) -> tuple[list[Case], list[MalformedCaseError]]:
    """Read many case files; those that are malformed come back as errors, all of them.

    A name that two files give to their case is an error in the second.
    """
    cases: dict[str, Case] = {}
    errors: list[MalformedCaseError] = []
    for path in paths:
        try:
            case = read_case(path)
            _name_once(case, cases)
            cases[case.case] = case
        except MalformedCaseError as error:
            errors.append(error)
    return list(cases.values()), errors


def find_cases(paths: Iterable[Path]) -> list[Path]:
    """List the files given, and the *.yaml and *.yml files in the folders given, sorted.

    Raises:
        MalformedCaseError: a path that is neither a file nor a folder.
    """
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise MalformedCaseError(path, 1, "", "there is no such file or folder")
        found.update(_cases_in(path) if path.is_dir() else [path])
    return sorted(found)


def _cases_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file()]


def _name_of(text: str) -> str:
    if not _KEBAB.fullmatch(text):
        raise ValueError(f"{text!r} is not kebab-case such as prepaid-chain")
    return text


def _name_once(case: Case, earlier: dict[str, Case]) -> None:
    if case.case in earlier:
        message = f"{case.case!r} is already the name of {earlier[case.case].path}"
        raise MalformedCaseError(case.path, case.line, "case", message)
