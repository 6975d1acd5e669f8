-- What decides who is given a Binary: the resource that its securityContext names, and where it names none,
-- those that refer to it.
CREATE TABLE binary_reference (
  -- The Binary's id; there may be no such Binary (yet).
  binary TEXT NOT NULL,
  is_context INTEGER NOT NULL CHECK (is_context IN (0, 1)),
  -- The resource. A context that cannot be followed has neither: then nobody is given the Binary.
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (binary, is_context, type, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX binary_reference_by_resource ON binary_reference (type, id);
