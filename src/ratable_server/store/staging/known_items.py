"""What the books know of the streams that a file names: dates, currency, and whether a quantity has a price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ibis
import pyarrow as pa
from django.db import connection

from ratable.periods import FAR
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store.staging.joined_texts import joined
from ratable_server.store.transport import read_table

_SCHEMA = ibis.schema(
    {
        "code": "string",
        "pricing_model": "string",
        "is_bundle": "boolean",
        "starts_on": "date",
        "ends_before": "date",
        "contract_starts_on": "date",
        "contract_ends_before": "date",
        "currency": "string",
        "carried_in": "string",  # the dimension in which a record carries its price; empty: its plan has prices
    }
)
_MANY = 1_000
_LOOPS = "SET LOCAL enable_nestloop = {}"

# Of many streams: tables are joined as wholes.
_ITEMS = """
WITH wanted AS (SELECT unnest((string_to_array(%(streams)s, %(streams_between)s))[2:]) AS code),
contracts AS (
    SELECT contract.id, contract.code, contract.currency, contract.starts_on,
        greatest(contract.starts_on, contract.opening_as_of + 1) AS counts_from,
        least(coalesce(contract.ends_before, %(far)s), termination."on" + 1) AS ends_before
    FROM contract LEFT JOIN termination
        ON termination.tenant_id = contract.tenant_id AND termination.contract_id = contract.id
    WHERE contract.tenant_id = %(tenant)s AND contract.deleted_at IS NULL
)
SELECT wanted.code, coalesce(usage_group.pricing_model, ''), usage_item.bundle_id IS NOT NULL, usage_item.starts_on,
    coalesce(usage_item.ends_before, %(far)s), counts_from, contracts.ends_before, contracts.currency,
    coalesce(nullif(usage_group.price_dimension, ''), usage_group.amount_dimension, '')
FROM wanted
JOIN usage_item ON usage_item.tenant_id = %(tenant)s AND usage_item.code = wanted.code
    AND usage_item.deleted_at IS NULL
JOIN contracts ON contracts.id = usage_item.contract_id
LEFT JOIN usage_group ON usage_group.tenant_id = %(tenant)s AND usage_group.id = usage_item.usage_group_id
UNION ALL
SELECT wanted.code, '', false, contracts.starts_on, %(far)s, counts_from, contracts.ends_before, contracts.currency, ''
FROM wanted
JOIN prepaid_commit ON prepaid_commit.tenant_id = %(tenant)s
    AND prepaid_commit.code = substr(wanted.code, length(%(addressed)s) + 1) AND prepaid_commit.deleted_at IS NULL
JOIN contracts ON contracts.id = prepaid_commit.contract_id
WHERE starts_with(wanted.code, %(addressed)s)
UNION ALL
SELECT wanted.code, '', false, contracts.starts_on, %(far)s, counts_from, contracts.ends_before, contracts.currency, ''
FROM wanted JOIN contracts ON contracts.code = substr(wanted.code, length(%(unaddressed)s) + 1)
WHERE starts_with(wanted.code, %(unaddressed)s)
"""


# The same of few, each looked up by its keys: OFFSET 0 keeps the planner, who knows nothing of terms that have just come,
# from looking at all of them.
_FEW = """
WITH wanted AS (SELECT unnest((string_to_array(%(streams)s, %(streams_between)s))[2:]) AS code),
named AS (
    SELECT wanted.code, item.contract_id, item.usage_group_id, item.bundle_id IS NOT NULL AS is_bundle,
        item.starts_on, coalesce(item.ends_before, %(far)s) AS ends_before
    FROM wanted CROSS JOIN LATERAL (
        SELECT * FROM usage_item
        WHERE tenant_id = %(tenant)s AND usage_item.code = wanted.code AND deleted_at IS NULL OFFSET 0
    ) AS item
    UNION ALL
    SELECT wanted.code, addressed.contract_id, NULL, false, NULL, %(far)s
    FROM wanted CROSS JOIN LATERAL (
        SELECT contract_id FROM prepaid_commit
        WHERE tenant_id = %(tenant)s AND prepaid_commit.code = substr(wanted.code, length(%(addressed)s) + 1)
            AND deleted_at IS NULL OFFSET 0
    ) AS addressed
    WHERE starts_with(wanted.code, %(addressed)s)
    UNION ALL
    SELECT wanted.code, unaddressed.id, NULL, false, NULL, %(far)s
    FROM wanted CROSS JOIN LATERAL (
        SELECT id FROM contract
        WHERE tenant_id = %(tenant)s AND contract.code = substr(wanted.code, length(%(unaddressed)s) + 1) OFFSET 0
    ) AS unaddressed
    WHERE starts_with(wanted.code, %(unaddressed)s)
)
SELECT named.code, coalesce(price.pricing_model, ''), named.is_bundle, coalesce(named.starts_on, held.starts_on),
    named.ends_before, held.counts_from, held.ends_before, held.currency, coalesce(price.carried_in, '')
FROM named CROSS JOIN LATERAL (
    SELECT currency, starts_on, greatest(starts_on, opening_as_of + 1) AS counts_from,
        least(coalesce(ends_before, %(far)s), (
            SELECT "on" + 1 FROM termination WHERE tenant_id = %(tenant)s AND termination.contract_id = contract.id
        )) AS ends_before
    FROM contract WHERE tenant_id = %(tenant)s AND id = named.contract_id AND deleted_at IS NULL OFFSET 0
) AS held
LEFT JOIN LATERAL (
    SELECT pricing_model, coalesce(nullif(price_dimension, ''), amount_dimension) AS carried_in
    FROM usage_group WHERE tenant_id = %(tenant)s AND id = named.usage_group_id OFFSET 0
) AS price ON true
"""


def known_items(actor: Actor, streams: Sequence[str]) -> pa.Table:
    """A row for each of the streams that the books know: an item, or prepaid usage of a commit or of a contract."""
    are_many = len(streams) > _MANY
    with _hashing(are_many=are_many):
        return read_table(_ITEMS if are_many else _FEW, item_parameters(actor, streams), _SCHEMA)


def items_statements(streams: Sequence[str]) -> tuple[str, ...]:
    """What asks for few streams, or for many; one of the statements has rows to give."""
    return (_FEW,) if len(streams) <= _MANY else (_LOOPS.format("off"), _ITEMS, _LOOPS.format("on"))


def item_parameters(actor: Actor, streams: Sequence[str]) -> dict[str, Any]:
    """The parameters of either."""
    told, between = joined(streams)
    return {
        "tenant": actor.tenant_id,
        "streams": told,
        "streams_between": between,
        "addressed": addressed_stream(""),
        "unaddressed": unaddressed_stream(""),
        "far": FAR,
    }


@contextmanager
def _hashing(*, are_many: bool) -> Iterator[None]:
    """For many streams tables are joined as wholes: of terms that have just come the planner thinks they are few."""
    if not are_many:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_LOOPS.format("off"))
        yield
        cursor.execute(_LOOPS.format("on"))
