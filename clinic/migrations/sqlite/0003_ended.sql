-- When access to a person was taken away from a session. Whoever had it is told so once it asks again; to all
-- others the person is not there.
ALTER TABLE access_grant ADD COLUMN ended INTEGER;
