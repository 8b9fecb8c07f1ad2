-- Results refer to their run, and lines to their entry, by one look for each statement that adds rows. A foreign key would
-- look once for each row, which takes longer than writing it; and it could find nothing that one look does not:
-- runs are kept and entries append-only, so that what was there when a row was added is there for ever.

-- Results are of a run of their tenant, and are posted while its period is not closed, by the run that closes it.
CREATE OR REPLACE FUNCTION ratable_check_run() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    given record;
    period_of_run bigint;
    found_status text;
BEGIN
    FOR given IN SELECT DISTINCT tenant_id, run_id FROM added LOOP
        SELECT period_id INTO period_of_run FROM run WHERE tenant_id = given.tenant_id AND id = given.run_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is of run %, which is not there', TG_TABLE_NAME, given.run_id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_TABLE_NAME || '_run_id_of_tenant', TABLE = TG_TABLE_NAME;
        END IF;
        SELECT status INTO found_status FROM period WHERE tenant_id = given.tenant_id AND id = period_of_run FOR SHARE;
        IF found_status = 'closed' THEN
            RAISE EXCEPTION '% cannot be posted: the period of its run is closed', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'period_must_be_open', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- A draft is of a run of its tenant.
CREATE FUNCTION ratable_check_draft() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    given record;
BEGIN
    FOR given IN SELECT DISTINCT tenant_id, run_id FROM added LOOP
        IF NOT EXISTS (SELECT FROM run WHERE tenant_id = given.tenant_id AND id = given.run_id) THEN
            RAISE EXCEPTION '% is of run %, which is not there', TG_TABLE_NAME, given.run_id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_TABLE_NAME || '_run_id_of_tenant', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION ratable_guard_draft(guarded regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER run_of_added AFTER INSERT ON %s REFERENCING NEW TABLE AS added'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ratable_check_draft()', guarded);
    EXECUTE format(
        'CREATE TRIGGER run_of_changed AFTER UPDATE ON %s REFERENCING NEW TABLE AS added'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ratable_check_draft()', guarded);
END $$;

-- A line belongs to an entry of its tenant and run, and no line is added to an entry that is complete, so that what was
-- checked at its commit stays true.
CREATE OR REPLACE FUNCTION ratable_check_lines() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
    wrong record;
BEGIN
    -- Looked up one by one: the planner knows nothing of tables that this transaction fills, and a join would compare
    -- every entry with every other.
    SELECT touched.entry_id, entry.code INTO wrong
        FROM (SELECT tenant_id, run_id, entry_id FROM added GROUP BY tenant_id, run_id, entry_id) AS touched
        CROSS JOIN LATERAL (
            SELECT max(entry_code) AS code, max(line_count) AS line_count FROM journal_entry
            WHERE tenant_id = touched.tenant_id AND id = touched.entry_id AND run_id = touched.run_id
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

REVOKE ALL ON FUNCTION ratable_guard_draft(regclass) FROM PUBLIC;
