-- What tells SQLite's journal of this file from one of another time: see core/vault/src/base.rs. The marks
-- themselves are in the file's first page (application_id), which a file has that knew none of this at 0.
CREATE TABLE "base" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- The mark of the file alone when the marks began to count from "first".
    "file" INTEGER NOT NULL,
    -- The first mark since.
    "first" INTEGER NOT NULL
) STRICT;
INSERT INTO "base" VALUES (1, 0, 1);
PRAGMA application_id = 1;
