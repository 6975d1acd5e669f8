-- Who works at the clinic.
CREATE TABLE staff (
  pk INTEGER PRIMARY KEY,
  -- Random: how the access log names them.
  id TEXT NOT NULL UNIQUE,
  login TEXT NOT NULL UNIQUE,
  -- As patients read it.
  name TEXT NOT NULL,
  -- Argon2id in the PHC string format.
  password TEXT NOT NULL,
  -- Codes with spaces between them.
  roles TEXT NOT NULL,
  added INTEGER NOT NULL,
  ended INTEGER
) STRICT;

CREATE TABLE staff_session (
  pk INTEGER PRIMARY KEY,
  -- SHA-256 of what the browser's cookie holds.
  token BLOB NOT NULL UNIQUE,
  staff INTEGER NOT NULL,
  -- Set for a screen that stands alone; it belongs to whoever set it up, and may nothing that they may.
  screen TEXT CHECK (screen IN ('kiosk', 'board')),
  begun INTEGER NOT NULL,
  -- When somebody did something at it last.
  used INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_session_of_staff ON staff_session (staff);

-- Attempts to sign in since the last that succeeded, in the quarter of an hour that began at `since`.
CREATE TABLE staff_attempt (
  who BLOB NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose record a session opened, and why.
CREATE TABLE staff_opening (
  session INTEGER NOT NULL,
  patient TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (session, patient)
) STRICT, WITHOUT ROWID;

-- What people are found by at the desk.
CREATE TABLE patient_search (
  patient TEXT NOT NULL PRIMARY KEY,
  -- Without marks, in lower case.
  name TEXT NOT NULL,
  -- The last nine digits; empty where there is none.
  phone TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX patient_search_phone ON patient_search (phone) WHERE phone <> '';
CREATE INDEX patient_identifier_value ON patient_identifier (value);
