-- As SQLite's 0005: see there.

ALTER TABLE answer ADD COLUMN refusal TEXT;
UPDATE answer SET refusal = CASE
  WHEN body LIKE '%"slot-taken"%' THEN 'slot-taken'
  WHEN body LIKE '%"not-offered"%' THEN 'not-offered'
  WHEN body LIKE '%"too-many"%' THEN 'too-many'
END WHERE status = 409;
ALTER TABLE answer ADD COLUMN encoding BIGINT NOT NULL DEFAULT 0;
ALTER TABLE answer ALTER COLUMN encoding DROP DEFAULT;
ALTER TABLE answer ALTER COLUMN body TYPE BYTEA USING convert_to(body, 'UTF8');
