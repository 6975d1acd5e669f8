-- Answers that take little room, and why an intent was refused.

CREATE TABLE answer_of_now (
  operation TEXT NOT NULL,
  patient TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  -- The code of the refusal; null when it was not refused.
  refusal TEXT,
  -- 0: the body as it is; 1: zstd with clinic/dictionaries/1.answers.
  encoding INTEGER NOT NULL,
  body BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (operation, patient, key)
) STRICT;
INSERT INTO answer_of_now (operation, patient, key, request_hash, status, refusal, encoding, body, at)
  SELECT operation, patient, key, request_hash, status,
         CASE WHEN status <> 409 THEN NULL
              WHEN body LIKE '%"slot-taken"%' THEN 'slot-taken'
              WHEN body LIKE '%"not-offered"%' THEN 'not-offered'
              WHEN body LIKE '%"too-many"%' THEN 'too-many' END,
         0, CAST(body AS BLOB), at
  FROM answer;
DROP TABLE answer;
ALTER TABLE answer_of_now RENAME TO answer;
CREATE INDEX answer_at ON answer (at);
