-- With whom a booking belongs together: see core/vault/src/trips.rs. It stays when the clinic has answered.
CREATE TABLE "trip" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- As JSON of the sender's making.
    "body" TEXT NOT NULL
) STRICT, WITHOUT ROWID;
