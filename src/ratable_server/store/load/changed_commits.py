"""When what can be told of prepaid commits changed last: their terms, what was filed of them, and what draws on them.

What is left of a commit is computed of all that its contract has: each of those changes counts for every commit there. What
bills a commit counts for it alone. Time alone changes nothing: that a commit has expired is seen by its own date.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store.prepared import all_rows

# `commit_id` is null of what counts for every commit of the contract. Each part is a few steps down an index, however much usage
# there is and was taken back. The newest is the one with the highest number: that is drawn while nobody else adds usage, and the
# ids of a file's records before. Of an item only what was taken back or revised is found at once, so that where one draws, the
# newest of all usage counts: that can be too late and never too early. An item that draws no longer has changed.
_CHANGES = """
WITH pool AS (
    SELECT id, code, contract_id, modified_at FROM prepaid_commit
    WHERE tenant_id = %(tenant)s AND contract_id = ANY(%(contracts)s)
), item AS (
    SELECT code, contract_id, usage_group_id, modified_at, draws FROM usage_item
    WHERE tenant_id = %(tenant)s AND contract_id = ANY(%(contracts)s)
), signed AS (
    SELECT id, code, modified_at FROM contract WHERE tenant_id = %(tenant)s AND id = ANY(%(contracts)s)
), billed AS (
    SELECT document.id, document.recorded_at, pool.id AS commit_id, pool.contract_id
    FROM document JOIN pool ON pool.id = document.prepaid_commit_id
    WHERE document.tenant_id = %(tenant)s AND document.contract_id = ANY(%(contracts)s)
), prepaid AS (
    SELECT contract_id, %(addressed)s || code AS stream FROM pool
    UNION ALL SELECT id, %(unaddressed)s || code FROM signed
), used AS (
    SELECT prepaid.contract_id, newest.at FROM prepaid CROSS JOIN LATERAL (
        SELECT (
            SELECT recorded_at FROM usage_import
            WHERE tenant_id = %(tenant)s AND id = usage_record.usage_import_id
        ) AS at
        FROM usage_record
        WHERE tenant_id = %(tenant)s AND stream LIKE '!%' AND stream = prepaid.stream ORDER BY number DESC LIMIT 1
    ) AS newest
    UNION ALL
    SELECT contract_id, (
        SELECT (
            SELECT recorded_at FROM usage_import
            WHERE tenant_id = %(tenant)s AND id = usage_record.usage_import_id
        ) FROM usage_record WHERE tenant_id = %(tenant)s ORDER BY number DESC LIMIT 1
    ) FROM item WHERE draws
), taken_back AS (
    SELECT drawing.contract_id, newest.recorded_at AS at
    FROM (SELECT contract_id, stream FROM prepaid UNION ALL SELECT contract_id, code FROM item WHERE draws) AS drawing
    CROSS JOIN LATERAL (
        SELECT recorded_at FROM usage_void
        WHERE tenant_id = %(tenant)s AND usage_void.stream = drawing.stream ORDER BY id DESC LIMIT 1
    ) AS newest
), change AS (
    SELECT contract_id, NULL::bigint AS commit_id, modified_at AS at FROM pool
    UNION ALL SELECT contract_id, NULL, modified_at FROM item
    UNION ALL SELECT item.contract_id, NULL, usage_group.modified_at
        FROM item JOIN usage_group ON usage_group.id = item.usage_group_id WHERE draws
    UNION ALL SELECT id, NULL, modified_at FROM signed
    UNION ALL SELECT contract_id, NULL, modified_at FROM tier_price_override
        WHERE tenant_id = %(tenant)s AND contract_id = ANY(%(contracts)s)
    UNION ALL SELECT contract_id, NULL, recorded_at FROM termination
        WHERE tenant_id = %(tenant)s AND contract_id = ANY(%(contracts)s)
    UNION ALL SELECT pool.contract_id, NULL, recorded_at FROM top_up JOIN pool ON pool.id = commit_id
        WHERE tenant_id = %(tenant)s
    UNION ALL SELECT pool.contract_id, NULL, recorded_at FROM adjustment JOIN pool ON pool.id = commit_id
        WHERE tenant_id = %(tenant)s
    UNION ALL SELECT contract_id, NULL, at FROM used
    UNION ALL SELECT contract_id, NULL, at FROM taken_back
    UNION ALL SELECT pool.contract_id, pool.id, recorded_at FROM breakage_estimate JOIN pool ON pool.id = commit_id
        WHERE tenant_id = %(tenant)s
    UNION ALL SELECT contract_id, commit_id, recorded_at FROM billed
    UNION ALL SELECT billed.contract_id, billed.commit_id, document_void.recorded_at
        FROM document_void JOIN billed ON billed.id = document_void.document_id
    UNION ALL SELECT billed.contract_id, billed.commit_id, document_reopening.recorded_at FROM document_reopening
        JOIN document_void ON document_void.id = document_reopening.void_id
        JOIN billed ON billed.id = document_void.document_id
    UNION ALL SELECT billed.contract_id, billed.commit_id, paper_line.modified_at
        FROM paper_line JOIN billed ON billed.id = paper_line.document_id
)
SELECT contract_id, commit_id, max(at) FROM change GROUP BY contract_id, commit_id
"""


def load_commit_changes(actor: Actor, contracts: Collection[int]) -> dict[tuple[int, int | None], datetime]:
    """The last change of each commit of these contracts, by contract and commit; without a commit, that of all there."""
    if not contracts:
        return {}
    changes = all_rows(_CHANGES, _wanted(actor, contracts))
    return {(contract_id, commit_id): at for contract_id, commit_id, at in changes}


def _wanted(actor: Actor, contracts: Collection[int]) -> dict[str, Any]:
    return {
        "tenant": actor.tenant_id,
        "contracts": sorted(contracts),
        "addressed": addressed_stream(""),
        "unaddressed": unaddressed_stream(""),
    }
