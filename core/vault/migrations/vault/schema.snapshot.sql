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
) STRICT, WITHOUT ROWID;

CREATE TABLE "clinic" (
    "id" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL UNIQUE,
    -- Where the feed goes on; opaque, stored with the data it stands for.
    "cursor" TEXT,
    -- Whether the end of the feed was ever reached: what comes before is history, not news.
    "caught_up" INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE "code" (
    "id" INTEGER PRIMARY KEY,
    -- system|code
    "name" TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE "counter" (
    -- One row: what the next row of each kind is numbered. Numbers are never used again.
    "only" INTEGER PRIMARY KEY CHECK ("only" = 1),
    "next_resource" INTEGER NOT NULL,
    -- Resources from this number on are found in recent_by_hash, those before in resource_by_hash.
    "first_recent" INTEGER NOT NULL,
    "next_doc" INTEGER NOT NULL,
    -- Grows with every transaction that changes entries: tells whether what is kept in memory is current.
    "generation" INTEGER NOT NULL,
    -- The rules by which entries were read from resources.
    "rules" INTEGER NOT NULL,
    -- Where the hashes of this file begin; random, so that no clinic can choose ids that collide.
    "seed" INTEGER
) STRICT;

CREATE TABLE "entry" (
    -- resource number * 1024 + place among the entries of the resource: stays the same over updates.
    "id" INTEGER PRIMARY KEY,
    -- The number by which postings know it: new at every update.
    "doc" INTEGER NOT NULL,
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

CREATE TABLE "point" (
    -- resource number * 1024 + place among the points of the resource.
    "id" INTEGER PRIMARY KEY,
    "code" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "value" REAL NOT NULL,
    "unit" TEXT NOT NULL,
    "low" REAL,
    "high" REAL
) STRICT;

CREATE TABLE "posting" (
    -- doc / 4096. First, so that a commit touches the last block and not all of the table.
    "block" INTEGER NOT NULL,
    -- A folded word, or one or two letters and '*' for every word that begins so.
    "word" TEXT NOT NULL,
    -- Below 512 bytes doc % 4096 in ascending order, two bytes each, little endian; else a bitmap.
    "docs" BLOB NOT NULL,
    PRIMARY KEY ("block", "word")
) STRICT, WITHOUT ROWID;

CREATE TABLE "recent_by_hash" (
    -- The last few thousand: hashes come in no order, so that a commit touches every page of their
    -- table. They gather in this small one and move to the large one together, in order.
    "hash" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    PRIMARY KEY ("hash", "number")
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
    -- 0 as it is, 1 zstd, from 2 zstd with a dictionary.
    "encoding" INTEGER NOT NULL,
    -- Of the JSON, in bytes.
    "length" INTEGER NOT NULL,
    "json" BLOB NOT NULL
) STRICT;

CREATE TABLE "resource_by_hash" (
    -- Of clinic, kind and id, 32 bits.
    "hash" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    PRIMARY KEY ("hash", "number")
) STRICT, WITHOUT ROWID;

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

CREATE TABLE "tombstone" (
    "clinic" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "id" ANY NOT NULL,
    "received" INTEGER NOT NULL,
    PRIMARY KEY ("clinic", "kind", "id")
) STRICT, WITHOUT ROWID;

CREATE INDEX "entry_by_section" ON "entry" ("section", "happened", "doc");

CREATE INDEX "entry_by_time" ON "entry" ("happened", "doc", "section", "clinic");

CREATE INDEX "intent_by_booking" ON "intent" ("booking");

CREATE INDEX "point_by_code" ON "point" ("code", "at");

CREATE INDEX "resource_by_kind" ON "resource" ("kind");
