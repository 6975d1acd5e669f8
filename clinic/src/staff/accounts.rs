//! Accounts of staff. One that ended stays, so that the access log keeps its name; its login is never given again.

use std::fmt;

use sokhoe_domain::{StaffRole, Timestamp, text};

use super::password::{BadPassword, Hash, Password};
use crate::clinic::Inner;
use crate::ids::random_id;
use crate::store::{Sql, StoreError, Tx, params};

/// Letters of a login.
const LOGIN: std::ops::RangeInclusive<usize> = 2..=40;
/// Letters of a name.
const LONGEST_NAME: usize = 80;

/// Why an account was not made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffError {
    /// A login is short and plain.
    #[error("a login is 2 to 40 of a-z, 0-9, '.', '_' and '-', and begins with a letter")]
    BadLogin,
    /// A name is what patients read.
    #[error("a name is 1 to 80 letters")]
    BadName,
    /// Whoever works here does something.
    #[error("an account has at least one role")]
    NoRole,
    /// Somebody has this login, or had it.
    #[error("there is, or was, an account with this login; choose another one")]
    LoginTaken,
    /// There is no such account, or it ended.
    #[error("there is no such account, or it ended")]
    NoSuchStaff,
    /// Somebody must be able to let others in.
    #[error("the last administrator stays: give somebody else that role first")]
    LastAdministrator,
    /// A password that is too easy to guess.
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
}

/// An account to be made.
#[derive(Clone)]
pub struct NewStaff {
    /// What they type to sign in.
    pub login: String,
    /// As patients read it, with a title if they have one.
    pub name: String,
    /// What they do here.
    pub roles: Vec<StaffRole>,
    /// Their first password.
    pub password: Password,
}

impl fmt::Debug for NewStaff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewStaff")
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// What they type to sign in.
    pub login: String,
    /// As patients read it.
    pub name: String,
    /// What they do here.
    pub roles: Vec<StaffRole>,
    /// Since when.
    pub added: Timestamp,
    /// Until when; unset while it is in force.
    pub ended: Option<Timestamp>,
}

/// A login as it is kept: case and spaces around it do not count.
pub(super) fn login(typed: &str) -> String {
    typed.trim().to_ascii_lowercase()
}

fn is_login(login: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    LOGIN.contains(&login.len())
        && login.starts_with(|c: char| c.is_ascii_lowercase())
        && login.chars().all(is_plain)
}

pub(super) fn roles_of(kept: &str) -> Vec<StaffRole> {
    kept.split(' ').filter_map(StaffRole::of_code).collect()
}

fn kept(roles: &[StaffRole]) -> Result<String, StaffError> {
    let roles: std::collections::BTreeSet<_> = roles.iter().copied().collect();
    if roles.is_empty() {
        return Err(StaffError::NoRole);
    }
    let codes: Vec<_> = roles.into_iter().map(StaffRole::code).collect();
    Ok(codes.join(" "))
}

/// An account that may be made: everything but whether the login is free.
#[derive(Clone)]
pub(crate) struct Checked {
    id: String,
    login: String,
    name: String,
    roles: String,
    password: Hash,
}

/// Checks what can be checked without the database, and hashes the password. Blocks on that.
pub(crate) fn check(inner: &Inner, new: &NewStaff) -> Result<Checked, StaffError> {
    let login = login(&new.login);
    if !is_login(&login) {
        return Err(StaffError::BadLogin);
    }
    let name = new.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_visible = |c: char| !c.is_control() && text::is_visible(c);
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(is_visible) {
        return Err(StaffError::BadName);
    }
    let roles = kept(&new.roles)?;
    new.password.is_hard_to_guess(&login, &name)?;
    Ok(Checked {
        id: format!("staff-{}", random_id(&*inner.rng)),
        login,
        name,
        roles,
        password: new.password.hash(&*inner.rng)?,
    })
}

/// Makes an account.
pub(crate) fn add(tx: &Tx<'_>, checked: &Checked) -> Result<Result<(), StaffError>, StoreError> {
    let added = tx.sql().execute(
        "INSERT INTO staff (id, login, name, password, roles, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (login) DO NOTHING",
        params![
            checked.id,
            checked.login,
            checked.name,
            checked.password.as_str(),
            checked.roles,
            tx.now().as_millis()
        ],
    )?;
    Ok(match added {
        1 => Ok(()),
        _ => Err(StaffError::LoginTaken),
    })
}

/// All accounts, those in force first, by name.
pub(crate) fn list(sql: Sql<'_>) -> Result<Vec<StaffRow>, StoreError> {
    let text = "SELECT login, name, roles, added, ended FROM staff";
    let mut rows = sql.rows(text, &[], |row| {
        Ok(StaffRow {
            login: row.get(0)?,
            name: row.get(1)?,
            roles: roles_of(row.text(2)?),
            added: Timestamp::from_millis(row.get(3)?),
            ended: row.get::<Option<i64>>(4)?.map(Timestamp::from_millis),
        })
    })?;
    rows.sort_by_cached_key(|row| (row.ended.is_some(), text::name_sort_key(&row.name)));
    Ok(rows)
}

/// Whether anybody ever had an account: from then on the key of a run opens no desk.
pub(crate) fn are_there_any(sql: Sql<'_>) -> Result<bool, StoreError> {
    sql.exists("SELECT 1 FROM staff LIMIT 1", &[])
}

/// The name behind an id of the access log, also of an account that ended.
pub(crate) fn name_of(sql: Sql<'_>, id: &str) -> Result<Option<String>, StoreError> {
    let text = "SELECT name FROM staff WHERE id = ?1";
    sql.first(text, params![id], |row| row.get(0))
}

/// The row and the roles of an account in force.
fn in_force(sql: Sql<'_>, typed: &str) -> Result<Option<(i64, Vec<StaffRole>)>, StoreError> {
    sql.first(
        "SELECT pk, roles FROM staff WHERE login = ?1 AND ended IS NULL",
        params![login(typed)],
        |row| Ok((row.get(0)?, roles_of(row.text(1)?))),
    )
}

/// Whether somebody else could let others in.
fn has_other_administrator(sql: Sql<'_>, but: i64) -> Result<bool, StoreError> {
    let text = "SELECT roles FROM staff WHERE ended IS NULL AND pk <> ?1";
    let others = sql.rows(text, params![but], |row| Ok(roles_of(row.text(0)?)))?;
    Ok(others
        .iter()
        .any(|roles| roles.contains(&StaffRole::Administrator)))
}

/// Gives an account other roles. Its sessions have them with the next request.
pub(crate) fn set_roles(
    tx: &Tx<'_>,
    login: &str,
    roles: &[StaffRole],
) -> Result<Result<(), StaffError>, StoreError> {
    let Some((staff, before)) = in_force(tx.sql(), login)? else {
        return Ok(Err(StaffError::NoSuchStaff));
    };
    let kept = match kept(roles) {
        Ok(kept) => kept,
        Err(error) => return Ok(Err(error)),
    };
    let is_taken_away =
        before.contains(&StaffRole::Administrator) && !roles.contains(&StaffRole::Administrator);
    if is_taken_away && !has_other_administrator(tx.sql(), staff)? {
        return Ok(Err(StaffError::LastAdministrator));
    }
    let text = "UPDATE staff SET roles = ?2 WHERE pk = ?1";
    tx.sql().execute(text, params![staff, kept])?;
    Ok(Ok(()))
}

/// Ends an account and whatever is signed in with it.
pub(crate) fn end(tx: &Tx<'_>, login: &str) -> Result<Result<(), StaffError>, StoreError> {
    let Some((staff, roles)) = in_force(tx.sql(), login)? else {
        return Ok(Err(StaffError::NoSuchStaff));
    };
    if roles.contains(&StaffRole::Administrator) && !has_other_administrator(tx.sql(), staff)? {
        return Ok(Err(StaffError::LastAdministrator));
    }
    let text = "UPDATE staff SET ended = ?2 WHERE pk = ?1";
    tx.sql()
        .execute(text, params![staff, tx.now().as_millis()])?;
    super::session::end_all(tx.sql(), staff)?;
    Ok(Ok(()))
}

/// Checks a new password for a login. Blocks on hashing it.
pub(crate) fn check_password(
    inner: &Inner,
    typed: &str,
    password: &Password,
) -> Result<Hash, StaffError> {
    password.is_hard_to_guess(&login(typed), "")?;
    Ok(password.hash(&*inner.rng)?)
}

/// Gives an account another password. Whoever is signed in with the old one is no more, and who waits after too many attempts
/// may try at once.
pub(crate) fn set_password(
    tx: &Tx<'_>,
    inner: &Inner,
    login: &str,
    password: &Hash,
) -> Result<Result<(), StaffError>, StoreError> {
    let Some((staff, _)) = in_force(tx.sql(), login)? else {
        return Ok(Err(StaffError::NoSuchStaff));
    };
    let text = "UPDATE staff SET password = ?2 WHERE pk = ?1";
    tx.sql().execute(text, params![staff, password.as_str()])?;
    super::session::end_all(tx.sql(), staff)?;
    super::attempts::forget(tx.sql(), inner, login)?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_plain() {
        for good in ["hoa", "hoa.nt", "k2", "thu-ngan_1"] {
            assert!(
                is_login(&login(&format!(" {} ", good.to_uppercase()))),
                "{good}"
            );
        }
        for bad in [
            "",
            "h",
            "hòa",
            "1hoa",
            "hoa nt",
            "hoa@x",
            ".hoa",
            &"h".repeat(41),
        ] {
            assert!(!is_login(&login(bad)), "{bad}");
        }
    }

    #[test]
    fn roles_are_kept_in_one_order() {
        let roles = [StaffRole::Cashier, StaffRole::Reception, StaffRole::Cashier];
        assert_eq!(kept(&roles).unwrap(), "reception cashier");
        assert_eq!(
            roles_of("reception cashier"),
            [StaffRole::Reception, StaffRole::Cashier]
        );
        // A role of a later program opens nothing here.
        assert_eq!(roles_of("superuser doctor"), [StaffRole::Doctor]);
        assert_eq!(kept(&[]), Err(StaffError::NoRole));
    }
}
