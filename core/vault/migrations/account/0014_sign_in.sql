-- Sign-ins that a browser has: see core/vault/src/sign_in.rs.
CREATE TABLE "sign_in" (
    "clinic_url" TEXT PRIMARY KEY,
    -- The key that the clinic said is its own.
    "clinic_key" BLOB NOT NULL CHECK (length("clinic_key") = 32),
    -- Both random: what the answer is known by, and what proves that its code is for this phone.
    "state" TEXT NOT NULL UNIQUE,
    "verifier" TEXT NOT NULL,
    -- Milliseconds since 1970, UTC.
    "began" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
