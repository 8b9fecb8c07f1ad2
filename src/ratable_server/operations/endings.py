"""A contract ended together with what was billed too much of it: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, datetime

from ratable_server.actor import Actor
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.paper_told import Judging
from ratable_server.operations.paper_voids import void_paper
from ratable_server.operations.told import Filed
from ratable_server.operations.writing import changes_by
from ratable_server.store.retrying import retried


@retried
def end_contract(
    *,
    actor: Actor,
    termination: ContractTermination,
    invoices: Sequence[int] = (),
    void_on: date,
    at: datetime,
    judging: Judging = nullcontext,
) -> Filed:
    """Take invoices, by their rows, back on a day, then end the contract.

    Refuses:
        those of void_paper and terminate_contract; then nothing changes
    """
    with changes_by(actor):
        for id in invoices:
            void_paper(actor=actor, kind="invoice", id=id, on=void_on, reason="termination", at=at, judging=judging)
        return terminate_contract(actor=actor, termination=termination, at=at)
