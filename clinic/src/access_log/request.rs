//! What a request of a phone, or of a system of the clinic's own, leaves in the log.

use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScopes, Timestamp};

use super::{Draft, Who};
use crate::access::Access;
use crate::backend_services::Doing;
use crate::store::{Sql, StoreError, params};

/// What a phone asks, but for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub access: &'a Access,
    pub operation: AccessOperation,
    pub action: AccessAction,
    pub kind: &'a str,
    pub id: Option<&'a str>,
}

impl Asked<'_> {
    /// The entry of a person.
    pub fn draft(&self, patient: &str, outcome: AccessOutcome, at: Timestamp) -> Draft {
        Draft {
            patient: patient.to_owned(),
            at,
            operation: self.operation,
            action: self.action,
            kind: self.kind.to_owned(),
            id: self.id.map(str::to_owned),
            outcome,
            who: match self.access.system() {
                Some(system) => Who::System(system.client),
                None => Who::Session(self.access.session()),
            },
        }
    }

    /// The entry of a person of whom something was given.
    pub fn given(&self, patient: &str) -> Draft {
        self.draft(patient, AccessOutcome::Done, self.access.clock_now())
    }

    /// Whether whoever asks may do it for the person, whom these scopes open to a phone.
    pub fn may(
        &self,
        sql: Sql<'_>,
        patient: &str,
        scopes: GrantScopes,
    ) -> Result<bool, StoreError> {
        let Some(system) = self.access.system() else {
            return Ok(self.access.scopes(sql, patient)?.meets(scopes));
        };
        let doing = match self.operation {
            AccessOperation::Search => Doing::Search,
            _ => Doing::Read,
        };
        Ok(system.scopes.open(self.kind, doing))
    }

    /// The entries of a resource, whosever it is, that these scopes open and that was given or not. Nothing where it is
    /// nobody's, or not there.
    pub fn of_resource(
        &self,
        sql: Sql<'_>,
        scopes: GrantScopes,
        was_given: bool,
    ) -> Result<Vec<Draft>, StoreError> {
        let owners = owners(sql, self.kind, self.id.unwrap_or_default())?;
        let at = self.access.clock_now();
        let mut drafts = Vec::new();
        for owner in owners {
            let may = self.may(sql, &owner, scopes)?;
            let outcome = match (may, was_given) {
                (true, true) => AccessOutcome::Done,
                (true, false) => AccessOutcome::Refused,
                // One of several whose it is, and this one's phone is another.
                (false, true) => continue,
                (false, false) => AccessOutcome::Denied,
            };
            drafts.push(self.draft(&owner, outcome, at));
        }
        Ok(drafts)
    }

    /// The entry of a person for whom something was asked that these scopes open. Nothing where there is no such person.
    pub fn of_person(
        &self,
        sql: Sql<'_>,
        patient: &str,
        scopes: GrantScopes,
    ) -> Result<Option<Draft>, StoreError> {
        let at = self.access.clock_now();
        if self.may(sql, patient, scopes)? {
            return Ok(Some(self.draft(patient, AccessOutcome::Done, at)));
        }
        let denied = is_patient(sql, patient)?;
        Ok(denied.then(|| self.draft(patient, AccessOutcome::Denied, at)))
    }
}

/// Whether the clinic knows a person by this id.
pub(crate) fn is_patient(sql: Sql<'_>, id: &str) -> Result<bool, StoreError> {
    sql.exists(
        "SELECT 1 FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
        params![id],
    )
}

/// Whose a resource is, whoever may see it. A Binary is of those whose resources refer to it.
pub(crate) fn owners(sql: Sql<'_>, kind: &str, id: &str) -> Result<Vec<String>, StoreError> {
    let text = match kind {
        "Binary" => {
            "SELECT DISTINCT r.patient FROM binary_reference b
             JOIN resource r ON r.type = b.type AND r.id = b.id
             WHERE b.\"binary\" = ?1 AND r.patient IS NOT NULL AND r.json IS NOT NULL
               AND CAST(?2 AS TEXT) IS NOT NULL"
        }
        _ => {
            "SELECT patient FROM resource
             WHERE id = ?1 AND type = ?2 AND patient IS NOT NULL AND json IS NOT NULL"
        }
    };
    sql.rows(text, params![id, kind], |row| row.get(0))
}
