//! What a clinic lets this phone do, and for whom.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;
use sokhoe_domain::{GrantScope, GrantScopes, Timestamp};
use zeroize::Zeroizing;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::ORDINARY;

/// What this phone may do for a person.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonAccess {
    /// The person's Patient id.
    pub patient: String,
    /// Opens a book that is kept under a lease: 32 bytes.
    pub lease_key: Zeroizing<Vec<u8>>,
    /// By which grant; unset for a phone of the person's own.
    pub grant: Option<GrantInForce>,
}

/// A grant as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantInForce {
    /// What may be done.
    pub scopes: GrantScopes,
    /// Until when.
    pub until: Option<Timestamp>,
    /// For how long the book may be shown without asking again, from when this was asked for.
    pub lease: Duration,
}

/// What a clinic says of everybody.
pub struct AccessAnswer {
    /// Those of whom the phone may do anything.
    pub access: Vec<PersonAccess>,
    /// Patients whom it may see no longer.
    pub ended: Vec<String>,
}

impl fmt::Debug for PersonAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonAccess")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AccessAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessAnswer")
            .field("access", &self.access.len())
            .field("ended", &self.ended.len())
            .finish()
    }
}

#[derive(Deserialize)]
struct Answer {
    access: Vec<TextOfAccess>,
    ended: Vec<String>,
}

/// As it is on the wire.
#[derive(Deserialize)]
pub(crate) struct TextOfAccess {
    patient: String,
    lease_key: String,
    grant: Option<TextOfGrant>,
}

#[derive(Deserialize)]
struct TextOfGrant {
    /// Those that this program knows are allowed.
    scopes: Vec<serde_json::Value>,
    until: Option<String>,
    lease_seconds: u64,
}

pub(crate) fn read(texts: Vec<TextOfAccess>) -> Result<Vec<PersonAccess>, ClientError> {
    let garbled = || ClientError::Garbled(GarbledAnswer::NotFhir);
    let read = |text: TextOfAccess| {
        let lease_key = Zeroizing::new(text.lease_key);
        let lease_key = URL_SAFE_NO_PAD.decode(lease_key.as_bytes()).ok()?;
        let grant = match text.grant {
            None => None,
            Some(grant) => Some(GrantInForce {
                scopes: grant
                    .scopes
                    .into_iter()
                    .filter_map(|scope| serde_json::from_value::<GrantScope>(scope).ok())
                    .collect(),
                until: match grant.until {
                    None => None,
                    Some(until) => Some(Timestamp::parse_fhir(&until)?),
                },
                lease: Duration::from_secs(grant.lease_seconds),
            }),
        };
        Some(PersonAccess {
            patient: text.patient,
            lease_key: Zeroizing::new(lease_key),
            grant,
        })
    };
    texts
        .into_iter()
        .map(|text| read(text).ok_or_else(garbled))
        .collect()
}

impl ClinicClient {
    /// What this phone may do for whom, and whom it may see no longer.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn access(&self) -> Result<AccessAnswer, ClientError> {
        let request = self
            .request(http::Method::GET, &self.url("access")?)?
            .body(Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        let body = Zeroizing::new(self.exchange(request, ORDINARY).await?);
        let answer: Answer = serde_json::from_str(&body)
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        Ok(AccessAnswer {
            access: read(answer.access)?,
            ended: answer.ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Vec<PersonAccess>, ClientError> {
        read(vec![serde_json::from_str(text).unwrap()])
    }

    #[test]
    fn what_this_program_does_not_know_is_not_allowed_and_what_it_cannot_read_is_no_answer() {
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let with = |scopes: &str, until: &str| {
            one(&format!(
                r#"{{"patient":"p","lease_key":"{key}","grant":{{"scopes":{scopes},"until":{until},"lease_seconds":9}}}}"#
            ))
        };
        let granted = with(r#"["book","fly"]"#, r#""2026-12-01T00:00:00+07:00""#).unwrap();
        let grant = granted[0].grant.clone().unwrap();
        assert_eq!(grant.scopes, GrantScopes::of(&[GrantScope::Book]));
        assert_eq!(grant.lease, Duration::from_secs(9));
        assert!(grant.until.is_some());
        assert!(with("[]", r#""soon""#).is_err());
        let own = one(&format!(r#"{{"patient":"p","lease_key":"{key}"}}"#)).unwrap();
        assert_eq!(own[0].grant, None);
        assert_eq!(own[0].lease_key.len(), 32);
        assert!(one(r#"{"patient":"p","lease_key":"?"}"#).is_err());
    }
}
