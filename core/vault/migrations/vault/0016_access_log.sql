-- Who did what with the person's record at a clinic, as it proved it last: see core/vault/src/access_log.rs.
CREATE TABLE "access_log" (
    "clinic" TEXT PRIMARY KEY,
    -- When it came, by this phone's clock.
    "received" INTEGER NOT NULL,
    -- As JSON of the keeper's making.
    "body" TEXT NOT NULL,
    -- The mismatch of which the person was told.
    "told" TEXT
) STRICT, WITHOUT ROWID;
