-- Who did what with whose record. What a request did is first an entry to come, in the transaction of its effect; from there
-- it goes into the log, in one order for all, and into the tree over it.

-- Entries to come, those of one transaction together, as JSON.
CREATE TABLE access_log_pending (
  pk INTEGER PRIMARY KEY AUTOINCREMENT,
  drafts TEXT NOT NULL
) STRICT;

-- The log as a whole.
CREATE TABLE access_log (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  -- Entries.
  size INTEGER NOT NULL,
  -- Up to which row what was read is in the log: those rows are in a file of their own, see ../sqlite_reads.
  reads_taken INTEGER NOT NULL
) STRICT;
INSERT INTO access_log VALUES (1, 0, 0);

-- The entries themselves. Whoever erases a person takes theirs away; the hashes over them stay, and tell nothing.
CREATE TABLE access_log_entry (
  patient TEXT NOT NULL,
  -- Counted for each person from 1.
  number INTEGER NOT NULL,
  -- The place in the log, from 0.
  place INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (patient, number)
) STRICT, WITHOUT ROWID;

-- The tree, in tiles of 256 hashes: of entries, of the tiles below that are full, and so on.
CREATE TABLE access_log_tile (
  level INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, position)
) STRICT;
