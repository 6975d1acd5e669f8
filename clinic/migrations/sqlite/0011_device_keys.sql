-- A session is a key of a phone and a family of tokens that are bound to it (RFC 9449). Tokens that opened something by
-- themselves open nothing any more.
ALTER TABLE session RENAME COLUMN token_hash TO family;
UPDATE session SET revoked = created WHERE revoked IS NULL;
-- SHA-256 over the key (RFC 7638).
ALTER TABLE session ADD COLUMN thumbprint BLOB;
-- That of the phone whose place it took.
ALTER TABLE session ADD COLUMN moved_from BLOB;
-- How often the tokens were renewed, and when last.
ALTER TABLE session ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN issued INTEGER NOT NULL DEFAULT 0;
-- The newest generation with whose access token anything was asked.
ALTER TABLE session ADD COLUMN used_generation INTEGER NOT NULL DEFAULT 0;
-- Why it was revoked, where the clinic should know.
ALTER TABLE session ADD COLUMN revoked_for TEXT;
CREATE INDEX session_of_key ON session (thumbprint);
