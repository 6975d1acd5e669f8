-- As SQLite's 0008: see there.
ALTER TABLE access_grant ADD COLUMN scopes BIGINT NOT NULL DEFAULT 15 CHECK (scopes BETWEEN 1 AND 15);
-- From then on it is over.
ALTER TABLE access_grant ADD COLUMN ends BIGINT;
-- The Consent that says so; null for the person's own phones.
ALTER TABLE access_grant ADD COLUMN consent TEXT;
CREATE INDEX access_grant_of_consent ON access_grant (consent) WHERE consent IS NOT NULL;

-- What a code grants besides bringing a device in, as JSON; null for the person's own phones.
ALTER TABLE enrolment ADD COLUMN helping TEXT;
