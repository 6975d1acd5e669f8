//! Whether what a clinic keeps is whole and fits together. Findings are counts: they hold no ids.

mod rules;

use crate::access_log;
use crate::billing;
use crate::store::{Dialect, Sql, Store, StoreError};

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SQLite finds the file damaged.
    Damaged,
    /// SQLite finds the file of what was read damaged.
    ReadsDamaged,
    /// Rows refer to rows that are not there.
    Dangling,
    /// Entries of the access log are not what was hashed.
    LogEntry,
    /// Hashes of the access log are missing or are not over what lies below.
    LogHash,
    /// What arrived is not what was applied, given back, dismissed and is open.
    MoneyBook,
    /// Payments whose state is not what their entries say.
    PaymentState,
    /// Payments of which more was spent than arrived.
    PaymentOverspent,
    /// Entries of the money without their payment or invoice.
    EntryAlone,
    /// Invoices that are paid with more than their amount.
    InvoiceOverpaid,
    /// Invoices whose state is not what was paid.
    InvoiceState,
    /// Invoices of another person than their booking's, or of a booking that was called off.
    InvoiceOfBooking,
    /// Invoices that their persons' books do not have.
    InvoiceNotInBook,
    /// Bookings that do not have all their time, or not in one seat.
    BookingWithoutTime,
    /// Time that is taken by what was called off.
    TimeWithoutBooking,
    /// Two in one seat at a time.
    TwoInOneSeat,
    /// Bookings that their persons' books do not have.
    BookingNotInBook,
    /// Feeds that tell of versions that are not there.
    FeedAhead,
}

impl Fault {
    /// As a code, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::ReadsDamaged => "reads-damaged",
            Self::Dangling => "dangling",
            Self::LogEntry => "log-entry",
            Self::LogHash => "log-hash",
            Self::MoneyBook => "money-book",
            Self::PaymentState => "payment-state",
            Self::PaymentOverspent => "payment-overspent",
            Self::EntryAlone => "entry-alone",
            Self::InvoiceOverpaid => "invoice-overpaid",
            Self::InvoiceState => "invoice-state",
            Self::InvoiceOfBooking => "invoice-of-booking",
            Self::InvoiceNotInBook => "invoice-not-in-book",
            Self::BookingWithoutTime => "booking-without-time",
            Self::TimeWithoutBooking => "time-without-booking",
            Self::TwoInOneSeat => "two-in-one-seat",
            Self::BookingNotInBook => "booking-not-in-book",
            Self::FeedAhead => "feed-ahead",
        }
    }
}

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Resources that stand.
    pub resources: u64,
    /// Bookings that stand.
    pub bookings: u64,
    /// Invoices.
    pub invoices: u64,
    /// Entries of the access log.
    pub log: u64,
    /// What is wrong, and how often; empty when all is whole.
    pub faults: Vec<(Fault, u64)>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn found(&mut self, fault: Fault, times: u64) {
        if times > 0 {
            self.faults.push((fault, times));
        }
    }
}

/// Looks at everything in one snapshot.
pub(crate) fn check(store: &Store) -> Result<CheckReport, StoreError> {
    let mut report = store.read(whole)?;
    let reads = store.read_reads(damage)?.unwrap_or_default();
    report.found(Fault::ReadsDamaged, reads);
    Ok(report)
}

fn whole(sql: Sql<'_>) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport {
        resources: count(sql, "SELECT count(*) FROM resource WHERE json IS NOT NULL")?,
        bookings: count(
            sql,
            "SELECT count(*) FROM appointment WHERE state = 'booked'",
        )?,
        invoices: count(sql, "SELECT count(*) FROM invoice")?,
        ..CheckReport::default()
    };
    if sql.dialect() == Dialect::Sqlite {
        report.found(Fault::Damaged, damage(sql)?);
        let dangling = sql.rows("PRAGMA foreign_key_check", &[], |_| Ok(()))?;
        report.found(Fault::Dangling, dangling.len() as u64);
    }
    let log = access_log::recount(sql)?;
    report.log = log.size;
    report.found(Fault::LogEntry, log.entries);
    report.found(Fault::LogHash, log.hashes);
    let book = billing::book(sql)?;
    let told = book.applied + book.refunded + book.dismissed + book.open;
    report.found(Fault::MoneyBook, u64::from(book.arrived != told));
    for (fault, text) in rules::RULES {
        report.found(*fault, count(sql, text)?);
    }
    Ok(report)
}

/// Lines in which SQLite says what is damaged.
fn damage(sql: Sql<'_>) -> Result<u64, StoreError> {
    let said = sql.rows(
        "PRAGMA integrity_check",
        &[],
        |row| Ok(row.text(0)? != "ok"),
    )?;
    Ok(said.into_iter().filter(|damaged| *damaged).count() as u64)
}

fn count(sql: Sql<'_>, text: &str) -> Result<u64, StoreError> {
    sql.one(text, &[], |row| row.get(0).map(i64::unsigned_abs))
}
