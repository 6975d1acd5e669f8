-- Photos, documents and pictures: their bytes are sealed files beside the database, their keys and
-- whereabouts are here.

CREATE TABLE "blob" (
    "number" INTEGER PRIMARY KEY,
    -- SHA-256 of the plain bytes.
    "hash" BLOB NOT NULL UNIQUE,
    -- Of the plain bytes.
    "length" INTEGER NOT NULL,
    -- Of the sealed file.
    "stored" INTEGER NOT NULL,
    -- The random part of the file's name, and the key that it alone is sealed with; both unset when
    -- the bytes are not here. Every writing makes new ones.
    "file" BLOB UNIQUE,
    "key" BLOB,
    -- The file was found missing or damaged.
    "damaged" INTEGER NOT NULL DEFAULT 0,
    -- Grows with every use: the smallest is evicted first.
    "used" INTEGER NOT NULL,
    CHECK (("file" IS NULL) = ("key" IS NULL))
) STRICT;
CREATE INDEX "blob_by_use" ON "blob" ("used") WHERE "file" IS NOT NULL;

CREATE TABLE "blob_source" (
    "blob" INTEGER NOT NULL REFERENCES "blob" ("number"),
    -- The resource that refers to it, and the place in it: the attachment's url.
    "clinic" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "resource" ANY NOT NULL,
    "place" TEXT NOT NULL,
    -- 0 a clinic's, 1 the person's own that no clinic has, 2 the person's own that a clinic has.
    "origin" INTEGER NOT NULL,
    -- Whether the clinic still gives it.
    "fetchable" INTEGER NOT NULL,
    PRIMARY KEY ("clinic", "kind", "resource", "place")
) STRICT, WITHOUT ROWID;
CREATE INDEX "blob_source_by_blob" ON "blob_source" ("blob");

CREATE TABLE "blob_budget" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- Bytes of sealed files.
    "bytes" INTEGER NOT NULL,
    "next_use" INTEGER NOT NULL
) STRICT;
INSERT INTO "blob_budget" VALUES (1, 200000000, 1);
