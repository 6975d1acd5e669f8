-- Who waits until a time is freed.

-- A place on the list. It goes when the person has a time, leaves, or their period is over.
CREATE TABLE waiting (
  pk INTEGER PRIMARY KEY,
  -- The Appointment's id: that of the intent that joined.
  id TEXT NOT NULL UNIQUE,
  patient TEXT NOT NULL,
  service INTEGER NOT NULL REFERENCES service (pk),
  -- The id of the only Practitioner who will do; empty: any.
  practitioner TEXT NOT NULL,
  -- Within which the time must begin.
  starts INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  -- All that was asked for: the Parameters of $wait, as they came.
  request TEXT NOT NULL,
  -- Since when: whoever came first is offered first.
  joined INTEGER NOT NULL,
  -- Until when a time is kept for the person; null: none is. The `appointment` of this id has the time then, as a hold.
  offered_until INTEGER,
  UNIQUE (patient, service, practitioner)
) STRICT;
CREATE INDEX waiting_of_service ON waiting (service, joined, pk);
CREATE INDEX waiting_offered_until ON waiting (offered_until);
CREATE INDEX waiting_by_end ON waiting (ends);

-- What each was offered: a time is offered to each once, until it was booked and freed again.
CREATE TABLE time_offered (
  waiting INTEGER NOT NULL REFERENCES waiting (pk) ON DELETE CASCADE,
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  -- The first of its cells, and the first after them.
  cell INTEGER NOT NULL,
  cell_after INTEGER NOT NULL,
  PRIMARY KEY (waiting, schedule, cell)
) STRICT, WITHOUT ROWID;
CREATE INDEX time_offered_by_time ON time_offered (schedule, cell);

-- A time is kept for nobody who could not answer.
CREATE INDEX access_grant_of_patient ON access_grant (patient);
