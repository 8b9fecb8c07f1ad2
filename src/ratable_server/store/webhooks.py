"""Which changes webhooks are told, and the row of each: written with the change, sent later by somebody else.

Owns the topics. What a change was comes from its entry in the audit, so that no operation knows of webhooks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# The operation that changes something -> the topic, and what the event is about.
_TOPIC_OF: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("create_contract", "duplicate_contract"), ("contract.created", "contract")),
    **dict.fromkeys(
        (
            *("modify_contract", "change_allocation"),
            *(
                f"{verb}_{line}"
                for verb in ("modify", "delete")
                for line in ("usage_item", "subscription", "milestone")
            ),
            *("add_usage_item", "add_subscription", "add_milestone"),
        ),
        ("contract.updated", "contract"),
    ),
    "terminate_contract": ("contract.terminated", "contract"),
    "delete_contract": ("contract.deleted", "contract"),
    "grant_prepaid_commit": ("prepaid_commit.created", "prepaid_commit"),
    "modify_prepaid_commit": ("prepaid_commit.updated", "prepaid_commit"),
    "top_up_prepaid_commit": ("prepaid_commit.updated", "prepaid_commit"),
    "process_adjustments": ("prepaid_commit.updated", "prepaid_commit"),
    "delete_prepaid_commit": ("prepaid_commit.deleted", "prepaid_commit"),
    "create_product": ("product.created", "product"),
    "modify_product": ("product.updated", "product"),
    "delete_product": ("product.deleted", "product"),
    "create_customer": ("customer.created", "customer"),
    "modify_customer": ("customer.updated", "customer"),
    "add_contact": ("customer.updated", "customer"),
    "delete_customer": ("customer.deleted", "customer"),
    "close_period": ("period.closed", "period"),
    "reopen_period": ("period.reopened", "period"),
    "write_entry": ("journal_entry.created", "journal_entry"),
    "remove_written": ("journal_entry.deleted", "journal_entry"),
    "reverse_entry": ("journal_entry.reversed", "journal_entry"),
}
_REWRITTEN = "journal_entry.updated"  # of a written entry, from its first revision on
# The same for invoices and credit memos, whose operations are told by what they are done to.
_VERB_OF = {
    "issue_paper": "created", "revise_paper": "updated", "delete_paper": "deleted", "void_paper": "voided",
    "reopen_paper": "reopened", "settle": "updated", "void_settlement": "updated", "delete_settlement": "updated",
}  # fmt: skip
_PAPERS = ("invoice", "credit_memo")

# The id of a topic is its place: new ones go to the end.
TOPICS: tuple[str, ...] = (
    "contract.created", "contract.updated", "contract.terminated", "contract.deleted",
    "prepaid_commit.created", "prepaid_commit.updated", "prepaid_commit.deleted",
    "product.created", "product.updated", "product.deleted",
    "customer.created", "customer.updated", "customer.deleted",
    "period.closed", "period.reopened",
    "invoice.created", "invoice.updated", "invoice.voided", "invoice.reopened", "invoice.deleted",
    "credit_memo.created", "credit_memo.updated", "credit_memo.voided", "credit_memo.reopened", "credit_memo.deleted",
    "journal_entry.created", "journal_entry.updated", "journal_entry.reversed", "journal_entry.deleted",
)  # fmt: skip
TOLD: frozenset[str] = frozenset(
    {topic for topic, _ in _TOPIC_OF.values()}
    | {f"{kind}.{verb}" for kind in _PAPERS for verb in _VERB_OF.values()}
    | {_REWRITTEN}
)

ANNOUNCE = """
INSERT INTO webhook_event (tenant_id, webhook_id, topic, object, created_at, status, due_at, tries)
SELECT tenant_id, id, %(topic)s, %(object)s::jsonb, %(at)s, 'pending', %(at)s, '[]'
FROM register_entry
WHERE tenant_id = %(tenant)s AND kind = 'webhook' AND deleted_at IS NULL AND further @> '{"active": true}'
  AND (further -> 'topics' = '[]' OR further -> 'topics' @> %(wanted)s::jsonb)
ORDER BY id
"""


def announcement(*, action: str, kind: str, code: str, fields: Mapping[str, Any]) -> dict[str, str] | None:
    """What `ANNOUNCE` writes of a change, which goes into the transaction of the change; None: nobody is told of such.

    Each webhook that wants to hear of the topic gets an event; one without topics hears of everything. `fields` are those
    that the audit tells of the change.
    """
    topic, about = _TOPIC_OF.get(action, ("", ""))
    if kind in _PAPERS and action in _VERB_OF:
        topic, about = f"{kind}.{_VERB_OF[action]}", kind
    if action == "write_entry" and fields.get("revision"):
        topic = _REWRITTEN
    if not topic:
        return None
    is_line = about == "prepaid_commit" and kind == "contract"
    told = {"kind": about, "code": str(fields.get("id", code)) if is_line else code}
    return {"topic": topic, "object": json.dumps(told), "wanted": json.dumps([topic])}
