-- A line belongs to an entry of its tenant and run, and no line is added to an entry that is complete, so that what was
-- checked at its commit stays true.
CREATE OR REPLACE FUNCTION ratable_check_lines() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    wrong record;
BEGIN
    -- Looked up one by one, and an entry by its id alone: the planner knows nothing of tables that this transaction
    -- fills. A join would compare every entry with every other, and the index of the run would find all of its entries.
    SELECT touched.entry_id, entry.code INTO wrong
        FROM (SELECT tenant_id, run_id, entry_id FROM added GROUP BY tenant_id, run_id, entry_id) AS touched
        CROSS JOIN LATERAL (
            SELECT max(line_count) AS line_count,
                max(CASE WHEN tenant_id = touched.tenant_id AND run_id = touched.run_id THEN entry_code END) AS code
            FROM journal_entry WHERE id = touched.entry_id
        ) AS entry
        WHERE entry.code IS NULL
            OR (SELECT count(*) FROM journal_line WHERE entry_id = touched.entry_id) > entry.line_count
        LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF wrong.code IS NULL THEN
        RAISE EXCEPTION 'a line is of journal entry %, which is not there', wrong.entry_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'journal_line_entry_id_of_tenant', TABLE = TG_TABLE_NAME;
    END IF;
    RAISE EXCEPTION 'journal entry % has all its lines', wrong.code
        USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_must_balance', TABLE = TG_TABLE_NAME;
END $$;
