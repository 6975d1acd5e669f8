-- Invitations to help somebody that the clinic did not know yet, or that were scanned without a network: see
-- core/vault/src/invitations.rs.
CREATE TABLE "invitation" (
    -- SHA-256 of the text, in hex.
    "id" TEXT PRIMARY KEY,
    "text" TEXT NOT NULL,
    -- When it was scanned, milliseconds since 1970, UTC.
    "kept" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
