-- As SQLite's 0004: see there.

ALTER TABLE schedule ADD COLUMN extra_seats BIGINT NOT NULL DEFAULT 0 CHECK (extra_seats BETWEEN 0 AND 16);

ALTER TABLE schedule_service ADD COLUMN minutes BIGINT CHECK (minutes > 0 AND minutes % 5 = 0);

CREATE TABLE weekly_hours (
  schedule BIGINT NOT NULL REFERENCES schedule (pk),
  weekday BIGINT NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  from_minute BIGINT NOT NULL CHECK (from_minute BETWEEN 0 AND 1440 AND from_minute % 5 = 0),
  to_minute BIGINT NOT NULL CHECK (to_minute > from_minute AND to_minute <= 1440 AND to_minute % 5 = 0),
  first_day TEXT,
  last_day TEXT
);
CREATE INDEX weekly_hours_of_schedule ON weekly_hours (schedule);
INSERT INTO weekly_hours (schedule, weekday, from_minute, to_minute)
  SELECT schedule, weekday, from_minute, to_minute FROM opening;
DROP TABLE opening;

CREATE TABLE day_hours (
  schedule BIGINT NOT NULL REFERENCES schedule (pk),
  day TEXT NOT NULL,
  from_minute BIGINT NOT NULL CHECK (from_minute BETWEEN 0 AND 1440 AND from_minute % 5 = 0),
  to_minute BIGINT NOT NULL CHECK (to_minute > from_minute AND to_minute <= 1440 AND to_minute % 5 = 0),
  is_open BOOLEAN NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX day_hours_of_schedule ON day_hours (schedule);

CREATE TABLE release_rule (
  schedule BIGINT PRIMARY KEY REFERENCES schedule (pk),
  weekday BIGINT NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  minute BIGINT NOT NULL CHECK (minute BETWEEN 0 AND 1439),
  weeks_before BIGINT NOT NULL CHECK (weeks_before BETWEEN 0 AND 52)
);

-- Who booked: the person by an app, the hotline for a caller, the counter for somebody who stands there.
ALTER TABLE appointment ADD COLUMN source TEXT NOT NULL DEFAULT 'app' CHECK (source IN ('app', 'hotline', 'counter'));
