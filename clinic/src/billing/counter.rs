//! Money at the counter: cash, a card reader's slip, Mobile Money. What was taken and given back there is closed at the end of a
//! shift, against what lies in the drawer.

use sokhoe_domain::{Timestamp, Vnd};

use super::payment::{PaymentOutcome, is_due, record_payment};
use crate::clinic::Inner;
use crate::ids::random_id;
use crate::store::{Sql, StoreError, Tx, params};

/// By what means somebody pays, or is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A transfer to the clinic's account.
    Transfer,
    /// Notes and coins.
    Cash,
    /// A card at a card reader.
    Pos,
    /// An account of a telephone company's.
    MobileMoney,
}

impl Means {
    /// Those at a counter.
    pub const AT_COUNTER: [Self; 3] = [Self::Cash, Self::Pos, Self::MobileMoney];

    /// Its name in databases. Never another one.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Cash => "cash",
            Self::Pos => "pos",
            Self::MobileMoney => "mobile-money",
        }
    }

    /// The means of a name.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Transfer, Self::Cash, Self::Pos, Self::MobileMoney]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// What somebody took at a counter.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub reference: String,
    pub amount: Vnd,
    pub means: Means,
    /// The number of the slip, of a card reader or of Mobile Money.
    pub slip: Option<String>,
}

/// Why nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// Another amount is due, or nothing.
    NotDue,
    /// What a machine took has the number of its slip, of 1 to 40 characters.
    NoSlip,
    /// Another payment has this slip.
    SlipUsed,
}

/// Longest number of a slip.
const LONGEST_SLIP: usize = 40;

/// Counts what was taken for an invoice: once for each, however often somebody presses.
pub(crate) fn take(
    tx: &mut Tx<'_>,
    inner: &Inner,
    taken: &Taken,
) -> Result<Result<PaymentOutcome, NotTaken>, StoreError> {
    let slip = taken
        .slip
        .as_deref()
        .map(str::trim)
        .filter(|slip| !slip.is_empty());
    let is_by_machine = matches!(taken.means, Means::Pos | Means::MobileMoney);
    match slip {
        None if is_by_machine => return Ok(Err(NotTaken::NoSlip)),
        Some(slip) if slip.chars().count() > LONGEST_SLIP => return Ok(Err(NotTaken::NoSlip)),
        _ => {}
    }
    // One payment at the counter for each invoice: pressing twice counts once.
    let provider_id = format!("desk:{}", taken.reference);
    // What the cashier mistook is no payment: recorded, it would use up the invoice's one number.
    if !is_due(tx, &taken.reference, taken.amount, &provider_id)? {
        return Ok(Err(NotTaken::NotDue));
    }
    let of_slip: Option<String> = tx.sql().first(
        "SELECT provider_id FROM payment WHERE means = ?1 AND slip = ?2",
        params![taken.means.code(), slip],
        |row| row.get(0),
    )?;
    if of_slip.is_some_and(|other| other != provider_id) {
        return Ok(Err(NotTaken::SlipUsed));
    }
    let outcome = record_payment(tx, inner, &taken.reference, taken.amount, &provider_id)?;
    if !matches!(
        outcome,
        PaymentOutcome::AlreadyCounted | PaymentOutcome::Conflict
    ) {
        tx.sql().execute(
            "UPDATE payment SET means = ?2, slip = ?3, staff = ?4 WHERE provider_id = ?1",
            params![provider_id, taken.means.code(), slip, tx.staff()],
        )?;
    }
    Ok(Ok(outcome))
}

/// What was taken and given back since the last closing, in đồng.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Drawer {
    pub cash: i64,
    pub refunded: i64,
    pub pos: i64,
    pub mobile_money: i64,
    pub payments: i64,
}

impl Drawer {
    /// What must lie in it.
    pub fn expected(&self) -> i64 {
        self.cash - self.refunded
    }
}

/// A shift that was closed.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub id: String,
    /// Who closed it, where somebody signed in.
    pub name: Option<String>,
    pub at: Timestamp,
    pub drawer: Drawer,
    pub counted: i64,
    pub note: Option<String>,
}

/// One's own: of whoever has no account, what nobody's account took.
const OWN: &str = "COALESCE(staff, 0) = COALESCE(CAST(?1 AS BIGINT), 0) AND closing IS NULL";

/// What a cashier's drawer must hold by now.
pub(crate) fn drawer(sql: Sql<'_>, staff: Option<i64>) -> Result<Drawer, StoreError> {
    let taken = format!(
        "SELECT means, CAST(SUM(amount) AS BIGINT), COUNT(*) FROM payment
         WHERE means <> 'transfer' AND {OWN} GROUP BY means"
    );
    let mut drawer = Drawer::default();
    let rows: Vec<(String, i64, i64)> = sql.rows(&taken, params![staff], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    for (means, amount, count) in rows {
        drawer.payments += count;
        match Means::of_code(&means) {
            Some(Means::Cash) => drawer.cash = amount,
            Some(Means::Pos) => drawer.pos = amount,
            Some(Means::MobileMoney) => drawer.mobile_money = amount,
            Some(Means::Transfer) | None => {}
        }
    }
    let given_back = format!(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry
         WHERE kind = 'refunded' AND means = 'cash' AND {OWN}"
    );
    drawer.refunded = sql.one(&given_back, params![staff], |row| row.get(0))?;
    Ok(drawer)
}

/// Closes a shift: what it took is in no other one. Its id.
pub(crate) fn close(
    tx: &Tx<'_>,
    inner: &Inner,
    counted: Vnd,
    note: Option<&str>,
) -> Result<String, StoreError> {
    let (sql, staff, id) = (tx.sql(), tx.staff(), random_id(&*inner.rng));
    let drawer = drawer(sql, staff)?;
    let pk: i64 = sql.one(
        "INSERT INTO cash_closing (id, staff, at, cash, refunded, pos, mobile_money, payments, counted, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING pk",
        params![
            id,
            staff,
            tx.now().as_millis(),
            drawer.cash,
            drawer.refunded,
            drawer.pos,
            drawer.mobile_money,
            drawer.payments,
            counted.dong(),
            note
        ],
        |row| row.get(0),
    )?;
    for text in [
        format!("UPDATE payment SET closing = ?2 WHERE means <> 'transfer' AND {OWN}"),
        format!("UPDATE payment_entry SET closing = ?2 WHERE means = 'cash' AND {OWN}"),
    ] {
        sql.execute(&text, params![staff, pk])?;
    }
    Ok(id)
}

/// The closings of everybody, the newest first.
pub(crate) fn closings(sql: Sql<'_>, most: u32) -> Result<Vec<Closing>, StoreError> {
    let text = format!(
        "SELECT c.id, s.name, c.at, c.cash, c.refunded, c.pos, c.mobile_money, c.payments, c.counted, c.note
         FROM cash_closing c LEFT JOIN staff s ON s.pk = c.staff ORDER BY c.at DESC, c.pk DESC LIMIT {most}"
    );
    sql.rows(&text, &[], |row| {
        Ok(Closing {
            id: row.get(0)?,
            name: row.get(1)?,
            at: Timestamp::from_millis(row.get(2)?),
            drawer: Drawer {
                cash: row.get(3)?,
                refunded: row.get(4)?,
                pos: row.get(5)?,
                mobile_money: row.get(6)?,
                payments: row.get(7)?,
            },
            counted: row.get(8)?,
            note: row.get(9)?,
        })
    })
}
