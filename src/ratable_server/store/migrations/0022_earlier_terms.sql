-- Each change of terms keeps what they were. The first open month is kept open meanwhile, as by who changes terms of a
-- contract: a change is made before a close and known to it, or after it. Names are kept with the rest; what is read by
-- nobody is not.
CREATE FUNCTION ratable_keep_earlier() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    unread CONSTANT text[] := '{further,modified_at}';
BEGIN
    PERFORM 1 FROM period WHERE tenant_id = ratable_tenant() AND status = 'open' ORDER BY month_on LIMIT 1 FOR SHARE;
    IF TG_OP = 'INSERT' THEN  -- what was there before anything was computed needs no beginning
        INSERT INTO earlier_term (tenant_id, kind, row_id, state, after_close, stopped_at)
        SELECT became.tenant_id, TG_TABLE_NAME, became.id, NULL, COALESCE(last.close_id, 0),
            COALESCE((to_jsonb(became) ->> 'created_at')::timestamptz, now())
        FROM became
        LEFT JOIN (SELECT tenant_id, max(id) AS close_id FROM period_close GROUP BY 1) AS last USING (tenant_id)
        WHERE became.tenant_id IN (SELECT tenant_id FROM run);
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO earlier_term (tenant_id, kind, row_id, state, after_close, stopped_at)
        SELECT was.tenant_id, TG_TABLE_NAME, was.id, to_jsonb(was) - 'further', COALESCE(last.close_id, 0),
            COALESCE((to_jsonb(became) ->> 'modified_at')::timestamptz, now())
        FROM was JOIN became ON became.id = was.id
        LEFT JOIN (SELECT tenant_id, max(id) AS close_id FROM period_close GROUP BY 1) AS last
            ON last.tenant_id = was.tenant_id
        WHERE to_jsonb(was) - unread IS DISTINCT FROM to_jsonb(became) - unread;
    ELSE
        INSERT INTO earlier_term (tenant_id, kind, row_id, state, after_close, stopped_at)
        SELECT was.tenant_id, TG_TABLE_NAME, was.id, to_jsonb(was) - 'further', COALESCE(last.close_id, 0), now()
        FROM was
        LEFT JOIN (SELECT tenant_id, max(id) AS close_id FROM period_close GROUP BY 1) AS last USING (tenant_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ratable_keep_history(of_terms regclass) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    changed record;
BEGIN
    FOR changed IN VALUES
        ('INSERT', 'NEW TABLE AS became'), ('UPDATE', 'OLD TABLE AS was NEW TABLE AS became'), ('DELETE', 'OLD TABLE AS was')
    LOOP
        EXECUTE format(
            'CREATE TRIGGER earlier_%s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION ratable_keep_earlier()',
            lower(changed.column1), changed.column1, of_terms, changed.column2);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION ratable_keep_history(regclass) FROM PUBLIC;
