-- What a clinic of ours knows this phone by: see core/vault/src/clinic_session.rs.
CREATE TABLE "clinic_session" (
    "clinic" TEXT PRIMARY KEY REFERENCES "clinic" ("id"),
    -- The public half of the key that is in the key store.
    "device_key" BLOB NOT NULL CHECK (length("device_key") = 65),
    -- Empty before the first was given.
    "access_token" TEXT NOT NULL,
    -- By the phone's clock.
    "access_ends" INTEGER NOT NULL,
    -- What the next tokens are asked with: a refresh token, or what another phone signed for this one.
    "renewal" TEXT NOT NULL,
    "is_assertion" INTEGER NOT NULL CHECK ("is_assertion" IN (0, 1))
) STRICT, WITHOUT ROWID;
