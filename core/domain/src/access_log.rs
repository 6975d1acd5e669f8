//! What a clinic's access log says: who did what with a person's record. Clinic and phone share these words; how an entry is
//! written is in `sokhoe_fhir::access_log`.

use std::fmt;

use crate::Timestamp;
use crate::staff::{AccessReason, StaffRole};

/// What somebody did, as the person reads it. The code is in the log for ever: never another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessOperation {
    /// Read one resource.
    Read,
    /// Searched a type.
    Search,
    /// Fetched what is new in the whole record.
    Changes,
    /// Follows the record while the app is open.
    Live,
    /// Looked for free times for the person.
    Find,
    /// Asked where a visit by video is.
    Join,
    /// Fetched a ticket.
    Ticket,
    /// Asked how the person stands in the queue.
    Queue,
    /// Held a time.
    Hold,
    /// Booked, moved or called off.
    Book,
    /// Put the person on the waiting list.
    Wait,
    /// Asked for how long a phone may show the book.
    Lease,
    /// Wrote what the person says of themselves.
    Write,
    /// Brought a phone in.
    Enrol,
    /// Made a code that brings a phone in.
    Invite,
    /// Ended somebody's access.
    End,
    /// Had the person in a list on a screen of the clinic's.
    List,
    /// Changed the record at the clinic.
    Record,
    /// Looked into this very log.
    Log,
    /// Gave the record to somebody else, as the person asked.
    Disclose,
    /// Opened the person's page on a screen of the clinic's.
    Open,
}

impl AccessOperation {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Read,
        Self::Search,
        Self::Changes,
        Self::Live,
        Self::Find,
        Self::Join,
        Self::Ticket,
        Self::Queue,
        Self::Hold,
        Self::Book,
        Self::Wait,
        Self::Lease,
        Self::Write,
        Self::Enrol,
        Self::Invite,
        Self::End,
        Self::List,
        Self::Record,
        Self::Log,
        Self::Disclose,
        Self::Open,
    ];

    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Changes => "changes",
            Self::Live => "live",
            Self::Find => "find",
            Self::Join => "join",
            Self::Ticket => "ticket",
            Self::Queue => "queue",
            Self::Hold => "hold",
            Self::Book => "book",
            Self::Wait => "wait",
            Self::Lease => "lease",
            Self::Write => "write",
            Self::Enrol => "enrol",
            Self::Invite => "invite",
            Self::End => "end",
            Self::List => "list",
            Self::Record => "record",
            Self::Log => "log",
            Self::Disclose => "disclose",
            Self::Open => "open",
        }
    }

    /// The operation of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What it did to the record (FHIR R4, `AuditEvent.action`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessAction {
    /// `C`
    Create,
    /// `R`
    Read,
    /// `U`
    Update,
    /// `D`
    Delete,
    /// `E`: a query.
    Execute,
}

impl AccessAction {
    const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Execute,
    ];

    /// FHIR's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Execute => "E",
        }
    }

    /// The action of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessOutcome {
    /// It was done.
    Done,
    /// Whoever asked may, and it could not be done: a time was taken, or there is no such thing.
    Refused,
    /// Whoever asked may not.
    Denied,
}

impl AccessOutcome {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Denied => "denied",
        }
    }

    /// The outcome of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Done, Self::Refused, Self::Denied]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// Who did it. The log has no names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccessAgent {
    /// A phone, by the digest of its device id: it knows itself by it, and nobody else can tell the id.
    Phone(String),
    /// The clinic's counter or cashier, where nobody signed in.
    Desk,
    /// A member of staff, by their id, and what they did it as.
    Staff(String, StaffRole),
    /// A kiosk of the clinic's.
    Kiosk,
    /// Data that came in from the clinic's other systems.
    Import,
    /// One of these systems, by its client id: what it read itself.
    System(String),
    /// The clinic's command line.
    CommandLine,
    /// The clinic's server by itself: a day that ended, an offer of the waiting list.
    Server,
}

impl AccessAgent {
    /// The code.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Phone(digest) => format!("phone:{digest}"),
            Self::Desk => "desk".to_owned(),
            Self::Staff(id, role) => format!("{}:{id}", role.code()),
            Self::Kiosk => "kiosk".to_owned(),
            Self::Import => "import".to_owned(),
            Self::System(id) => format!("system:{id}"),
            Self::CommandLine => "command-line".to_owned(),
            Self::Server => "server".to_owned(),
        }
    }

    /// The agent of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "desk" => Self::Desk,
            "kiosk" => Self::Kiosk,
            "import" => Self::Import,
            "command-line" => Self::CommandLine,
            "server" => Self::Server,
            other => {
                let (kind, id) = other.split_once(':')?;
                match kind {
                    "phone" => Self::Phone(id.to_owned()),
                    "system" => Self::System(id.to_owned()),
                    role => Self::Staff(id.to_owned(), StaffRole::of_code(role)?),
                }
            }
        })
    }
}

/// An entry of a clinic's access log.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessEntry {
    /// Random: so that the hash of an entry tells nothing about it.
    pub salt: String,
    /// The Patient's id.
    pub patient: String,
    /// Counted for each person from 1, without a gap.
    pub number: u64,
    /// When, by the clinic's clock.
    pub at: Timestamp,
    /// What it was.
    pub operation: AccessOperation,
    /// What it did to the record.
    pub action: AccessAction,
    /// The type of resource.
    pub kind: String,
    /// The resource's id, where it was one.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: AccessOutcome,
    /// Who did it.
    pub agent: AccessAgent,
    /// The Consent under which a helper acted; unset for a person's own phones and for the clinic.
    pub consent: Option<String>,
    /// Why it was, where whoever did it had to say.
    pub reason: Option<AccessReason>,
}

/// Whose it is, and what they did, is not for logs of ours.
impl fmt::Debug for AccessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessEntry")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back() {
        for operation in AccessOperation::ALL {
            assert_eq!(AccessOperation::of_code(operation.code()), Some(operation));
        }
        for action in AccessAction::ALL {
            assert_eq!(AccessAction::of_code(action.code()), Some(action));
        }
        for agent in [
            AccessAgent::Phone("00ff".to_owned()),
            AccessAgent::Desk,
            AccessAgent::Staff("staff-00ff".to_owned(), StaffRole::Cashier),
            AccessAgent::Kiosk,
            AccessAgent::Import,
            AccessAgent::System("system-00ff".to_owned()),
            AccessAgent::CommandLine,
            AccessAgent::Server,
        ] {
            assert_eq!(AccessAgent::of_code(&agent.code()), Some(agent));
        }
        assert_eq!(AccessAgent::of_code("doctor"), None);
        assert_eq!(AccessAgent::of_code("nurse:staff-00ff"), None);
        assert_eq!(AccessOutcome::of_code("done"), Some(AccessOutcome::Done));
    }
}
