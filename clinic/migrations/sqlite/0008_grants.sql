-- What a session may do for a person, and for how long. Scopes are a bit each: 1 book, 2 see the summary,
-- 4 see everything, 8 pay. What was granted before was granted whole, and has no end.
ALTER TABLE access_grant ADD COLUMN scopes INTEGER NOT NULL DEFAULT 15 CHECK (scopes BETWEEN 1 AND 15);
-- From then on it is over.
ALTER TABLE access_grant ADD COLUMN ends INTEGER;
-- The Consent that says so; null for the person's own phones.
ALTER TABLE access_grant ADD COLUMN consent TEXT;
CREATE INDEX access_grant_of_consent ON access_grant (consent) WHERE consent IS NOT NULL;

-- What a code grants besides bringing a device in, as JSON; null for the person's own phones.
ALTER TABLE enrolment ADD COLUMN helping TEXT;
