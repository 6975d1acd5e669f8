-- By what means somebody paid, and at whose counter.
ALTER TABLE payment ADD COLUMN means TEXT NOT NULL DEFAULT 'transfer'
  CHECK (means IN ('transfer', 'cash', 'pos', 'mobile-money'));
-- The number of the card reader's or the Mobile Money slip: it counts once.
ALTER TABLE payment ADD COLUMN slip TEXT;
ALTER TABLE payment ADD COLUMN staff INTEGER;
-- The closing that it is in, of what was paid at a counter.
ALTER TABLE payment ADD COLUMN closing INTEGER;
UPDATE payment SET means = 'cash' WHERE provider_id LIKE 'desk:%';
CREATE UNIQUE INDEX payment_slip ON payment (means, slip) WHERE slip IS NOT NULL;
CREATE INDEX payment_not_closed ON payment (staff) WHERE means <> 'transfer' AND closing IS NULL;

-- By what means it was given back, by whom.
ALTER TABLE payment_entry ADD COLUMN means TEXT;
ALTER TABLE payment_entry ADD COLUMN staff INTEGER;
ALTER TABLE payment_entry ADD COLUMN closing INTEGER;
CREATE INDEX payment_entry_not_closed ON payment_entry (staff) WHERE means = 'cash' AND closing IS NULL;

-- What a cashier had at the end of a shift.
CREATE TABLE cash_closing (
  pk INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- Nothing where nobody signs in.
  staff INTEGER,
  at INTEGER NOT NULL,
  -- In đồng: taken in cash, given back in cash, by card, by Mobile Money.
  cash INTEGER NOT NULL,
  refunded INTEGER NOT NULL,
  pos INTEGER NOT NULL,
  mobile_money INTEGER NOT NULL,
  payments INTEGER NOT NULL,
  -- What lay in the drawer of it.
  counted INTEGER NOT NULL,
  note TEXT
) STRICT;
CREATE INDEX cash_closing_at ON cash_closing (at);
