CREATE TABLE "access_log_head" (
    "clinic" TEXT PRIMARY KEY,
    -- Null until there was one.
    "checkpoint" TEXT,
    -- When the clinic was asked last, by this phone's clock.
    "asked" INTEGER NOT NULL,
    -- Why what it said last is not believed.
    "mismatch" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "base" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- The mark of the file alone when the marks began to count from "first".
    "file" INTEGER NOT NULL,
    -- The first mark since.
    "first" INTEGER NOT NULL
) STRICT;

CREATE TABLE "clinic" (
    "id" TEXT PRIMARY KEY,
    "name" TEXT NOT NULL,
    "base_url" TEXT NOT NULL,
    "public_key" BLOB NOT NULL CHECK (length("public_key") = 32),
    "token" TEXT NOT NULL,
    "enrolled" INTEGER NOT NULL
, "wire" TEXT NOT NULL DEFAULT 'clinic') STRICT, WITHOUT ROWID;

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

CREATE TABLE "data_limit" (
    -- One row once somebody set a limit.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- Bytes that metered networks may carry, both ways together; nothing where there is no limit.
    "a_day" INTEGER,
    "a_month" INTEGER
) STRICT;

CREATE TABLE "data_use" (
    -- Days in Vietnam since 1970.
    "day" INTEGER PRIMARY KEY,
    -- Bytes that metered networks carried.
    "bytes" INTEGER NOT NULL,
    -- Bytes that were allowed on top of the limit.
    "more" INTEGER NOT NULL
) STRICT;

CREATE TABLE "day_times" (
    -- One row once the person set the times of their day: minutes since midnight in Vietnam.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "morning" INTEGER NOT NULL,
    "noon" INTEGER NOT NULL,
    "evening" INTEGER NOT NULL,
    "night" INTEGER NOT NULL
) STRICT;

CREATE TABLE "device" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- 128 random bits in hex.
    "id" TEXT NOT NULL
) STRICT;

CREATE TABLE "epoch" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "value" INTEGER NOT NULL
) STRICT;

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

CREATE TABLE "insurance_terms" (
    "clinic" TEXT PRIMARY KEY,
    -- As JSON of the teller's making.
    "terms" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "invitation" (
    -- SHA-256 of the text, in hex.
    "id" TEXT PRIMARY KEY,
    "text" TEXT NOT NULL,
    -- When it was scanned, milliseconds since 1970, UTC.
    "kept" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "link" (
    "clinic" TEXT NOT NULL REFERENCES "clinic" ("id"),
    -- The person's Patient id at the clinic.
    "patient_id" TEXT NOT NULL,
    "person" TEXT NOT NULL REFERENCES "person" ("id"),
    PRIMARY KEY ("clinic", "patient_id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "moved" (
    -- One row once the person said that this account lives on another phone now.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- Milliseconds since 1970, UTC.
    "at" INTEGER NOT NULL
) STRICT;

CREATE TABLE "person" (
    "id" TEXT PRIMARY KEY,
    "name" TEXT NOT NULL,
    "birth_date" TEXT,
    "gender" TEXT,
    "vault_name" TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

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

CREATE TABLE "travel_time" (
    -- A clinic's id: a row stays when the clinic is gone, and counts again when it is back.
    "clinic" TEXT PRIMARY KEY,
    -- From home to the clinic.
    "minutes" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "link_by_person" ON "link" ("person");
