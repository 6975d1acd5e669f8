-- Money that arrived: all of it is in entries, or open for a person to settle. A payment's state follows from them.
CREATE TABLE payment_new (
  -- The bank's or the counter's own number: it counts once.
  provider_id TEXT NOT NULL PRIMARY KEY,
  -- The invoice's that it was meant for, as far as that is known; else empty.
  reference TEXT NOT NULL,
  amount INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('settled', 'to_settle')),
  -- Why it waits, or waited.
  reason TEXT,
  at INTEGER NOT NULL,
  -- Of a bank's message: the account, the bank's number, the transfer's text.
  account TEXT,
  bank_reference TEXT,
  transfer_text TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO payment_new (provider_id, reference, amount, state, reason, at)
  SELECT provider_id, reference, amount, CASE state WHEN 'applied' THEN 'settled' ELSE state END, reason, at FROM payment;

-- What became of it. Never changed; what is taken back is another entry.
CREATE TABLE payment_entry (
  pk INTEGER PRIMARY KEY,
  payment TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('applied', 'refunded', 'dismissed')),
  -- The reference of the invoice that it pays.
  invoice TEXT,
  -- In đồng; negative where it is taken back.
  amount INTEGER NOT NULL,
  -- The number of the receipt or of the transfer back.
  receipt TEXT,
  at INTEGER NOT NULL,
  CHECK ((kind = 'applied') = (invoice IS NOT NULL))
) STRICT;
CREATE INDEX payment_entry_of_payment ON payment_entry (payment);
CREATE INDEX payment_entry_of_invoice ON payment_entry (invoice) WHERE invoice IS NOT NULL;
INSERT INTO payment_entry (payment, kind, invoice, amount, at)
  SELECT provider_id, 'applied', reference, amount, at FROM payment WHERE state = 'applied';

DROP TABLE payment;
ALTER TABLE payment_new RENAME TO payment;
CREATE INDEX payment_of_reference ON payment (reference);
CREATE INDEX payment_to_settle ON payment (at) WHERE state = 'to_settle';
CREATE INDEX payment_of_transfer ON payment (bank_reference, account) WHERE bank_reference IS NOT NULL;
