//! Entries to come: what an entry will say, but for its number, its salt and under which grant it was.

use serde::{Deserialize, Serialize};
use sokhoe_domain::{
    AccessAction, AccessOperation, AccessOutcome, AccessReason, StaffRole, Timestamp,
};

use crate::store::{Sql, StoreError, params};

/// Who does it, as it is kept until the entry is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Who {
    /// A phone, by its session.
    #[serde(rename = "s")]
    Session(i64),
    /// The counter or the cashier, where nobody signed in.
    #[serde(rename = "d")]
    Desk,
    /// Somebody who works here.
    #[serde(rename = "p")]
    Staff(ActingStaff),
    /// A kiosk.
    #[serde(rename = "k")]
    Kiosk,
    /// An import.
    #[serde(rename = "i")]
    Import,
    /// A system of the clinic's own, by its row.
    #[serde(rename = "y")]
    System(i64),
    /// The command line.
    #[serde(rename = "c")]
    CommandLine,
    /// The server by itself.
    #[serde(rename = "o")]
    Server,
    /// A phone that has no session.
    #[serde(rename = "u")]
    Unknown,
}

/// A member of staff, by their row, what they do it as, and why, where they had to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "KeptStaff", try_from = "KeptStaff")]
pub(crate) struct ActingStaff {
    pub staff: i64,
    pub role: StaffRole,
    pub reason: Option<AccessReason>,
}

#[derive(Serialize, Deserialize)]
struct KeptStaff(i64, String, Option<String>);

impl From<ActingStaff> for KeptStaff {
    fn from(acting: ActingStaff) -> Self {
        let reason = acting.reason.map(|reason| reason.code().to_owned());
        Self(acting.staff, acting.role.code().to_owned(), reason)
    }
}

impl TryFrom<KeptStaff> for ActingStaff {
    type Error = StoreError;

    fn try_from(KeptStaff(staff, role, reason): KeptStaff) -> Result<Self, StoreError> {
        let reason = reason.map(|code| AccessReason::of_code(&code).ok_or(StoreError::Unexpected));
        Ok(Self {
            staff,
            role: StaffRole::of_code(&role).ok_or(StoreError::Unexpected)?,
            reason: reason.transpose()?,
        })
    }
}

impl Who {
    /// Why, where whoever it is had to say.
    pub fn reason(&self) -> Option<AccessReason> {
        match self {
            Self::Staff(acting) => acting.reason,
            _ => None,
        }
    }
}

/// An entry to come.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub patient: String,
    pub at: Timestamp,
    pub operation: AccessOperation,
    pub action: AccessAction,
    pub kind: String,
    pub id: Option<String>,
    pub outcome: AccessOutcome,
    pub who: Who,
}

/// Whose it is is not for logs of ours.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("operation", &self.operation)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// A draft as it is kept: patient, time, operation, action, type, id, outcome, who.
type Kept<T> = (T, i64, T, T, T, Option<T>, T, Who);

impl Draft {
    fn kept(&self) -> Kept<&str> {
        (
            &self.patient,
            self.at.as_millis(),
            self.operation.code(),
            self.action.code(),
            &self.kind,
            self.id.as_deref(),
            self.outcome.code(),
            self.who,
        )
    }

    fn read(kept: Kept<String>) -> Option<Self> {
        let (patient, at, operation, action, kind, id, outcome, who) = kept;
        Some(Self {
            patient,
            at: Timestamp::from_millis(at),
            operation: AccessOperation::of_code(&operation)?,
            action: AccessAction::of_code(&action)?,
            kind,
            id,
            outcome: AccessOutcome::of_code(&outcome)?,
            who,
        })
    }
}

/// Keeps entries to come, in the transaction that is open.
pub(crate) fn keep<'d>(
    sql: Sql<'_>,
    drafts: impl IntoIterator<Item = &'d Draft>,
) -> Result<(), StoreError> {
    let kept: Vec<_> = drafts.into_iter().map(Draft::kept).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_string(&kept).map_err(|_| StoreError::Unexpected)?;
    sql.execute(
        "INSERT INTO access_log_pending (drafts) VALUES (?1)",
        params![text],
    )?;
    Ok(())
}

/// Those of one row.
pub(super) fn read(text: &str) -> Result<Vec<Draft>, StoreError> {
    let kept: Vec<Kept<String>> = serde_json::from_str(text).map_err(|_| StoreError::Unexpected)?;
    kept.into_iter()
        .map(|kept| Draft::read(kept).ok_or(StoreError::Unexpected))
        .collect()
}

#[cfg(test)]
impl Draft {
    /// Somebody reads something.
    pub fn of_a_read(who: Who) -> Self {
        Self {
            patient: "bn-000001".to_owned(),
            at: Timestamp::from_millis(7),
            operation: AccessOperation::Read,
            action: AccessAction::Read,
            kind: "Observation".to_owned(),
            id: None,
            outcome: AccessOutcome::Denied,
            who,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let database = crate::store::InMemory::new();
        let drafts = [
            Who::Session(3),
            Who::Desk,
            Who::Kiosk,
            Who::Staff(ActingStaff {
                staff: 4,
                role: StaffRole::Doctor,
                reason: Some(AccessReason::Emergency),
            }),
            Who::Import,
            Who::System(2),
            Who::CommandLine,
            Who::Server,
        ]
        .map(Draft::of_a_read);
        keep(database.sql(), &drafts).unwrap();
        keep(database.sql(), []).unwrap();
        let kept: Vec<String> = database
            .sql()
            .rows("SELECT drafts FROM access_log_pending", &[], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(read(&kept[0]).unwrap(), drafts);
        assert!(!format!("{:?}", drafts[0]).contains("bn-000001"));
    }
}
