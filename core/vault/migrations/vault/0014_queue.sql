-- What a clinic said last of a person's place in its queue of the day: see core/vault/src/queue.rs.
CREATE TABLE "queue" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- When it came, by this phone's clock.
    "received" INTEGER NOT NULL,
    -- As the clinic wrote it.
    "body" TEXT NOT NULL
) STRICT, WITHOUT ROWID;
