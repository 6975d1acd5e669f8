-- Intents that their clinic stumbles over: see core/vault/src/parked.rs. An intent without a row has no such trouble.
CREATE TABLE "parked" (
    "intent" TEXT PRIMARY KEY REFERENCES "intent" ("id") ON DELETE CASCADE,
    -- How often the clinic answered so that nothing follows from it.
    "unclear" INTEGER NOT NULL,
    -- Since when it is no longer sent, and why; both unset while it still is.
    "since" INTEGER,
    "why" TEXT
) STRICT, WITHOUT ROWID;
