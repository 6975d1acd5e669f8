-- What the person wrote and a clinic does not have yet. Rows of one resource follow each other by number.
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

CREATE INDEX "change_by_resource" ON "change" ("clinic", "kind", "resource");
