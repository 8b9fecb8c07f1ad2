"""`ratable check --books`: each case told to books of its own, on a database that is thrown away.

Owns that database and the tenant of each case. The command itself is the engine's, which calls `books_player` by name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ratable.cases.answers import Answers
from ratable.cases.records import Case
from ratable_server.cli.starting import new_request_id, prepare


@contextmanager
def books_player() -> Iterator[Callable[[Case], Answers]]:
    """A function that plays a case through the operations on PostgreSQL; nothing of it stays.

    Raises:
        MalformedCaseError: by the function; the books do not take terms that the calculation alone does.
    """
    from ratable_server.demo.home import own_books

    with tempfile.TemporaryDirectory(prefix="ratable-check-") as folder, own_books(Path(folder)):
        prepare()
        from ratable.errors import MalformedCaseError
        from ratable_server.clock import now_at
        from ratable_server.errors import Refused
        from ratable_server.operations.case_files import answer_case, play_case
        from ratable_server.operations.setup import set_up_books
        from ratable_server.operations.tenants import found_tenant

        request_id = new_request_id()
        set_up_books(tenant="cases", name="cases", timezone="UTC", request_id=request_id, at=now_at())

        numbers = count(1)

        def play(case: Case) -> Answers:
            actor = found_tenant(code=f"case-{next(numbers)}", name=case.case, request_id=request_id, at=now_at())
            try:
                return answer_case(actor=actor, played=play_case(actor=actor, case=case))
            except Refused as error:
                raise MalformedCaseError(case.path, case.line, "case", f"the books refuse it: {error}") from error

        yield play
