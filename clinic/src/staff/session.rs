//! Sessions of staff in a browser. One ends by itself after a quarter of an hour in which nobody did anything, and after a
//! working day; what a page asks for by itself does not count.

use std::time::Duration;

use sokhoe_domain::{StaffRole, Timestamp};

use super::accounts::roles_of;
use crate::keys::sha256;
use crate::store::{Sql, StoreError, Tx, params};

/// How long nobody may do anything.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// How long it lasts at most.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// How long a screen that stands alone may go without being switched on.
const SCREEN: Duration = Duration::from_secs(30 * 86_400);
/// How often it is written that somebody does something.
const NOTED: Duration = Duration::from_secs(60);

/// A screen that stands alone in the hall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// Where people give their arrival themselves.
    Kiosk,
    /// What numbers are called.
    Board,
}

impl Screen {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk",
            Self::Board => "board",
        }
    }

    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Kiosk, Self::Board]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// Who is signed in, as of this request.
#[derive(Clone)]
pub(crate) struct Session {
    pub pk: i64,
    pub staff: i64,
    pub name: String,
    pub roles: Vec<StaffRole>,
    /// What it is, where it is a screen that stands alone; nobody's roles then.
    pub screen: Option<Screen>,
    used: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("roles", &self.roles)
            .field("screen", &self.screen)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Whether it is time to write that somebody does something.
    pub fn is_to_be_noted(&self, now: Timestamp) -> bool {
        now >= self.used.plus(NOTED)
    }
}

/// Begins a session.
pub(crate) fn begin(
    tx: &Tx<'_>,
    staff: i64,
    token: &str,
    screen: Option<Screen>,
) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO staff_session (token, staff, screen, begun, used) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![
            sha256(token.as_bytes()),
            staff,
            screen.map(Screen::code),
            tx.now().as_millis()
        ],
    )?;
    Ok(())
}

/// The session of a cookie; nothing where it is over or its account ended.
pub(crate) fn of_token(
    sql: Sql<'_>,
    token: &str,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let found = sql.first(
        "SELECT x.pk, x.staff, s.name, s.roles, x.screen, x.begun, x.used
         FROM staff_session x JOIN staff s ON s.pk = x.staff
         WHERE x.token = ?1 AND s.ended IS NULL",
        params![sha256(token.as_bytes())],
        |row| {
            let screen = match row.text_or_null(4)? {
                Some(code) => Some(Screen::of_code(code).ok_or(StoreError::Unexpected)?),
                None => None,
            };
            let session = Session {
                pk: row.get(0)?,
                staff: row.get(1)?,
                name: row.get(2)?,
                roles: match screen {
                    Some(_) => Vec::new(),
                    None => roles_of(row.text(3)?),
                },
                screen,
                used: Timestamp::from_millis(row.get(6)?),
            };
            Ok((session, Timestamp::from_millis(row.get(5)?)))
        },
    )?;
    Ok(found.and_then(|(session, begun)| {
        let ends = match session.screen {
            Some(_) => session.used.plus(SCREEN),
            None => session.used.plus(IDLE).min(begun.plus(LONGEST)),
        };
        (now < ends).then_some(session)
    }))
}

/// Somebody does something.
pub(crate) fn note_use(tx: &Tx<'_>, session: i64) -> Result<(), StoreError> {
    let text = "UPDATE staff_session SET used = ?2 WHERE pk = ?1 AND used < ?2";
    tx.sql()
        .execute(text, params![session, tx.now().as_millis()])?;
    Ok(())
}

/// Ends a session.
pub(crate) fn end(sql: Sql<'_>, session: i64) -> Result<(), StoreError> {
    let text = "DELETE FROM staff_opening WHERE session = ?1";
    sql.execute(text, params![session])?;
    sql.execute("DELETE FROM staff_session WHERE pk = ?1", params![session])?;
    Ok(())
}

/// Ends all of an account's.
pub(super) fn end_all(sql: Sql<'_>, staff: i64) -> Result<(), StoreError> {
    let text = "SELECT pk FROM staff_session WHERE staff = ?1";
    for session in sql.rows(text, params![staff], |row| row.get(0))? {
        end(sql, session)?;
    }
    Ok(())
}

/// Forgets sessions that are over, and attempts that do not count any more.
pub(crate) fn forget_old(tx: &Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    let over: Vec<i64> = tx.sql().rows(
        "SELECT pk FROM staff_session
         WHERE (screen IS NULL AND (used <= ?1 OR begun <= ?2)) OR used <= ?3",
        params![
            now.minus(IDLE).as_millis(),
            now.minus(LONGEST).as_millis(),
            now.minus(SCREEN).as_millis()
        ],
        |row| row.get(0),
    )?;
    for session in over {
        end(tx.sql(), session)?;
    }
    super::attempts::forget_old(tx)
}
