-- As SQLite's 0009: see there.
CREATE TABLE access_log_pending (
  pk BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  drafts TEXT NOT NULL
);

CREATE TABLE access_log (
  one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  -- Whoever puts entries in their order locks this row meanwhile.
  size BIGINT NOT NULL
);
INSERT INTO access_log VALUES (1, 0);

CREATE TABLE access_log_entry (
  patient TEXT NOT NULL,
  number BIGINT NOT NULL,
  place BIGINT NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (patient, number)
);

CREATE TABLE access_log_tile (
  level BIGINT NOT NULL,
  position BIGINT NOT NULL,
  hashes BYTEA NOT NULL,
  PRIMARY KEY (level, position)
);
