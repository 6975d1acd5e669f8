-- What people ask of what is kept of them: see clinic/src/rights. Times are milliseconds since 1970, UTC.
CREATE TABLE rights_request (
  id TEXT NOT NULL PRIMARY KEY,
  patient TEXT NOT NULL,
  -- A name of sokhoe_domain::rights::RightsRequest.
  what TEXT NOT NULL,
  received INTEGER NOT NULL,
  answered INTEGER,
  done INTEGER,
  -- How far an erasure came: the resource's place, and what was erased.
  reached INTEGER NOT NULL DEFAULT 0,
  own_words INTEGER NOT NULL DEFAULT 0,
  traces INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
