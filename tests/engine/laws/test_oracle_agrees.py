"""The engine and the oracle read the same random cases and must write the same books."""

from __future__ import annotations

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from ratable.cases.playing import play as play_engine
from tests.engine.laws.comparing import differences, told
from tests.engine.laws.profile import law
from tests.engine.laws.strategies import EVERYTHING, cases
from tests.engine.oracle.playing import play as play_oracle

USAGE = frozenset({"usage", "close"})
PREPAID = frozenset({"commits", "addressed", "unaddressed", "close"})
PAYING = frozenset({"invoice", "payment", "credit_memo"})
CORRECTING = frozenset({"late", "void", "adjustment", "reopen"})

STEPS = {
    "pay_as_you_go": USAGE | {"pay_as_you_go"},
    "one_pool": frozenset({"commits", "addressed", "close"}),
    "prepaid": PREPAID | {"policy"},
    "draws": PREPAID | USAGE | {"draws", "pay_as_you_go", "bundles", "policy"},
    "fixed": frozenset({"subscriptions", "milestones", "close", "policy"}),
    "documents": PREPAID | USAGE | PAYING | {"draws", "subscriptions", "milestones", "policy"},
    "late": PREPAID | USAGE | {"draws", "pay_as_you_go", "bundles", "late", "void", "policy"},
    "adjusted": PREPAID | USAGE | {"adjustment", "late", "invoice", "pay_as_you_go", "draws", "policy"},
    "reopened": PREPAID | USAGE | {"pay_as_you_go", "draws", "late", "void", "reopen", "invoice", "policy"},
    "minimum": PREPAID | USAGE | {"minimum", "pay_as_you_go", "draws", "late", "policy"},
    "changed": PREPAID | USAGE | PAYING | {"draws", "top_up", "estimate", "allocate", "bundles", "policy"},
    "credited": PREPAID | {"credit_memo", "top_up", "late", "void", "invoice", "policy"},
    "terminated": PREPAID | USAGE | PAYING | {"draws", "terminate", "subscriptions", "milestones", "policy"},
    "corrected_after_the_end": PREPAID | USAGE | CORRECTING | {"draws", "terminate", "invoice", "estimate", "policy"},
    "parts": frozenset({"subscriptions", "milestones", "parts", "close", "reopen", "policy"} | PAYING),
    "parts_terminated": frozenset({"subscriptions", "milestones", "parts", "close", "terminate", "policy"} | PAYING),
    "options": USAGE | {"pay_as_you_go", "options", "late", "void", "repeats", "policy"},
    "options_draw": PREPAID | USAGE | {"draws", "pay_as_you_go", "options", "late", "minimum", "policy"},
    "rollover": PREPAID | USAGE | {"rollover", "draws", "late", "void", "top_up", "policy"},
    "rollover_changed": PREPAID
    | PAYING
    | {"rollover", "late", "adjustment", "estimate", "reopen", "terminate", "top_up", "policy"},
    "units": USAGE | {"commits", "units", "draws", "late", "void", "top_up", "policy"},
    "units_roll_over": PREPAID
    | USAGE
    | PAYING
    | {"units", "rollover", "draws", "late", "void", "top_up", "terminate", "minimum", "policy"},
    "units_and_options": USAGE | {"commits", "units", "draws", "options", "pay_as_you_go", "late", "policy"},
    "everything": EVERYTHING,
}


@pytest.mark.parametrize("step", STEPS)
@law
@given(data=st.data())
def test_engine_and_oracle_write_the_same_books(step: str, data: st.DataObject):
    case = data.draw(cases(STEPS[step]))
    note(told(case))
    found = differences(play_engine(case), play_oracle(case), case)
    assert not found, "\n".join(found[:25])
