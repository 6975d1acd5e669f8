-- People who come in by an OpenID provider: see clinic/src/sign_in. Times are milliseconds since 1970, UTC.

-- Who has which identifier (clinic/src/store/patient_identifiers.rs).
CREATE TABLE patient_identifier (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  patient TEXT NOT NULL,
  PRIMARY KEY (system, value, patient)
) STRICT, WITHOUT ROWID;
CREATE INDEX patient_identifier_of_patient ON patient_identifier (patient);

-- Whoever was sent to the provider, by SHA-256 over the state that it gives back.
CREATE TABLE sign_in (
  state_hash BLOB NOT NULL PRIMARY KEY,
  -- Of the app's request: where the answer goes, its state (which is given back as it came), its PKCE challenge, its key.
  redirect_uri TEXT NOT NULL,
  app_state TEXT NOT NULL,
  challenge BLOB NOT NULL,
  thumbprint BLOB NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_by_end ON sign_in (expires);

-- Codes that an app exchanges for tokens, by SHA-256 over them.
CREATE TABLE authorization_code (
  code_hash BLOB NOT NULL PRIMARY KEY,
  patient TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  challenge BLOB NOT NULL,
  thumbprint BLOB NOT NULL,
  expires INTEGER NOT NULL,
  -- The session it opened.
  session INTEGER REFERENCES session (pk)
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_code_by_end ON authorization_code (expires);
CREATE INDEX authorization_code_of_patient ON authorization_code (patient);
