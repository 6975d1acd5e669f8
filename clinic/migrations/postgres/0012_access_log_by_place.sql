-- As SQLite's 0014: see there.
-- Entries lie one behind the other, in the order of the log, so that many are one page; whose they are is an index of its own.
-- An index by person takes each entry to another page, so that the newest wait in a small table first.

ALTER TABLE access_log_entry RENAME TO access_log_entry_by_person;

-- The entries themselves.
CREATE TABLE access_log_entry (
  -- The place in the log, from 0.
  place BIGINT NOT NULL PRIMARY KEY,
  patient TEXT NOT NULL,
  entry TEXT NOT NULL
);

-- Where the newest entries of each person are.
CREATE TABLE access_log_newest (
  patient TEXT NOT NULL,
  -- Counted for each person from 1.
  number BIGINT NOT NULL,
  place BIGINT NOT NULL,
  PRIMARY KEY (patient, number)
);

-- Where a person's older ones are: their places, 64 in a row, each as eight bytes, the most significant first. Block 0 has
-- those of the numbers 1 to 64.
CREATE TABLE access_log_places (
  patient TEXT NOT NULL,
  block BIGINT NOT NULL,
  places BYTEA NOT NULL,
  PRIMARY KEY (patient, block)
);

INSERT INTO access_log_entry SELECT place, patient, entry FROM access_log_entry_by_person ORDER BY place;
INSERT INTO access_log_newest SELECT patient, number, place FROM access_log_entry_by_person ORDER BY patient, number;
DROP TABLE access_log_entry_by_person;

-- How many are in access_log_newest, and up to whom of the alphabet the last ones went from there.
ALTER TABLE access_log ADD COLUMN newest BIGINT NOT NULL DEFAULT 0;
ALTER TABLE access_log ADD COLUMN went_to TEXT NOT NULL DEFAULT '';
UPDATE access_log SET newest = (SELECT count(*) FROM access_log_newest);
