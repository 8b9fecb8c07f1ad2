-- What is taken back is a record, not an id: an id may be revised again, or taken back after a revision.

-- The content of a record of usage, the same for the same content: what receipts chain and ids are compared by.
-- Texts that may hold anything stand behind their length; what was not told is nothing.
CREATE FUNCTION ratable_usage_hash(
    event_id text, stream text, used_at timestamptz, used_on date, quantity numeric, amount numeric, currency text,
    dimensions jsonb
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT sha256(convert_to(concat(
        length(event_id), ':', event_id, '|', length(stream), ':', stream, '|',
        CASE WHEN used_at IS NULL THEN used_on::text ELSE '@' || trim_scale(extract(epoch FROM used_at)) END, '|',
        trim_scale(quantity), '|', trim_scale(amount), '|', currency, '|', dimensions
    ), 'UTF8'))
$$;

CREATE INDEX usage_record_number ON usage_record USING brin (number);
CREATE INDEX usage_record_prepaid ON usage_record (tenant_id, stream) WHERE stream LIKE '!%';
