CREATE TABLE "day_times" (
    -- One row once the person set the times of their day: minutes since midnight in Vietnam.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "morning" INTEGER NOT NULL,
    "noon" INTEGER NOT NULL,
    "evening" INTEGER NOT NULL,
    "night" INTEGER NOT NULL
) STRICT;
