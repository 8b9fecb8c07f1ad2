-- A paper of one line for each invoice and credit memo that was filed, under the code of its document.
-- The owner reads over all tenants: row-level security is not forced on it while this runs.
ALTER TABLE document NO FORCE ROW LEVEL SECURITY;
ALTER TABLE document_void NO FORCE ROW LEVEL SECURITY;
ALTER TABLE document_reopening NO FORCE ROW LEVEL SECURITY;
ALTER TABLE paper NO FORCE ROW LEVEL SECURITY;
ALTER TABLE paper_line NO FORCE ROW LEVEL SECURITY;

INSERT INTO paper (tenant_id, kind, code, contract_id, stage, "on", total_minor, settled_minor, voided_on, further, created_at, modified_at)
SELECT document.tenant_id, document.kind, document.code, document.contract_id, 'open', document."on", document.amount_minor, 0,
    (
        SELECT void."on" FROM document_void AS void
        WHERE void.tenant_id = document.tenant_id AND void.document_id = document.id AND NOT EXISTS (
            SELECT FROM document_reopening AS reopening
            WHERE reopening.tenant_id = void.tenant_id AND reopening.void_id = void.id
        )
        LIMIT 1
    ),
    document.further, document.recorded_at, document.recorded_at
FROM document WHERE document.kind IN ('invoice', 'credit_memo') ORDER BY document.id;

INSERT INTO paper_line (tenant_id, paper_id, document_id, place, amount_minor, tax_minor, created_at, modified_at)
SELECT document.tenant_id, paper.id, document.id, 0, document.amount_minor, 0, document.recorded_at, document.recorded_at
FROM document JOIN paper ON paper.tenant_id = document.tenant_id AND paper.kind = document.kind AND paper.code = document.code;

ALTER TABLE document FORCE ROW LEVEL SECURITY;
ALTER TABLE document_void FORCE ROW LEVEL SECURITY;
ALTER TABLE document_reopening FORCE ROW LEVEL SECURITY;
ALTER TABLE paper FORCE ROW LEVEL SECURITY;
ALTER TABLE paper_line FORCE ROW LEVEL SECURITY;
