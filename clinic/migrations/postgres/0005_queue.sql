-- As SQLite's 0007: see there.

CREATE TABLE queue_day (
  day TEXT NOT NULL PRIMARY KEY,
  last_number BIGINT NOT NULL CHECK (last_number > 0),
  closed BOOLEAN NOT NULL
);

CREATE TABLE queue_line (
  day TEXT NOT NULL,
  schedule BIGINT NOT NULL REFERENCES schedule (pk),
  moves BIGINT NOT NULL,
  written BIGINT NOT NULL,
  PRIMARY KEY (day, schedule)
);
CREATE INDEX queue_line_of_schedule ON queue_line (schedule);
CREATE INDEX queue_line_written ON queue_line (written);

CREATE TABLE visit (
  appointment BIGINT PRIMARY KEY REFERENCES appointment (pk),
  day TEXT NOT NULL,
  schedule BIGINT NOT NULL REFERENCES schedule (pk),
  number BIGINT CHECK (number > 0),
  priority BOOLEAN NOT NULL,
  place BIGINT NOT NULL,
  arrived BIGINT,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'called', 'missed', 'in-room', 'done', 'noshow')),
  called BIGINT,
  station TEXT,
  missed BIGINT,
  begun BIGINT,
  finished BIGINT,
  -- The rule: a number is given once.
  UNIQUE (day, number)
);
CREATE INDEX visit_of_line ON visit (day, schedule, state);
CREATE INDEX visit_of_schedule ON visit (schedule);

CREATE TABLE ticket_admission (
  number BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  ends BIGINT NOT NULL
);
