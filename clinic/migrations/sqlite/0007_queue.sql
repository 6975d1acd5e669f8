-- The queue of the day. A day is YYYY-MM-DD, in Vietnam.

-- Days on which somebody came to the desk.
CREATE TABLE queue_day (
  day TEXT NOT NULL PRIMARY KEY,
  -- The last number that was given. Whoever gives the next one holds this row until the commit.
  last_number INTEGER NOT NULL CHECK (last_number > 0),
  -- Whether it is over, and everybody's visit has its end.
  closed INTEGER NOT NULL CHECK (closed IN (0, 1))
) STRICT, WITHOUT ROWID;

-- A line: a schedule's people of a day. Whoever moves a line holds its row until the commit.
CREATE TABLE queue_line (
  day TEXT NOT NULL,
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  -- How often it moved, and when last, by the database's clock: those who wait in it are told.
  moves INTEGER NOT NULL,
  written INTEGER NOT NULL,
  PRIMARY KEY (day, schedule)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_line_of_schedule ON queue_line (schedule);
CREATE INDEX queue_line_written ON queue_line (written);

-- What becomes of an appointment on its day. While it has a row here nobody moves it or calls it off.
CREATE TABLE visit (
  appointment INTEGER PRIMARY KEY REFERENCES appointment (pk),
  day TEXT NOT NULL,
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  -- The person's number of the day; null when they never came.
  number INTEGER CHECK (number > 0),
  -- Whether they go first.
  priority INTEGER NOT NULL CHECK (priority IN (0, 1)),
  -- By what they stand in the line: the time of the booking, or of their coming.
  place INTEGER NOT NULL,
  arrived INTEGER,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'called', 'missed', 'in-room', 'done', 'noshow')),
  -- When they were called last, and where to.
  called INTEGER,
  station TEXT,
  missed INTEGER,
  begun INTEGER,
  finished INTEGER,
  -- The rule: a number is given once.
  UNIQUE (day, number)
) STRICT;
CREATE INDEX visit_of_line ON visit (day, schedule, state);
CREATE INDEX visit_of_schedule ON visit (schedule);

-- Tickets that were used.
CREATE TABLE ticket_admission (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- From then on no ticket of the number passes anyway.
  ends INTEGER NOT NULL
) STRICT;
