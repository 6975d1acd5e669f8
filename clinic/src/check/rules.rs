//! What must hold between rows, each as a question of how many break it. Both engines read the same texts.

use super::Fault;

/// The rules.
pub(super) const RULES: &[(Fault, &str)] = &[
    (
        Fault::PaymentState,
        "SELECT count(*) FROM (
           SELECT p.state AS state, p.amount AS amount,
                  p.amount - COALESCE((SELECT SUM(e.amount) FROM payment_entry e WHERE e.payment = p.provider_id), 0) AS open
           FROM payment p) AS of_each
         WHERE (state = 'settled' AND open <> 0) OR (state = 'to_settle' AND open = 0 AND amount <> 0)",
    ),
    (
        Fault::PaymentOverspent,
        "SELECT count(*) FROM payment p
         WHERE p.amount < COALESCE((SELECT SUM(e.amount) FROM payment_entry e WHERE e.payment = p.provider_id), 0)",
    ),
    (
        Fault::EntryAlone,
        "SELECT count(*) FROM payment_entry e
         WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.provider_id = e.payment)
            OR (e.kind = 'applied' AND NOT EXISTS (SELECT 1 FROM invoice i WHERE i.reference = e.invoice))",
    ),
    (
        Fault::InvoiceOverpaid,
        "SELECT count(*) FROM invoice i
         WHERE i.amount < COALESCE((SELECT SUM(e.amount) FROM payment_entry e WHERE e.invoice = i.reference), 0)",
    ),
    // What was paid of a visit that was called off is taken back, and its invoice stays balanced.
    (
        Fault::InvoiceState,
        "SELECT count(*) FROM (
           SELECT i.state AS state, i.amount AS amount, a.state AS visit,
                  COALESCE((SELECT SUM(e.amount) FROM payment_entry e WHERE e.invoice = i.reference), 0) AS paid
           FROM invoice i LEFT JOIN appointment a ON a.pk = i.appointment) AS of_each
         WHERE (state = 'balanced' AND paid < amount AND COALESCE(visit, '') <> 'cancelled')
            OR (state = 'issued' AND paid >= amount)",
    ),
    (
        Fault::InvoiceOfBooking,
        "SELECT count(*) FROM invoice i JOIN appointment a ON a.pk = i.appointment
         WHERE a.patient <> i.patient OR (a.state = 'cancelled' AND i.state = 'issued')",
    ),
    (
        Fault::InvoiceNotInBook,
        "SELECT count(*) FROM invoice i
         WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.type = 'Invoice' AND r.id = i.id AND r.json IS NOT NULL)",
    ),
    (
        Fault::BookingWithoutTime,
        "SELECT count(*) FROM appointment a
         WHERE a.state = 'booked' AND NOT EXISTS (
           SELECT 1 FROM busy b
           WHERE b.appointment = a.pk AND b.schedule = a.schedule AND b.expires IS NULL
             AND b.cell >= (a.starts + 25200000) / 300000 AND b.cell < (a.ends + 25200000) / 300000
           GROUP BY b.seat HAVING count(*) = (a.ends - a.starts) / 300000)",
    ),
    (
        Fault::TimeWithoutBooking,
        "SELECT count(*) FROM busy b JOIN appointment a ON a.pk = b.appointment
         WHERE a.state = 'cancelled' OR (a.state = 'booked' AND b.expires IS NOT NULL)",
    ),
    // Counted without the index that forbids it.
    (
        Fault::TwoInOneSeat,
        "SELECT count(*) FROM (
           SELECT 1 FROM busy GROUP BY schedule + 0, cell + 0, seat + 0 HAVING count(*) > 1) AS twice",
    ),
    (
        Fault::BookingNotInBook,
        "SELECT count(*) FROM appointment a
         WHERE a.state = 'booked' AND NOT EXISTS (
           SELECT 1 FROM resource r
           WHERE r.type = 'Appointment' AND r.id = a.id AND r.patient = a.patient AND r.json IS NOT NULL)",
    ),
    (
        Fault::FeedAhead,
        "SELECT count(*) FROM change c
         WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.pk = c.resource AND r.version >= c.version)",
    ),
];
