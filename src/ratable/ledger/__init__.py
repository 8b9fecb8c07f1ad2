"""6 Ledger: balanced journal entries by account role, liability and unbilled kept by source.

Owns which accounts an event touches and the position of each source. Does not decide what is
revenue, except what a termination releases.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa

from ratable.backends import Sheet, Stored
from ratable.ledger import entries, turns
from ratable.tables import MOVES

__all__ = ["Journal", "journalize"]

_NUMBER = ibis.schema({"turn_no": "int64"})


class Journal(NamedTuple):
    """What `journalize` gives."""

    journal: Stored
    applied: Stored


def journalize(
    sheet: Sheet,
    revenue: Stored,
    documents: Stored,
    waiting: Stored,
    contracts: Stored,
    sources: Stored,
    *,
    commits: Stored,
    months: Stored,
) -> Journal:
    """Turn revenue and documents into balanced entries.

    Each source (prepaid commit, subscription, milestone, the contract's usage) has one position,
    billed less recognized: above zero it is contract liability, below zero unbilled revenue. An
    invoice without a target clears the unbilled lots of the contract, oldest first. What a correction
    gives back to a pool after a termination lapses at once, as far as it is liability.

    Shapes:
        revenue     posted and new revenue
        documents   moves of documents that name their source, or need none
        waiting     invoices without a target, their voids and terminations: they depend on all before them
        contracts   their currencies
        sources     the product of a source: what a termination releases of it has the same
        commits     which a termination has ended, and on which day
        months      which are open
        -> journal  lines; entry_id groups them
        -> applied  what the waiting ones came to

    Units:
        debit_minor, credit_minor  int64, never negative, one of them zero

    Conserves:
        debit = credit per entry and currency

    Rejects:
        nothing

    Raises:
        InvariantError: an entry does not balance; always a bug.

    Source:
        ASC 606-10-45-1 to 45-4 (contract liabilities, contract assets, receivables).

    Example:
        overage of 20.00 not invoiced: Dr unbilled_revenue 20.00, Cr revenue 20.00.
    """
    owed = sheet.run(entries.owed_back, revenue)
    given = sheet.run(entries.given_back, revenue, commits, months)
    moves = sheet.run(entries.settled_moves, documents, revenue, into="all_moves")
    queue = sheet.run(turns.queue, waiting, moves, owed, given)
    last = max((row["turn_no"] for row in sheet.fetch(queue).to_pylist()), default=-1)
    applied = sheet.bind("applied", MOVES.to_pyarrow().empty_table(), MOVES)
    for number in range(last + 1):
        turn = sheet.bind("turn_number", pa.table({"turn_no": pa.array([number], pa.int64())}), _NUMBER)
        lots = sheet.run(turns.open_lots, moves, queue, turn)
        invoiced = sheet.run(turns.invoiced, lots, queue, turn)
        voided = sheet.run(turns.voided, moves, queue, turn)
        credited = sheet.run(turns.credited, moves, lots, queue, turn)
        released = sheet.run(turns.released, moves, queue, turn, sources)
        refunded = sheet.run(turns.refunded, moves, owed, queue, turn)
        lapsed = sheet.run(turns.lapsed, moves, given, queue, turn)
        taken = sheet.run(turns.taken, invoiced, voided, credited, released, refunded, lapsed)
        moves = sheet.run(entries.all_moves, moves, taken)
        applied = sheet.run(entries.all_moves, applied, taken, into="applied")
    return Journal(sheet.run(entries.journal, moves, contracts), applied)
