CREATE TABLE "moved" (
    -- One row once the person said that this account lives on another phone now.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- Milliseconds since 1970, UTC.
    "at" INTEGER NOT NULL
) STRICT;
