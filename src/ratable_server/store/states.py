"""What stands agreed, as a hash for each contract, product and bundle: written into the audit with every change of it.

Owns which columns are agreed and how they become text. Another list of columns is another version, which the hash names;
only hashes of one version are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.prepared import all_rows
from ratable_server.store.transport import in_bulk

GONE = "gone"  # the state of what was taken out of the books
_VERSION = "1"
_FEW = (
    20  # looked up by a plan that is kept; more of them were added a moment ago, and the planner knows nothing of them
)

# Of each kind (an item that draws no units and a commit that has none and does not roll over say what they said before
# any did): what it says of itself, and the lines that stand on it (its row, kind, key, what they say).
_CONTRACT = """name, customer_id, currency, starts_on, ends_before, minimum_monthly_commitment_amount,
    minimum_monthly_commitment_quantity, opening_as_of"""
_CONTRACT_LINES = """
    SELECT contract_id AS of_id, 'usage_item' AS kind, code AS key, jsonb_build_array(place, product_id, usage_group_id, bundle_id,
        starts_on, ends_before, draws) || CASE WHEN drawdown_rate IS NULL AND drawdown_unit = '' THEN '[]'::jsonb
        ELSE jsonb_build_array(drawdown_rate, drawdown_unit) END AS told
    FROM usage_item WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT contract_id, 'prepaid_commit', code, jsonb_build_array(place, name, product_id, currency, total_value, discount_percentage,
        rate, starts_on, ends_before, priority, expected_breakage_percentage)
        || CASE WHEN rollover IS NULL AND units IS NULL THEN '[]'::jsonb
        ELSE jsonb_build_array(rollover, units, unit_of_measure) END
    FROM prepaid_commit WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT contract_id, 'subscription', code, jsonb_build_array(place, product_id, total_value, starts_on, ends_before, proration,
        catches_up_on, lines, allocation)
    FROM subscription WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT contract_id, 'milestone', code, jsonb_build_array(place, product_id, "on", amount, allocation)
    FROM milestone WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT contract_id, 'tier_price_override', usage_group_id || '.' || tier_number, jsonb_build_array(price, percentage)
    FROM tier_price_override WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT contract_id, 'opening_balance', place::text, jsonb_build_array(account, amount, prepaid_commit_id, subscription_id,
        milestone_id)
    FROM opening_balance WHERE tenant_id = %(tenant)s AND {of}
"""
# A plan without rating options and a tier without limits say what they said before there were any.
_PRODUCT_LINES = """
    SELECT product_id AS of_id, 'usage_group' AS kind, code AS key, jsonb_build_array(place, pricing_model, unit_of_measure,
        package_size, free_units, currency) || CASE WHEN (rating_group, group_dimension, rated_individually, aggregation,
        price_dimension, amount_dimension, quantity_decimals, quantity_rounding, overage_price, maximum_amount)
        IS NOT DISTINCT FROM ('month', '', false, 'sum', '', '', NULL::integer, 'half_up', NULL::numeric, NULL::numeric)
        THEN '[]'::jsonb ELSE jsonb_build_array(rating_group, group_dimension, rated_individually, aggregation,
        price_dimension, amount_dimension, quantity_decimals, quantity_rounding, overage_price, maximum_amount) END AS told
    FROM usage_group WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND {of}
    UNION ALL
    SELECT product_id, 'tier', usage_group.code || '/' || number, jsonb_build_array(lower_quantity, upper_quantity, price,
        percentage, flat_fee) || CASE WHEN tier.minimum_amount IS NULL AND tier.maximum_amount IS NULL THEN '[]'::jsonb
        ELSE jsonb_build_array(tier.minimum_amount, tier.maximum_amount) END
    FROM tier JOIN usage_group ON usage_group.tenant_id = tier.tenant_id AND usage_group.id = tier.usage_group_id
    WHERE tier.tenant_id = %(tenant)s AND tier.deleted_at IS NULL AND usage_group.deleted_at IS NULL AND {of}
"""
_BUNDLE_LINES = """
    SELECT bundle_id AS of_id, 'line' AS kind, product_id::text AS key, jsonb_build_array(place, percentage, standalone_price) AS told
    FROM bundle_line WHERE tenant_id = %(tenant)s AND {of}
"""
_NO_LINES = "    SELECT NULL::bigint AS of_id, '' AS kind, '' AS key, NULL::jsonb AS told WHERE false"
_KINDS = {
    "contract": (_CONTRACT, "contract_id", _CONTRACT_LINES),
    "product": ("name, currency", "product_id", _PRODUCT_LINES),
    "product_bundle": ("name", "bundle_id", _BUNDLE_LINES),
    "customer": ("name", "", _NO_LINES),
}
KINDS = tuple(_KINDS)


def _states(kind: str, *, limited: bool) -> str:
    """A query of (kind, code, hash); `limited` to the rows that it is told."""
    head, link, lines = _KINDS[kind]
    which = "AND head.id = ANY(%(ids)s)" if limited else ""
    of = f"{link} = ANY(%(ids)s)" if limited else "true"
    columns = ", ".join(f"head.{column.strip()}" for column in head.split(","))
    return f"""
    SELECT '{kind}' AS kind, head.code, '{_VERSION}:' || encode(sha256(convert_to(jsonb_build_array({columns},
        jsonb_agg(jsonb_build_array(line.kind, line.key, line.told) ORDER BY line.kind COLLATE "C", line.key COLLATE "C")
    )::text, 'UTF8')), 'hex') AS state
    FROM {kind} AS head LEFT JOIN ({lines.format(of=of)}) AS line ON line.of_id = head.id
    WHERE head.tenant_id = %(tenant)s AND head.deleted_at IS NULL {which} GROUP BY head.id
    """  # noqa: S608 - our own


# (state_of, how) of what is not what the audit says that the last change left of it.
_STANDING = "\nUNION ALL\n".join(_states(kind, limited=False) for kind in KINDS)
CONTRADICTED = f"""
WITH standing AS ({_STANDING}), told AS (
    SELECT DISTINCT ON (state_of) state_of, state FROM audit_entry
    WHERE tenant_id = %(tenant)s AND state_of <> '' ORDER BY state_of, id DESC
), known AS (  -- entries of before there were states
    SELECT subject_kind || '/' || subject_code AS state_of FROM audit_entry WHERE tenant_id = %(tenant)s
    UNION
    SELECT 'customer/' || code FROM customer WHERE tenant_id = %(tenant)s  -- an import told none of them
    UNION
    SELECT kind || '/' || jsonb_array_elements_text(after -> (kind || 's')) FROM audit_entry
    CROSS JOIN (VALUES ('contract'), ('product'), ('product_bundle')) AS kinds (kind)
    WHERE tenant_id = %(tenant)s AND subject_kind = 'terms'
)
SELECT COALESCE(told.state_of, standing.kind || '/' || standing.code),
    CASE WHEN told.state_of IS NULL THEN 'the audit knows nothing of it'
        WHEN standing.code IS NULL THEN 'is gone' ELSE 'is not as the audit says' END
FROM standing FULL JOIN told ON told.state_of = standing.kind || '/' || standing.code
WHERE CASE WHEN told.state_of IS NULL
        THEN standing.kind || '/' || standing.code NOT IN (SELECT state_of FROM known)
    WHEN split_part(told.state, ':', 1) = split_part(COALESCE(standing.state, told.state), ':', 1)
        THEN told.state <> COALESCE(standing.state, '{GONE}')
    ELSE standing.code IS NULL OR told.state = '{GONE}' END
"""  # noqa: S608 - our own


_STATES = {kind: _states(kind, limited=True) for kind in KINDS}
HOLD = {
    kind: f"SELECT id FROM {kind} WHERE tenant_id = %(tenant)s AND code = ANY(%(codes)s) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608 - our own
    for kind in KINDS
}


"""Keeps the things of each kind that have one of `codes`: nobody else changes them until this transaction ends."""
_OF_CODE = "WITH of AS MATERIALIZED (SELECT id FROM {kind} WHERE tenant_id = %(tenant)s AND code = %(of_code)s)"
STATE = {
    kind: f"({_OF_CODE.format(kind=kind)} SELECT state FROM"  # noqa: S608 - our own
    f" ({_STATES[kind].replace('ANY(%(ids)s)', '(SELECT id FROM of)')}) AS standing)"
    for kind in KINDS
}
"""The state of the thing of each kind whose code is `of_code`: part of a statement that writes it down."""


def states_of(actor: Actor, kind: str, codes: Sequence[str]) -> dict[str, str]:
    """The state of each by its code, `GONE` where it is not there; nobody else changes them until this transaction ends."""
    is_much = len(codes) > _FEW
    with in_bulk() if is_much else nullcontext():
        ask = _planned_anew if is_much else all_rows
        ids = [row_id for (row_id,) in ask(HOLD[kind], {"tenant": actor.tenant_id, "codes": list(codes)})]
        found = {code: state for _, code, state in ask(_STATES[kind], {"tenant": actor.tenant_id, "ids": ids})}
    return {code: found.get(code, GONE) for code in codes}


def _planned_anew(statement: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return list(cursor.fetchall())
