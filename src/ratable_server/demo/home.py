"""The data folder of the demo: books of its own, which are not the user's, whatever the environment names.

Owns what is replaced: only a folder that an earlier demo has marked.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ratable_server.operations.embedded import is_short_enough, stop_embedded_server

BOOKS = "books"
_MARK = "made-by-ratable-demo"
_HOME = "RATABLE_HOME"
_OF_THE_USER = (
    _HOME,
    "RATABLE_DATABASE_URL",
    "RATABLE_DATABASE_OWNER_URL",
    "RATABLE_SECRET_KEY",
    "RATABLE_TENANT",
)


class TakenFolderError(Exception):
    """The folder for the books is there, and no demo has made it."""


@contextmanager
def own_books(folder: Path) -> Iterator[Path]:
    """Have RATABLE_HOME name an empty folder in `folder`, in place of what an earlier demo left there.

    Where the path is too long for the socket of a database it is a temporary folder, which is removed at the end.
    The database is stopped at the end, and the environment is as it was.

    Raises:
        TakenFolderError: there is something in the place that no demo has made.
    """
    home = (folder / BOOKS).resolve()
    is_kept = is_short_enough(home)
    if not is_kept:
        home = Path(tempfile.mkdtemp(prefix="ratable-demo-")).resolve() / BOOKS
    before = {name: os.environ.pop(name, None) for name in _OF_THE_USER}
    os.environ[_HOME] = str(home)
    try:
        _replace(home)
        yield home
    finally:
        stop_embedded_server()
        os.environ.pop(_HOME)
        os.environ.update({name: value for name, value in before.items() if value is not None})
        if not is_kept:
            shutil.rmtree(home.parent, ignore_errors=True)


def _replace(home: Path) -> None:
    if home.exists():
        if not (home / _MARK).is_file():
            raise TakenFolderError(f"{home} is there, and no demo has made it; choose another folder with --out")
        stop_embedded_server()
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / _MARK).touch()
