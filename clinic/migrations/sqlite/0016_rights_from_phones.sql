-- Who asked, where it was a phone: it hears the receipt again, also once its access ended. And who is to get a record.
ALTER TABLE rights_request ADD COLUMN session INTEGER REFERENCES session (pk);
ALTER TABLE rights_request ADD COLUMN recipient TEXT;
CREATE INDEX rights_request_of_patient ON rights_request (patient);
