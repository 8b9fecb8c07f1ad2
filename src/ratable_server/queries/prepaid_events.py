"""Events of a prepaid commit: usage that was told one by one, with the month's consumption that each is a part of."""

from __future__ import annotations

from dataclasses import dataclass

from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found
from ratable_server.queries.prepaid_commits import PrepaidCommit
from ratable_server.queries.usage import UsageAsked, UsageRecord, usage_records
from ratable_server.store.public_ids import consumption_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidEvent:
    """A record of usage of a prepaid commit, and the id of its month's consumption."""

    record: UsageRecord
    consumption_id: int


def prepaid_events(
    *, actor: Actor, commit: PrepaidCommit, asked: Asked = FIRST_PAGE, less: str = ""
) -> Found[PrepaidEvent]:
    """Events in the order in which the books learned them; without those whose ids begin with `less`."""
    wanted = UsageAsked(
        prepaid_commits=[commit.code],
        limit=asked.limit,
        offset=asked.offset,
        modified_from=asked.modified_from,
        modified_through=asked.modified_through,
        is_deleted=asked.is_deleted,
        less=less,
    )
    found = usage_records(actor=actor, asked=wanted)
    rows = tuple(
        PrepaidEvent(record=record, consumption_id=consumption_id(commit.code, record.month_on))
        for record in found.rows
    )
    return Found(count=found.count, rows=rows)
