-- The clinic's own systems, by the public halves of their keys: see clinic/src/backend_services.
CREATE TABLE system_client (
  pk INTEGER PRIMARY KEY,
  -- The client id.
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- A JSON Web Key Set.
  jwks TEXT NOT NULL,
  -- As SMART writes them.
  scopes TEXT NOT NULL,
  created INTEGER NOT NULL,
  revoked INTEGER
) STRICT;

-- Assertions of theirs that came, until they are over: each counts once.
CREATE TABLE client_assertion (
  id BLOB NOT NULL PRIMARY KEY,
  -- Seconds since 1970.
  ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX client_assertion_by_end ON client_assertion (ends);
