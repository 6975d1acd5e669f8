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
