"""Random stories: told to the books, month by month on PostgreSQL, they say what the engine alone says of the whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from ratable.cases.playing import play
from ratable_server.actor import Actor
from ratable_server.operations.case_files import answer_case, play_case
from ratable_server.queries.identities import broken_laws
from tests.engine.laws.comparing import differences, told
from tests.engine.laws.profile import law
from tests.engine.laws.strategies import EVERYTHING, cases
from tests.engine.laws.test_oracle_agrees import STEPS

ACTS = {
    "late": STEPS["late"],
    "changed": STEPS["changed"],
    "options": STEPS["options"] | STEPS["options_draw"],
    "everything": EVERYTHING,
}


@pytest.mark.parametrize("acts", ACTS)
@law
@given(data=st.data())
def test_books_and_engine_say_the_same(acts: str, data: st.DataObject, new_actor: Callable[..., Actor]):
    case = data.draw(cases(ACTS[acts]))
    note(told(case))
    actor = new_actor()
    books = answer_case(actor=actor, played=play_case(actor=actor, case=case))

    found = differences(play(case), books, case)
    assert not found, "\n".join(found[:25])
    assert broken_laws(actor=actor) == []
