-- How far each clinic's access log was, as it proved it last: see core/vault/src/access_log.rs.
CREATE TABLE "access_log_head" (
    "clinic" TEXT PRIMARY KEY,
    -- Null until there was one.
    "checkpoint" TEXT,
    -- When the clinic was asked last, by this phone's clock.
    "asked" INTEGER NOT NULL,
    -- Why what it said last is not believed.
    "mismatch" TEXT
) STRICT, WITHOUT ROWID;
