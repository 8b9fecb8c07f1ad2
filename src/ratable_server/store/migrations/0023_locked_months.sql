-- Which months are closed follows from the closes that stand: those that no reopening has taken back. A status that says
-- anything else is refused, whoever sets it.

-- The last month that a close that stands has closed; null: none.
CREATE FUNCTION ratable_closed_through(of_tenant bigint) RETURNS date
LANGUAGE sql STABLE
AS $$
    SELECT max(period.month_on) FROM period_close AS close
    JOIN period ON period.tenant_id = close.tenant_id AND period.id = close.period_id
    WHERE close.tenant_id = of_tenant AND NOT EXISTS (
        SELECT FROM period_reopening AS reopening
        WHERE reopening.tenant_id = close.tenant_id AND reopening.close_id = close.id)
$$;

-- At commit a month is closed if it is not after the last close that stands, and open if it is.
CREATE FUNCTION ratable_check_status() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    found period%ROWTYPE;
    is_settled boolean;
BEGIN
    SELECT * INTO found FROM period WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
    is_settled := COALESCE(found.month_on <= ratable_closed_through(NEW.tenant_id), false);
    IF found.status = 'closed' AND NOT is_settled THEN
        RAISE EXCEPTION '% cannot be closed: no close of it or of a later month stands', to_char(found.month_on, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month_must_have_a_close', TABLE = TG_TABLE_NAME;
    ELSIF found.status <> 'closed' AND is_settled THEN
        RAISE EXCEPTION '% cannot be opened: its close was not taken back', to_char(found.month_on, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_month_must_have_no_close', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER status_of_closes AFTER INSERT OR UPDATE ON period DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ratable_check_status();

-- A row stands for one month for ever: what was closed cannot become another month.
CREATE TRIGGER month_stays BEFORE UPDATE OF tenant_id, id, month_on ON period
    FOR EACH ROW WHEN ((NEW.tenant_id, NEW.id, NEW.month_on) IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.month_on))
    EXECUTE FUNCTION ratable_refuse_change('kept');

-- Months close in order, and each once. The period is locked, so that of two closes the second sees the first.
CREATE FUNCTION ratable_check_close() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    month date;
BEGIN
    SELECT month_on INTO month FROM period WHERE tenant_id = NEW.tenant_id AND id = NEW.period_id FOR NO KEY UPDATE;
    IF month <= ratable_closed_through(NEW.tenant_id) THEN
        RAISE EXCEPTION '% cannot be closed: a close of it or of a later month stands', to_char(month, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'month_must_close_once', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER close_in_order BEFORE INSERT ON period_close FOR EACH ROW EXECUTE FUNCTION ratable_check_close();

-- Only the last close is taken back.
CREATE FUNCTION ratable_check_reopening() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    month date;
BEGIN
    SELECT period.month_on INTO month FROM period_close AS close
        JOIN period ON period.tenant_id = close.tenant_id AND period.id = close.period_id
        WHERE close.tenant_id = NEW.tenant_id AND close.id = NEW.close_id FOR NO KEY UPDATE OF period;
    IF month < ratable_closed_through(NEW.tenant_id) THEN
        RAISE EXCEPTION '% cannot be reopened: the close of a later month stands', to_char(month, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_the_last_close_is_taken_back', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER reopening_in_order BEFORE INSERT ON period_reopening FOR EACH ROW EXECUTE FUNCTION ratable_check_reopening();

-- Who computed a run, of which month, by which calculation, stays as it was written: two people rest on it.
CREATE FUNCTION ratable_check_origin() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF (NEW.tenant_id, NEW.id, NEW.period_id, NEW.started_by, NEW.started_at, NEW.calculation_version)
        IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.period_id, OLD.started_by, OLD.started_at, OLD.calculation_version)
    THEN
        RAISE EXCEPTION 'run % stays as it was begun', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_must_keep_its_origin', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER origin BEFORE UPDATE ON run FOR EACH ROW EXECUTE FUNCTION ratable_check_origin();
