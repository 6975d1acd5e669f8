CREATE TABLE "travel_time" (
    -- A clinic's id: a row stays when the clinic is gone, and counts again when it is back.
    "clinic" TEXT PRIMARY KEY,
    -- From home to the clinic.
    "minutes" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
