-- Lines of an entry that is written by hand: at least two, each with one side, and both sides equal in sum.
CREATE FUNCTION ratable_lines_balance(lines jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT count(*) = 0 OR COALESCE(
        count(*) >= 2 AND sum(debit_minor) = sum(credit_minor)
            AND bool_and(debit_minor >= 0 AND credit_minor >= 0 AND (debit_minor = 0) <> (credit_minor = 0)),
        false
    )
    FROM jsonb_to_recordset(lines) AS line (debit_minor bigint, credit_minor bigint)
$$;

ALTER TABLE written_entry ADD CONSTRAINT written_entry_must_balance CHECK (ratable_lines_balance(lines));
ALTER TABLE written_entry ADD CONSTRAINT written_entry_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id);
SELECT ratable_guard('written_entry', 'append_only');
SELECT ratable_guard_period('written_entry', 'booked_on');
