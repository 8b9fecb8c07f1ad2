-- The same id as in 0007. Numbers are made texts by a cast: `text || integer` counts as depending on the session, and
-- an immutable function with it in its body is called for each row instead of becoming part of the statement.
CREATE OR REPLACE FUNCTION ratable_revenue_id(
    contract_id text, source_kind text, source_id text, item_id text, product_id text, commit_id text, kind text,
    service_on date, booked_on date, adjusted_on date
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT ('x' || left(md5(
        contract_id || E'\x1f' || source_kind || E'\x1f' || source_id || E'\x1f' || item_id || E'\x1f' || product_id
        || E'\x1f' || commit_id || E'\x1f' || kind || E'\x1f' || (service_on - DATE '1970-01-01')::text
        || E'\x1f' || (booked_on - DATE '1970-01-01')::text || E'\x1f' || (adjusted_on - DATE '1970-01-01')::text
    ), 13))::bit(52)::bigint
$$;
