-- A session is a key of a phone and a family of tokens that are bound to it (RFC 9449). Tokens that opened something by
-- themselves open nothing any more.
ALTER TABLE session RENAME COLUMN token_hash TO family;
UPDATE session SET revoked = created WHERE revoked IS NULL;
-- SHA-256 over the key (RFC 7638).
ALTER TABLE session ADD COLUMN thumbprint BYTEA;
-- That of the phone whose place it took.
ALTER TABLE session ADD COLUMN moved_from BYTEA;
-- How often the tokens were renewed, and when last.
ALTER TABLE session ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN issued BIGINT NOT NULL DEFAULT 0;
-- The newest generation with whose access token anything was asked.
ALTER TABLE session ADD COLUMN used_generation BIGINT NOT NULL DEFAULT 0;
-- Why it was revoked, where the clinic should know.
ALTER TABLE session ADD COLUMN revoked_for TEXT;
CREATE INDEX session_of_key ON session (thumbprint);

-- Proofs that came, whichever process they came to. What is lost with a crash of the database is a few minutes of them.
CREATE UNLOGGED TABLE dpop_proof (
  id BYTEA PRIMARY KEY,
  -- Seconds since 1970.
  ends BIGINT NOT NULL
);
CREATE INDEX dpop_proof_by_end ON dpop_proof (ends);
