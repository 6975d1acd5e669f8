-- How many are signing in is told by the first and the last number, without counting them. Who is signing in while the clinic is
-- brought here begins again: their ten minutes are not worth a copy.
DROP TABLE sign_in;
CREATE TABLE sign_in (
  number INTEGER PRIMARY KEY,
  -- SHA-256 over the state that the provider gives back.
  state_hash BLOB NOT NULL UNIQUE,
  -- Of the app's request: where the answer goes, its state (which is given back as it came), its PKCE challenge, its key.
  redirect_uri TEXT NOT NULL,
  app_state TEXT NOT NULL,
  challenge BLOB NOT NULL,
  thumbprint BLOB NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_by_end ON sign_in (expires);
