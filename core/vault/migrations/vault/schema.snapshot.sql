CREATE TRIGGER "intent_answered" AFTER DELETE ON "intent"
BEGIN
    INSERT OR IGNORE INTO "answered" VALUES (OLD."id");
END;

CREATE TABLE "access_log" (
    "clinic" TEXT PRIMARY KEY,
    -- When it came, by this phone's clock.
    "received" INTEGER NOT NULL,
    -- As JSON of the keeper's making.
    "body" TEXT NOT NULL,
    -- The mismatch of which the person was told.
    "told" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "answered" (
    "id" TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE "base" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- The mark of the file alone when the marks began to count from "first".
    "file" INTEGER NOT NULL,
    -- The first mark since.
    "first" INTEGER NOT NULL
) STRICT;

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

CREATE TABLE "blob_budget" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    -- Bytes of sealed files.
    "bytes" INTEGER NOT NULL,
    "next_use" INTEGER NOT NULL
) STRICT;

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

CREATE TABLE "booking" (
    "id" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "service" TEXT NOT NULL,
    "practitioner" TEXT NOT NULL,
    "location" TEXT NOT NULL,
    -- JSON
    "state" TEXT NOT NULL,
    "updated" INTEGER NOT NULL
, "asked" INTEGER, "originating" TEXT, "occurrence" INTEGER, "changeable_until" INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE "change" (
    "number" INTEGER PRIMARY KEY AUTOINCREMENT,
    "id" TEXT NOT NULL UNIQUE,
    "clinic" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    -- What the person saw when they wrote, {} for what they made.
    "base" TEXT NOT NULL,
    "ours" TEXT NOT NULL,
    -- What the clinic has as far as is known, byte for byte, and its version there.
    "theirs" TEXT,
    "version" TEXT,
    -- waiting, sending, refused, conflict
    "state" TEXT NOT NULL,
    -- The code of a refusal; else empty.
    "reason" TEXT NOT NULL,
    "created" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "not_before" INTEGER NOT NULL,
    -- When the last attempt began; unset as long as nothing of it can have arrived.
    "sent" INTEGER
) STRICT;

CREATE TABLE "clinic" (
    "id" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL UNIQUE,
    -- Where the feed goes on; opaque, stored with the data it stands for.
    "cursor" TEXT,
    -- Whether the end of the feed was ever reached: what comes before is history, not news.
    "caught_up" INTEGER NOT NULL DEFAULT 0
, "arrived" INTEGER NOT NULL DEFAULT 0, "expected" INTEGER, "reached" INTEGER, "tried" INTEGER, "trouble" TEXT) STRICT;

CREATE TABLE "code" (
    "id" INTEGER PRIMARY KEY,
    -- system|code
    "name" TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE "columns" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
, "count" INTEGER) STRICT;

CREATE TABLE "counter" (
    -- One row: what the next row of each kind is numbered. Numbers are never used again.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "next_resource" INTEGER NOT NULL,
    -- Resources from this number on are found in recent_by_hash, those before in resource_by_hash.
    "next_doc" INTEGER NOT NULL,
    -- Grows with every transaction that changes entries: tells whether what is kept in memory is current.
    "generation" INTEGER NOT NULL,
    -- The rules by which entries were read from resources.
    "rules" INTEGER NOT NULL,
    -- Where the hashes of this file begin; random, so that no clinic can choose ids that collide.
    "seed" INTEGER
) STRICT;

CREATE TABLE "directory" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
, "count" INTEGER) STRICT;

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

CREATE TABLE "epoch" (
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "value" INTEGER NOT NULL
) STRICT;

CREATE TABLE "event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "body" TEXT NOT NULL
) STRICT;

CREATE TABLE "gone" (
    -- doc / 4096
    "block" INTEGER PRIMARY KEY,
    "docs" BLOB NOT NULL
) STRICT;

CREATE TABLE "intent" (
    "id" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "thing" TEXT NOT NULL,
    "booking" TEXT NOT NULL REFERENCES "booking" ("id"),
    -- JSON
    "body" TEXT NOT NULL,
    "created" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "not_before" INTEGER NOT NULL,
    -- When the last attempt began; unset before the first.
    "sent" INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE "kind" (
    "id" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE "named_by" (
    "clinic" INTEGER NOT NULL,
    -- The Medication's id, as in resource.
    "medication" ANY NOT NULL,
    -- The resource that it names; may be gone, or named otherwise since.
    "resource" INTEGER NOT NULL,
    PRIMARY KEY ("clinic", "medication", "resource")
) STRICT, WITHOUT ROWID;

CREATE TABLE "parked" (
    "intent" TEXT PRIMARY KEY REFERENCES "intent" ("id") ON DELETE CASCADE,
    -- How often the clinic answered so that nothing follows from it.
    "unclear" INTEGER NOT NULL,
    -- Since when it is no longer sent, and why; both unset while it still is.
    "since" INTEGER,
    "why" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "posting" (
    -- doc / 4096
    "block" INTEGER NOT NULL,
    -- A folded word, or one or two letters and '*' for every word that begins so.
    "word" TEXT NOT NULL,
    -- As in gone.
    "docs" BLOB NOT NULL,
    PRIMARY KEY ("block", "word")
) STRICT, WITHOUT ROWID;

CREATE TABLE "posting_run" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

CREATE TABLE "queue" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- When it came, by this phone's clock.
    "received" INTEGER NOT NULL,
    -- As the clinic wrote it.
    "body" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE "series" (
    "block" INTEGER NOT NULL,
    "code" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("block", "code")
) STRICT, WITHOUT ROWID;

CREATE TABLE "series_run" (
    "first" INTEGER PRIMARY KEY,
    "data" BLOB NOT NULL
) STRICT;

CREATE TABLE "set_aside" (
    "id" INTEGER PRIMARY KEY,
    "clinic" INTEGER NOT NULL,
    "kind" TEXT,
    "resource" TEXT,
    "reason" TEXT NOT NULL,
    "received" INTEGER NOT NULL,
    -- Encoded as in resource.
    "encoding" INTEGER NOT NULL,
    "length" INTEGER NOT NULL,
    "raw" BLOB NOT NULL
) STRICT;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE "ticket" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- When the visit begins that they are for.
    "start" INTEGER NOT NULL,
    -- The signed sheet; unset when the clinic gave none.
    "sheet" TEXT,
    -- Before this instant the clinic is not asked again for one that it did not give.
    "not_before" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "tombstone" (
    "clinic" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "id" ANY NOT NULL,
    "received" INTEGER NOT NULL,
    PRIMARY KEY ("clinic", "kind", "id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "trip" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- As JSON of the sender's making.
    "body" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "unit" (
    "id" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL UNIQUE
) STRICT;

CREATE INDEX "blob_by_use" ON "blob" ("used") WHERE "file" IS NOT NULL;

CREATE INDEX "blob_source_by_blob" ON "blob_source" ("blob");

CREATE INDEX "change_by_resource" ON "change" ("clinic", "kind", "resource");

CREATE INDEX "intent_by_booking" ON "intent" ("booking");
