-- Timetables as people think of them: weekly hours for a time, exceptions of single days, slots as long as the
-- doctor's, a few more seats that the counter may give, times that are given out week by week.

ALTER TABLE schedule ADD COLUMN extra_seats INTEGER NOT NULL DEFAULT 0 CHECK (extra_seats BETWEEN 0 AND 16);

-- Null: as long as the service says.
ALTER TABLE schedule_service ADD COLUMN minutes INTEGER CHECK (minutes > 0 AND minutes % 5 = 0);

-- Weekly hours, instead of `opening`. Minutes of the day in Vietnam; Monday is 1. Days are YYYY-MM-DD, both inclusive;
-- null: without a beginning, without an end.
CREATE TABLE weekly_hours (
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1440 AND from_minute % 5 = 0),
  to_minute INTEGER NOT NULL CHECK (to_minute > from_minute AND to_minute <= 1440 AND to_minute % 5 = 0),
  first_day TEXT,
  last_day TEXT
) STRICT;
CREATE INDEX weekly_hours_of_schedule ON weekly_hours (schedule);
INSERT INTO weekly_hours (schedule, weekday, from_minute, to_minute)
  SELECT schedule, weekday, from_minute, to_minute FROM opening;
DROP TABLE opening;

-- Hours of one day that are added to the weekly ones, or taken out of them.
CREATE TABLE day_hours (
  schedule INTEGER NOT NULL REFERENCES schedule (pk),
  day TEXT NOT NULL,
  from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1440 AND from_minute % 5 = 0),
  to_minute INTEGER NOT NULL CHECK (to_minute > from_minute AND to_minute <= 1440 AND to_minute % 5 = 0),
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX day_hours_of_schedule ON day_hours (schedule);

-- From when a week's times are given out: so many weeks before, at this time of the week. Without a row: at once.
CREATE TABLE release_rule (
  schedule INTEGER PRIMARY KEY REFERENCES schedule (pk),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  minute INTEGER NOT NULL CHECK (minute BETWEEN 0 AND 1439),
  weeks_before INTEGER NOT NULL CHECK (weeks_before BETWEEN 0 AND 52)
) STRICT;

-- Who booked: the person by an app, the hotline for a caller, the counter for somebody who stands there.
ALTER TABLE appointment ADD COLUMN source TEXT NOT NULL DEFAULT 'app' CHECK (source IN ('app', 'hotline', 'counter'));
