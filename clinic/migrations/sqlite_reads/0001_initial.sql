-- What was read, as entries to come of the access log. In a file of its own, because every commit to the clinic's file makes all who
-- read it begin with empty caches.
CREATE TABLE access_log_pending (
  -- A number is never given again: up to which one they are in the log stands there.
  pk INTEGER PRIMARY KEY AUTOINCREMENT,
  drafts TEXT NOT NULL
) STRICT;
