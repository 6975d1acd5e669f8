-- How clinics stand to the health insurance, as they told it last: see core/vault/src/insurance_terms.rs.
CREATE TABLE "insurance_terms" (
    "clinic" TEXT PRIMARY KEY,
    -- As JSON of the teller's making.
    "terms" TEXT NOT NULL
) STRICT, WITHOUT ROWID;
