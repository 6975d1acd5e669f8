-- As SQLite's 0016: see there.
ALTER TABLE rights_request ADD COLUMN session BIGINT REFERENCES session (pk);
ALTER TABLE rights_request ADD COLUMN recipient TEXT;
CREATE INDEX rights_request_of_patient ON rights_request (patient);
