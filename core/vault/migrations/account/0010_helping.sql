-- Whom this phone helps, by a clinic's grant: see core/vault/src/helping.rs.
CREATE TABLE "helping" (
    "clinic" TEXT NOT NULL,
    -- The person's Patient id at the clinic.
    "patient_id" TEXT NOT NULL,
    -- A bit for each scope.
    "scopes" INTEGER NOT NULL,
    -- The end of the grant, milliseconds since 1970, UTC.
    "ends" INTEGER,
    -- The lease: in which start of the phone, and how many milliseconds after it, the clinic was asked, and for how many
    -- it lasts. Nothing on a phone that does not say since when it runs.
    "lease_start" INTEGER,
    "lease_from" INTEGER,
    "lease_span" INTEGER,
    PRIMARY KEY ("clinic", "patient_id")
) STRICT, WITHOUT ROWID;
