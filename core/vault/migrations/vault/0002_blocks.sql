-- What finds rows lies in blocks, by the order of arrival, no longer in B-trees whose every page a sync
-- touches again and again: a page of the feed wrote 390 pages of the file and now writes a third.
-- Rows, points and words are read anew from the resources when the vault opens (counter.rules).

DROP TABLE "posting";
DROP TABLE "point";
DROP TABLE "entry";
DROP TABLE "resource_by_hash";
DROP TABLE "recent_by_hash";
ALTER TABLE "counter" DROP COLUMN "first_recent";

ALTER TABLE "resource" RENAME TO "resource_before";
CREATE TABLE "resource" (
    "number" INTEGER PRIMARY KEY,
    "clinic" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    -- A canonical UUID as 16 bytes, every other id as text.
    "id" ANY NOT NULL,
    "version" TEXT,
    "last_updated" INTEGER,
    "received" INTEGER NOT NULL,
    -- The docs of its rows: new ones at every update.
    "first_doc" INTEGER NOT NULL,
    "docs" INTEGER NOT NULL,
    -- 0 as it is, 1 zstd, from 2 zstd with a dictionary.
    "encoding" INTEGER NOT NULL,
    -- Of the JSON, in bytes.
    "length" INTEGER NOT NULL,
    "json" BLOB NOT NULL
) STRICT;
INSERT INTO "resource"
SELECT "number", "clinic", "kind", "id", "version", "last_updated", "received", 0, 0, "encoding",
    "length", "json"
FROM "resource_before";
DROP TABLE "resource_before";

CREATE TABLE "entry" (
    -- resource number * 1024 + place among the entries of the resource: stays the same over updates.
    "id" INTEGER PRIMARY KEY,
    "clinic" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "resource" ANY NOT NULL,
    "section" INTEGER NOT NULL,
    -- The smallest integer when unknown, so that it comes last.
    "happened" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "flag" INTEGER NOT NULL,
    "trend" INTEGER
) STRICT;

CREATE TABLE "unit" (
    "id" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL UNIQUE
) STRICT;

-- By resource number, from "first" on: 4 bytes hash of clinic, kind and id, 2 bytes kind; little endian,
-- as all numbers below.
CREATE TABLE "directory" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

-- By doc, from "first" on: 8 bytes when, 6 bytes entry id (0 for none), 1 byte section, 2 bytes clinic.
CREATE TABLE "columns" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

-- Docs whose row is gone. Below 512 bytes doc % 4096, two bytes each; else a bitmap.
CREATE TABLE "gone" (
    -- doc / 4096
    "block" INTEGER PRIMARY KEY,
    "docs" BLOB NOT NULL
) STRICT;

-- Which docs have a word, in blocks that are full.
CREATE TABLE "posting" (
    -- doc / 4096
    "block" INTEGER NOT NULL,
    -- A folded word, or one or two letters and '*' for every word that begins so.
    "word" TEXT NOT NULL,
    -- As in gone.
    "docs" BLOB NOT NULL,
    PRIMARY KEY ("block", "word")
) STRICT, WITHOUT ROWID;

-- The same of the block that is not full, in runs of some commits, words in order:
-- 1 byte length, the word, 2 bytes count, doc % 4096 in 2 bytes each.
CREATE TABLE "posting_run" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

-- The points of a code, in blocks that are full: 2 bytes doc % 4096 of the resource's first row,
-- 1 byte flags (1 low, 2 high), 4 bytes unit, 8 bytes when, 8 bytes value, 8 bytes low if it is there,
-- 8 bytes high if it is there.
CREATE TABLE "series" (
    "block" INTEGER NOT NULL,
    "code" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("block", "code")
) STRICT, WITHOUT ROWID;

-- The same of the block that is not full, in runs: 4 bytes code, 4 bytes length, the points.
CREATE TABLE "series_run" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

-- Resources that are named by a Medication of their clinic, which may come after them.
CREATE TABLE "named_by" (
    "clinic" INTEGER NOT NULL,
    -- The Medication's id, as in resource.
    "medication" ANY NOT NULL,
    -- The resource that it names; may be gone, or named otherwise since.
    "resource" INTEGER NOT NULL,
    PRIMARY KEY ("clinic", "medication", "resource")
) STRICT, WITHOUT ROWID;

-- Intents that are out of the outbox and not yet noted so in the journal beside the database: that they
-- stand there does not bring them back.
CREATE TABLE "answered" (
    "id" TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER "intent_answered" AFTER DELETE ON "intent"
BEGIN
    INSERT OR IGNORE INTO "answered" VALUES (OLD."id");
END;
