-- What the database refuses by itself, whoever asks: the application role, the owner, a person with psql.
-- Functions named ratable_* are called by later migrations for their own tables.

-- Tenancy ------------------------------------------------------------------------------------------

-- The tenant of this transaction; null without one, so that no row matches.
CREATE FUNCTION ratable_tenant() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('ratable.tenant', true), '')::bigint $$;

-- The one look-up that must come before the tenant is known.
CREATE FUNCTION ratable_tenant_id(wanted text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT id FROM tenant WHERE code = wanted $$;

-- Changes ------------------------------------------------------------------------------------------

CREATE FUNCTION ratable_refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;

-- Row-level security for everybody, the owner too, and the triggers of a guard: append_only, kept or free.
CREATE FUNCTION ratable_guard(guarded regclass, guard text, tenant_column text DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    refused text := CASE guard WHEN 'append_only' THEN 'UPDATE OR DELETE OR TRUNCATE' WHEN 'kept' THEN 'DELETE OR TRUNCATE' END;
BEGIN
    IF guard NOT IN ('append_only', 'kept', 'free') THEN
        RAISE EXCEPTION 'unknown guard: %', guard;
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format(
        'CREATE POLICY own_tenant ON %s USING (%I = (SELECT ratable_tenant())) WITH CHECK (%I = (SELECT ratable_tenant()))',
        guarded, tenant_column, tenant_column);
    IF refused IS NOT NULL THEN
        EXECUTE format('CREATE TRIGGER %s BEFORE %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION ratable_refuse_change(%L)',
                       guard, refused, guarded, guard);
    END IF;
END $$;

-- A foreign key that cannot leave the tenant.
CREATE FUNCTION ratable_refer(referring regclass, referring_column text, target regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (tenant_id, %I) REFERENCES %s (tenant_id, id)',
                   referring, referring::text || '_' || referring_column || '_of_tenant', referring_column, target);
END $$;

-- Amounts ------------------------------------------------------------------------------------------

-- Digits of the minor unit of a currency, as ratable.money has them.
CREATE FUNCTION ratable_minor_digits(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
        WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN currency IN ('CLF', 'UYW') THEN 4
        ELSE 2
    END
$$;

-- Agreed amounts have no more digits than their contract's currency. TG_ARGV: the columns.
CREATE FUNCTION ratable_check_amounts() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    fields jsonb := to_jsonb(NEW);
    digits integer;
    field text;
BEGIN
    IF TG_TABLE_NAME = 'contract' THEN
        digits := ratable_minor_digits(fields ->> 'currency');
    ELSE
        SELECT ratable_minor_digits(currency) INTO digits FROM contract
            WHERE tenant_id = NEW.tenant_id AND id = (fields ->> 'contract_id')::bigint;
    END IF;
    FOREACH field IN ARRAY TG_ARGV LOOP
        IF min_scale((fields ->> field)::numeric) > digits THEN
            RAISE EXCEPTION '%.% has more digits than its currency: %', TG_TABLE_NAME, field, fields ->> field
                USING ERRCODE = 'check_violation', CONSTRAINT = 'amount_must_fit_currency', TABLE = TG_TABLE_NAME,
                      COLUMN = field;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- Periods ------------------------------------------------------------------------------------------

-- Nothing is booked into a closed month. The period is locked as writers lock it, so that a close that
-- commits at this moment is seen. TG_ARGV[0]: the column that names the month.
CREATE FUNCTION ratable_check_period() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    month date;
    found_status text;
BEGIN
    FOR month IN EXECUTE format('SELECT DISTINCT date_trunc(''month'', %I)::date FROM added', TG_ARGV[0]) LOOP
        SELECT status INTO found_status FROM period WHERE tenant_id = ratable_tenant() AND month_on = month FOR SHARE;
        IF found_status = 'closed' THEN
            RAISE EXCEPTION '% cannot be booked in %: the period is closed', TG_TABLE_NAME, to_char(month, 'YYYY-MM')
                USING ERRCODE = 'check_violation', CONSTRAINT = 'period_must_be_open', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Results are posted while the period of their run is not closed, by the run that closes it.
CREATE FUNCTION ratable_check_run() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    period_of_run bigint;
    found_status text;
BEGIN
    FOR period_of_run IN
        SELECT DISTINCT (SELECT period_id FROM run WHERE id = runs.run_id) FROM (SELECT DISTINCT run_id FROM added) AS runs
    LOOP
        SELECT status INTO found_status FROM period WHERE tenant_id = ratable_tenant() AND id = period_of_run FOR SHARE;
        IF found_status = 'closed' THEN
            RAISE EXCEPTION '% cannot be posted: the period of its run is closed', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'period_must_be_open', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION ratable_guard_period(guarded regclass, month_column text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER period_of_%s AFTER INSERT ON %s REFERENCING NEW TABLE AS added'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ratable_check_period(%L)', month_column, guarded, month_column);
END $$;

CREATE FUNCTION ratable_guard_run(guarded regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER period_of_run AFTER INSERT ON %s REFERENCING NEW TABLE AS added'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ratable_check_run()', guarded);
END $$;

-- Journal ------------------------------------------------------------------------------------------

-- At commit an entry has the lines that it says, and they balance. An entry has one currency.
-- Plans are kept per connection, maybe from when the table was empty: a scan of the whole is out of the question.
CREATE FUNCTION ratable_check_entry() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
    lines record;
BEGIN
    SELECT count(*) AS count, COALESCE(sum(debit_minor), 0) AS debit, COALESCE(sum(credit_minor), 0) AS credit INTO lines
        FROM journal_line WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.id;
    IF lines.count <> NEW.line_count OR lines.debit <> NEW.total_minor OR lines.credit <> NEW.total_minor THEN
        RAISE EXCEPTION 'journal entry % does not balance: % lines, debit %, credit %; it says % lines of %',
            NEW.entry_code, lines.count, lines.debit, lines.credit, NEW.line_count, NEW.total_minor
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_must_balance', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

-- No line is added to an entry that is complete, so that what was checked at its commit stays true.
CREATE FUNCTION ratable_check_lines() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
    overfull text;
BEGIN
    -- Looked up one by one: the planner knows nothing of tables that this transaction fills, and a join would compare
    -- every entry with every other.
    SELECT (SELECT entry_code FROM journal_entry WHERE id = touched.entry_id) INTO overfull
        FROM (SELECT DISTINCT entry_id FROM added) AS touched
        WHERE (SELECT count(*) FROM journal_line WHERE entry_id = touched.entry_id)
            > (SELECT line_count FROM journal_entry WHERE id = touched.entry_id)
        LIMIT 1;
    IF overfull IS NOT NULL THEN
        RAISE EXCEPTION 'journal entry % has all its lines', overfull
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_must_balance', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ratable_check_entry();
CREATE TRIGGER complete AFTER INSERT ON journal_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ratable_check_lines();

-- Usage --------------------------------------------------------------------------------------------

-- No foreign key to usage_import: it would cost a look-up for each record, and a new partition would wait for
-- every open import. Ids are drawn from a sequence, since identity columns of partitioned tables need version 17.
CREATE SEQUENCE usage_record_id_seq;
CREATE TABLE usage_record (
    id bigint NOT NULL DEFAULT nextval('usage_record_id_seq'),
    tenant_id bigint NOT NULL,
    event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 500),
    stream text NOT NULL CHECK (length(stream) BETWEEN 1 AND 500),
    used_at timestamptz,
    used_on date NOT NULL,
    month_on date NOT NULL CHECK (month_on = date_trunc('month', used_on)::date),
    quantity numeric CHECK (min_scale(quantity) <= 12 AND abs(quantity) < 1e26),
    amount numeric CHECK (min_scale(amount) <= 12 AND abs(amount) < 1e26),
    currency text NOT NULL DEFAULT '' CHECK (currency ~ '^([A-Z]{3})?$'),
    dimensions jsonb,
    usage_import_id bigint NOT NULL,
    "row" bigint NOT NULL,
    number bigint NOT NULL,
    open_on date NOT NULL CHECK (EXTRACT(day FROM open_on) = 1),
    PRIMARY KEY (tenant_id, month_on, id)
) PARTITION BY RANGE (month_on);
ALTER SEQUENCE usage_record_id_seq OWNED BY usage_record.id;

CREATE TABLE usage_key (
    tenant_id bigint NOT NULL,
    event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 500),
    content_hash bytea NOT NULL,
    record_id bigint NOT NULL,
    month_on date NOT NULL CHECK (EXTRACT(day FROM month_on) = 1),
    PRIMARY KEY (tenant_id, event_id)
);

-- The partition of a month, made where it is missing; true if it was. It is attached rather than created in place,
-- because that waits for nobody who writes or reads other months.
CREATE FUNCTION ratable_prepare_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    partition text := 'usage_record_' || to_char(month, 'YYYY_MM');
    ends_before date := (month + interval '1 month')::date;
BEGIN
    IF month IS NULL OR EXTRACT(day FROM month) <> 1 OR month NOT BETWEEN '1900-01-01' AND '2999-12-01' THEN
        RAISE EXCEPTION 'not a month that usage can have: %', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('usage_record'));
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE usage_record INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', partition);
    PERFORM ratable_guard(partition::regclass, 'append_only');
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT of_month CHECK (month_on >= %L AND month_on < %L)', partition, month, ends_before);
    EXECUTE format('ALTER TABLE usage_record ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, month, ends_before);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT of_month', partition);
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION ratable_tenant_id(text), ratable_prepare_month(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION ratable_guard(regclass, text, text), ratable_refer(regclass, text, regclass),
    ratable_guard_period(regclass, text), ratable_guard_run(regclass) FROM PUBLIC;
