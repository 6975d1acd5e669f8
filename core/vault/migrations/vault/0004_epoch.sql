-- How often the book was opened and written: what the key store counts, too. A file that is behind the key store's
-- counter is an older copy that was put back.
CREATE TABLE "epoch" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "value" INTEGER NOT NULL
) STRICT;
INSERT INTO "epoch" VALUES (1, 0);
