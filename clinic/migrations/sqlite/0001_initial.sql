-- A clinic's database. Numbers of time are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resource (
  pk INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  -- The person in whose compartment it lies; null for the directory and what belongs to nobody.
  patient TEXT,
  updated INTEGER NOT NULL,
  -- As it came, byte for byte; null once deleted.
  json TEXT,
  UNIQUE (type, id)
) STRICT;
CREATE INDEX resource_of_patient ON resource (patient, type);

-- The feed. One row per person and resource: the latest change; an older one is superseded and gone.
-- There is one writer, so the numbers are in the order of the commits.
CREATE TABLE change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  patient TEXT NOT NULL,
  resource INTEGER NOT NULL REFERENCES resource (pk),
  version INTEGER NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  at INTEGER NOT NULL,
  UNIQUE (patient, resource)
) STRICT;
CREATE INDEX change_of_patient ON change (patient);
CREATE INDEX change_of_resource ON change (resource);

-- A device that an enrolment code brought in. Only the token's SHA-256 is kept.
CREATE TABLE session (
  pk INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  device_name TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  revoked INTEGER
) STRICT;

-- Whom a session may see and act for. Scopes, start and end of a delegation come into this table.
CREATE TABLE access_grant (
  session INTEGER NOT NULL REFERENCES session (pk),
  patient TEXT NOT NULL,
  PRIMARY KEY (session, patient)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
  code_hash BLOB NOT NULL PRIMARY KEY,
  -- JSON array of Patient ids.
  patients TEXT NOT NULL,
  expires INTEGER NOT NULL,
  -- The session it opened; the same device asking again gets the same answer until it expires.
  session INTEGER REFERENCES session (pk)
) STRICT, WITHOUT ROWID;

-- What was answered to an intent of a person; the same key gets the same bytes.
CREATE TABLE answer (
  operation TEXT NOT NULL,
  patient TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (operation, patient, key)
) STRICT;
CREATE INDEX answer_at ON answer (at);

CREATE TABLE service (
  pk INTEGER PRIMARY KEY,
  -- The HealthcareService's id.
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- Code of the speciality.
  specialty TEXT NOT NULL,
  specialty_name TEXT NOT NULL,
  minutes INTEGER NOT NULL CHECK (minutes > 0 AND minutes % 5 = 0),
  -- đồng
  price INTEGER NOT NULL CHECK (price >= 0),
  -- The price by which insurance reckons, in đồng; 0 when it pays nothing.
  insured_price INTEGER NOT NULL CHECK (insured_price >= 0)
) STRICT;

CREATE TABLE schedule (
  pk INTEGER PRIMARY KEY,
  -- The Schedule's id.
  id TEXT NOT NULL UNIQUE,
  -- Ids and names of Practitioner and Location.
  practitioner TEXT NOT NULL,
  practitioner_name TEXT NOT NULL,
  location TEXT NOT NULL,
  location_name TEXT NOT NULL,
  -- How many people at the same time.
  seats INTEGER NOT NULL CHECK (seats BETWEEN 1 AND 64)
) STRICT;

CREATE TABLE schedule_service (
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  service INTEGER NOT NULL REFERENCES service (pk),
  PRIMARY KEY (schedule, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_service_of_service ON schedule_service (service);

-- When a schedule is open, every week. Minutes of the day in Vietnam; Monday is 1.
CREATE TABLE opening (
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1440 AND from_minute % 5 = 0),
  to_minute INTEGER NOT NULL CHECK (to_minute > from_minute AND to_minute <= 1440 AND to_minute % 5 = 0),
  PRIMARY KEY (schedule, weekday, from_minute)
) STRICT, WITHOUT ROWID;

-- Days on which the whole clinic is closed.
CREATE TABLE closed_day (
  -- YYYY-MM-DD
  day TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What insurance pays of its own price, by the benefit level on the card.
CREATE TABLE insurance_level (
  level INTEGER NOT NULL PRIMARY KEY CHECK (level BETWEEN 1 AND 5),
  percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100)
) STRICT;

CREATE TABLE appointment (
  pk INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  service INTEGER NOT NULL REFERENCES service (pk),
  patient TEXT NOT NULL,
  starts INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'booked', 'cancelled')),
  -- When a hold ends.
  expires INTEGER,
  created INTEGER NOT NULL
) STRICT;
CREATE INDEX appointment_of_patient ON appointment (patient, state);
CREATE INDEX appointment_by_start ON appointment (starts);
CREATE INDEX appointment_of_schedule ON appointment (schedule);
CREATE INDEX appointment_of_service ON appointment (service);

-- Time that is taken. A cell is five minutes, counted from 1970-01-01T00:00 in Vietnam. Free time is
-- not stored: it is what `opening` offers and this table does not hold.
CREATE TABLE busy (
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  cell INTEGER NOT NULL,
  seat INTEGER NOT NULL CHECK (seat >= 0),
  appointment INTEGER NOT NULL REFERENCES appointment (pk),
  -- Set while it is only held.
  expires INTEGER,
  -- The rule: one person to a seat at a time.
  UNIQUE (schedule, cell, seat)
) STRICT;
CREATE INDEX busy_of_appointment ON busy (appointment);

CREATE TABLE invoice (
  -- The Invoice's id.
  id TEXT NOT NULL PRIMARY KEY,
  -- What stands in the transfer text.
  reference TEXT NOT NULL UNIQUE CHECK (reference GLOB 'SK*' AND length(reference) = 8),
  patient TEXT NOT NULL,
  appointment INTEGER REFERENCES appointment (pk),
  -- What the person pays, in đồng.
  amount INTEGER NOT NULL CHECK (amount >= 0),
  state TEXT NOT NULL CHECK (state IN ('issued', 'balanced', 'cancelled')),
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invoice_of_appointment ON invoice (appointment);

-- Money that arrived. Each payment is either applied to its invoice or waits for a person to settle it.
CREATE TABLE payment (
  -- The bank's or the counter's own number: it counts once.
  provider_id TEXT NOT NULL PRIMARY KEY,
  reference TEXT NOT NULL,
  amount INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('applied', 'to_settle')),
  -- Why it waits.
  reason TEXT,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
