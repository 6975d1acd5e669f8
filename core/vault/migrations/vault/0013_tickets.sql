-- The tickets of bookings, as their clinics signed them: see core/vault/src/tickets.rs.
CREATE TABLE "ticket" (
    "booking" TEXT PRIMARY KEY,
    "clinic" TEXT NOT NULL,
    -- When the visit begins that they are for.
    "start" INTEGER NOT NULL,
    -- The signed sheet; unset when the clinic gave none.
    "sheet" TEXT,
    -- Before this instant the clinic is not asked again for one that it did not give.
    "not_before" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
