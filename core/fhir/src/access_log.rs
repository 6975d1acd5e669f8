//! Entries of a clinic's access log: the bytes that the log's tree is over, and the AuditEvents that carry them.
//!
//! An entry is a JSON array, `[1,salt,number,milliseconds,patient,action,operation,type,id,outcome,agent,consent]`, without
//! spaces; `id` and `consent` may be null. Where whoever did it had to say why, the reason's code follows, and the first number
//! is 2. One entry has one text: what does not come out again as it was read is refused, so that nothing can hide in how something
//! is written. A later program appends members under another first number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sokhoe_domain::merkle::Hash;
use sokhoe_domain::{
    AccessAction, AccessAgent, AccessEntry, AccessOperation, AccessOutcome, AccessReason, Timestamp,
};

use crate::FhirError;
use crate::bundle::SearchPage;
use crate::json::{Document, Node, push_string};
use crate::read;

/// The extension of an AuditEvent that proves it: parts `entry`, `index` and `proof`.
pub const ENTRY: &str = "https://sokhoe.vn/fhir/StructureDefinition/access-log-entry";

/// The first member of an entry that gives no reason.
const WITHOUT_REASON: u64 = 1;
/// The first member of one that does.
const WITH_REASON: u64 = 2;
/// Longer entries are not believed.
const LONGEST: usize = 1_024;
/// No tree is higher.
const HIGHEST: usize = 64;

/// The bytes of an entry.
#[must_use]
pub fn to_text(entry: &AccessEntry) -> String {
    let version = version(entry);
    let mut out = format!("[{version},");
    push_string(&mut out, &entry.salt);
    out.push_str(&format!(",{},{},", entry.number, entry.at.as_millis()));
    for text in [
        Some(&*entry.patient),
        Some(entry.action.code()),
        Some(entry.operation.code()),
        Some(&*entry.kind),
        entry.id.as_deref(),
        Some(entry.outcome.code()),
        Some(&*entry.agent.code()),
        entry.consent.as_deref(),
    ] {
        match text {
            Some(text) => push_string(&mut out, text),
            None => out.push_str("null"),
        }
        out.push(',');
    }
    match entry.reason {
        Some(reason) => push_string(&mut out, reason.code()),
        None => {
            out.pop();
        }
    }
    out.push(']');
    out
}

const fn version(entry: &AccessEntry) -> u64 {
    match entry.reason {
        Some(_) => WITH_REASON,
        None => WITHOUT_REASON,
    }
}

/// Reads the bytes of an entry.
///
/// # Errors
/// When they are not one, or not written as [`to_text`] writes it.
pub fn from_text(text: &str) -> Result<AccessEntry, FhirError> {
    const BAD: FhirError = FhirError::Unexpected {
        expected: "an entry of an access log",
    };
    if text.len() > LONGEST {
        return Err(BAD);
    }
    // A document is an object.
    let document = format!(r#"{{"entry":{text}}}"#);
    let document = Document::parse(&document)?;
    let members: Vec<Node<'_>> = document.root().get("entry").items().collect();
    let [
        _version,
        salt,
        number,
        at,
        patient,
        action,
        operation,
        kind,
        id,
        outcome,
        agent,
        consent,
        ref more @ ..,
    ] = members[..]
    else {
        return Err(BAD);
    };
    let text_of = |node: Node<'_>| node.text().map(|text| text.into_owned());
    let reason = match more {
        [] => None,
        [reason] => Some(
            reason
                .text()
                .and_then(|code| AccessReason::of_code(&code))
                .ok_or(BAD)?,
        ),
        _ => return Err(BAD),
    };
    let read = || {
        Some(AccessEntry {
            salt: text_of(salt)?,
            number: number.u64()?,
            at: Timestamp::from_millis(at.number()?.parse().ok()?),
            patient: text_of(patient)?,
            action: AccessAction::of_code(&action.text()?)?,
            operation: AccessOperation::of_code(&operation.text()?)?,
            kind: text_of(kind)?,
            id: text_of(id),
            outcome: AccessOutcome::of_code(&outcome.text()?)?,
            agent: AccessAgent::of_code(&agent.text()?)?,
            consent: text_of(consent),
            reason,
        })
    };
    read().filter(|entry| to_text(entry) == text).ok_or(BAD)
}

/// An AuditEvent with what proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProvedEntry {
    /// The bytes of the entry.
    pub text: String,
    /// Its place in the log, from 0.
    pub index: u64,
    /// `PATH(index, D[size])` for the head that came along.
    pub proof: Vec<Hash>,
    /// Who did it by name, as the clinic says it; no part of what is proved.
    pub name: Option<String>,
}

/// Whose it is, and what they did, is not for logs of ours.
impl std::fmt::Debug for ProvedEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvedEntry").finish_non_exhaustive()
    }
}

/// A person's entries, the newest first, and the head that they are proved under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessLogPage {
    /// The signed checkpoint; unset where there are no entries.
    pub checkpoint: Option<String>,
    /// The entries.
    pub entries: Vec<ProvedEntry>,
}

impl AccessLogPage {
    /// Reads the Bundle of a search of AuditEvents.
    ///
    /// # Errors
    /// When it is not one, or an AuditEvent in it says nothing that could be proved.
    pub fn parse(body: &str) -> Result<Self, FhirError> {
        let page = SearchPage::parse(body)?;
        let checkpoint = page
            .of_kind("Parameters")
            .next()
            .map(checkpoint_of)
            .transpose()?;
        let entries = page
            .of_kind("AuditEvent")
            .map(proved_entry)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            checkpoint,
            entries,
        })
    }
}

/// A head, and what proves that the log was only appended to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessLogHead {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// `PROOF(from, D[size])`; empty where nothing is to be proved.
    pub consistency: Vec<Hash>,
}

impl AccessLogHead {
    /// Reads the Parameters of `/access-log/head`.
    ///
    /// # Errors
    /// When they are not that.
    pub fn parse(body: &str) -> Result<Self, FhirError> {
        let checkpoint = checkpoint_of(body)?;
        let document = read::resource(body, "Parameters")?;
        let proof = part(document.root().get("parameter"), "consistency");
        let consistency = match proof.and_then(|it| it.str("valueBase64Binary")) {
            Some(text) => hashes(&text)?,
            None => Vec::new(),
        };
        Ok(Self {
            checkpoint,
            consistency,
        })
    }
}

/// The one of a list that has this name.
fn part<'d>(list: Node<'d>, name: &str) -> Option<Node<'d>> {
    list.items().find(|one| one.get("name").is_text(name))
}

fn checkpoint_of(parameters: &str) -> Result<String, FhirError> {
    let document = read::resource(parameters, "Parameters")?;
    part(document.root().get("parameter"), "checkpoint")
        .and_then(|it| it.str("valueString").map(|text| text.into_owned()))
        .ok_or(FhirError::Unexpected {
            expected: "a checkpoint",
        })
}

fn proved_entry(json: &str) -> Result<ProvedEntry, FhirError> {
    const BAD: FhirError = FhirError::Unexpected {
        expected: "an entry with its proof",
    };
    let document = read::resource(json, "AuditEvent")?;
    let root = document.root();
    let extension = root
        .get("extension")
        .items()
        .find(|one| one.get("url").is_text(ENTRY))
        .ok_or(BAD)?;
    let value = |url: &str, member: &str| {
        extension
            .get("extension")
            .items()
            .find(|one| one.get("url").is_text(url))
            .map(|one| one.get(member))
    };
    let text = value("entry", "valueString").and_then(Node::text);
    let index = value("index", "valueUnsignedInt").and_then(Node::u64);
    let proof = value("proof", "valueBase64Binary").and_then(Node::text);
    let name = root
        .get("agent")
        .items()
        .find(|agent| agent.get("requestor").bool() == Some(true))
        .and_then(|agent| agent.str("name").map(|name| name.into_owned()));
    Ok(ProvedEntry {
        text: text.ok_or(BAD)?.into_owned(),
        index: index.ok_or(BAD)?,
        proof: match proof {
            Some(proof) => hashes(&proof)?,
            None => Vec::new(),
        },
        name,
    })
}

/// Hashes one after the other.
fn hashes(text: &str) -> Result<Vec<Hash>, FhirError> {
    const BAD: FhirError = FhirError::Unexpected {
        expected: "hashes of SHA-256",
    };
    if text.len() > HIGHEST * 2 * 44 {
        return Err(BAD);
    }
    let bytes = STANDARD.decode(text).map_err(|_| BAD)?;
    let (whole, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(BAD);
    }
    Ok(whole.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use sokhoe_domain::StaffRole;

    use super::*;

    fn entry() -> AccessEntry {
        AccessEntry {
            salt: "c2FsdHNhbHRzYWx0c2FsdA".to_owned(),
            patient: "bn-000001".to_owned(),
            number: 7,
            at: Timestamp::from_millis(1_795_000_000_000),
            operation: AccessOperation::Read,
            action: AccessAction::Read,
            kind: "Observation".to_owned(),
            id: Some("o-1".to_owned()),
            outcome: AccessOutcome::Done,
            agent: AccessAgent::Phone("00ff00ff00ff00ff".to_owned()),
            consent: None,
            reason: None,
        }
    }

    #[test]
    fn an_entry_is_small_and_comes_back() {
        let text = to_text(&entry());
        assert_eq!(
            text,
            r#"[1,"c2FsdHNhbHRzYWx0c2FsdA",7,1795000000000,"bn-000001","R","read","Observation","o-1","done","phone:00ff00ff00ff00ff",null]"#
        );
        assert!(text.len() <= 150);
        assert_eq!(from_text(&text), Ok(entry()));
    }

    #[test]
    fn why_it_was_is_proved_too() {
        let opened = AccessEntry {
            operation: AccessOperation::Open,
            agent: AccessAgent::Staff("staff-00ff".to_owned(), StaffRole::Doctor),
            reason: Some(AccessReason::Emergency),
            ..entry()
        };
        let text = to_text(&opened);
        assert!(text.starts_with("[2,"), "{text}");
        assert!(
            text.ends_with(r#","doctor:staff-00ff",null,"emergency"]"#),
            "{text}"
        );
        assert_eq!(from_text(&text), Ok(opened));
        for other in [
            text.replace("[2,", "[1,"),
            text.replace("\"emergency\"", "null"),
            text.replace("\"emergency\"", "\"boredom\""),
            text.replace(",\"emergency\"", ""),
            text.replace("\"emergency\"", "\"emergency\",\"visit\""),
        ] {
            assert!(from_text(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn nothing_hides_in_how_an_entry_is_written() {
        let text = to_text(&entry());
        for other in [
            text.replace(',', ", "),
            text.replace("\"o-1\"", r#""\u006f-1""#),
            text.replace("[1,", "[2,"),
            text.replace(",null]", ",null,null]"),
            text.replace("\"done\"", "\"well\""),
            text.replace(",7,", ",7.0,"),
            "[]".to_owned(),
            "{}".to_owned(),
            String::new(),
            format!("[1,\"{}\"]", "x".repeat(LONGEST)),
        ] {
            assert!(from_text(&other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(text in "\\[1,\"[a-z]{0,3}\",[0-9]{1,3},-?[0-9]{1,3},\"p\",\"[CRUDE]\",\"(read|log)\",\"T\",(null|\"i\"),\"done\",\"(desk|phone:a|x)\",(null|\"c\")\\]") {
            if let Ok(entry) = from_text(&text) {
                prop_assert_eq!(to_text(&entry), text);
            }
        }

        #[test]
        fn noise_is_an_error(body in ".{0,200}") {
            prop_assert!(AccessLogPage::parse(&body).is_err());
            prop_assert!(AccessLogHead::parse(&body).is_err());
            let _either = from_text(&body);
        }
    }
}
