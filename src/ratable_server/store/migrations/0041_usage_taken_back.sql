-- Whoever writes a void names the record; one of none would be of no stream.
CREATE FUNCTION ratable_stream_of_void() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.stream := coalesce((
        SELECT stream FROM usage_record
        WHERE tenant_id = NEW.tenant_id AND month_on = NEW.month_on AND id = NEW.record_id
    ), '');
    RETURN NEW;
END
$$;
CREATE TRIGGER ratable_stream_of_void BEFORE INSERT ON usage_void
FOR EACH ROW EXECUTE FUNCTION ratable_stream_of_void();

-- Numbers are drawn in the order of commits; ids of a file's records are drawn before others are kept away.
CREATE INDEX usage_record_prepaid_number ON usage_record (tenant_id, stream, number) WHERE stream LIKE '!%';
