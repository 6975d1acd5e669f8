//! A grant as a Consent (FHIR R4): who may do what for whom, for how long, by whose word, and what they were shown.
//!
//! Written by whoever makes the grant, the clinic or a person's phone, and read strictly by the clinic: a text that says
//! anything else than what is written here is no grant.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{GrantScope, GrantScopes, Timestamp};

use crate::FhirError;
use crate::json::{Node, Object};
use crate::merge::says_nothing_else;
use crate::read;

/// What a grant allows, as codes of [`GrantScope`].
const SCOPES: &str = "https://sokhoe.vn/fhir/CodeSystem/grant-scope";
/// The SHA-256 of the code by which a helper's phone comes in, in base64.
const INVITATION: &str = "https://sokhoe.vn/fhir/NamingSystem/invitation";
/// The SHA-256 of the words that were shown: FHIR's Attachment has SHA-1, which no longer proves anything.
const SHOWN_HASH: &str = "https://sokhoe.vn/fhir/StructureDefinition/sha-256";
const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
/// Characters of a name at most.
const LONGEST_NAME: usize = 200;
const LAW: &str = "Luật 91/2025/QH15";

/// Who decided that a helper may help.
#[derive(Clone, PartialEq, Eq)]
pub enum Giver {
    /// The person themselves.
    Person,
    /// Whoever decides for them by law.
    Guardian {
        /// A child's parent, a guardian: their name.
        name: String,
        /// Whether a child from seven on was asked and agrees.
        child_agrees: bool,
    },
}

impl Giver {
    /// The guardian of this name where there is one, else the person.
    #[must_use]
    pub fn of(guardian: Option<&str>, child_agrees: bool) -> Self {
        match guardian {
            None => Self::Person,
            Some(name) => Self::Guardian {
                name: name.trim().to_owned(),
                child_agrees,
            },
        }
    }

    /// Where a guardian decides: whether a child from seven on was asked and agrees.
    #[must_use]
    pub fn guardian(&self) -> Option<bool> {
        match self {
            Self::Person => None,
            Self::Guardian { child_agrees, .. } => Some(*child_agrees),
        }
    }

    /// Whether it says who.
    #[must_use]
    pub fn is_named(&self) -> bool {
        match self {
            Self::Person => true,
            Self::Guardian { name, .. } => is_name(name),
        }
    }
}

/// Whether this can be a name: not empty, at most 200 characters.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME
}

/// What the giver was shown before they said yes: the evidence that Law 91/2025/QH15 asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// The words.
    pub text: String,
    /// Their language, as BCP 47 says it (`vi`).
    pub language: String,
    /// Which version of the words it was.
    pub version: String,
}

/// A grant.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The Consent's id.
    pub id: String,
    /// The Patient's id.
    pub patient: String,
    /// The helper's name.
    pub helper: String,
    /// What the helper may do.
    pub scopes: GrantScopes,
    /// When it was given.
    pub given: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who gave it.
    pub giver: Giver,
    /// What they were shown.
    pub shown: Shown,
    /// The SHA-256 of the text shown.
    pub shown_hash: [u8; 32],
    /// The SHA-256 of the code by which the helper's phone comes in, where the person's phone made it.
    pub invitation_hash: Option<[u8; 32]>,
    /// Whether it was not taken back.
    pub active: bool,
}

/// Names are not for logs.
impl fmt::Debug for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "Person",
            Self::Guardian { .. } => "Guardian",
        })
    }
}

/// The words have names in them.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown")
            .field("language", &self.language)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("until", &self.until)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

const fn code_of(scope: GrantScope) -> &'static str {
    match scope {
        GrantScope::Book => "book",
        GrantScope::SeeSummary => "see-summary",
        GrantScope::SeeEverything => "see-everything",
        GrantScope::Pay => "pay",
    }
}

fn concept(system: &str, code: &str) -> Object {
    let coding = Object::new().text("system", system).text("code", code);
    Object::new().list("coding", [coding])
}

fn named(name: &str) -> Object {
    Object::new().text("display", name)
}

impl Grant {
    /// As a Consent.
    #[must_use]
    pub fn to_json(&self) -> String {
        let patient = format!("Patient/{}", self.patient);
        let person = || Object::new().text("reference", &patient);
        let performers = match &self.giver {
            Giver::Person => vec![person()],
            Giver::Guardian { name, child_agrees } => {
                let child = child_agrees.then(person);
                std::iter::once(named(name)).chain(child).collect()
            }
        };
        let invitation = self.invitation_hash.map(|hash| {
            Object::new()
                .text("system", INVITATION)
                .text("value", &STANDARD.encode(hash))
        });
        let shown_hash = Object::new()
            .text("url", SHOWN_HASH)
            .text("valueBase64Binary", &STANDARD.encode(self.shown_hash));
        let shown = Object::new()
            .list("extension", [shown_hash])
            .text("contentType", "text/plain; charset=utf-8")
            .text("language", &self.shown.language)
            .text("data", &STANDARD.encode(self.shown.text.as_bytes()))
            .text("title", &self.shown.version)
            .text("creation", &self.given.to_fhir());
        let period = Object::new()
            .text("start", &self.given.to_fhir())
            .text("end", &self.until.to_fhir());
        let actor = Object::new()
            .object("role", concept(ROLE_CODE, "DELEGATEE"))
            .object("reference", named(&self.helper));
        let actions = self
            .scopes
            .iter()
            .map(|scope| concept(SCOPES, code_of(scope)));
        let provision = Object::new()
            .text("type", "permit")
            .object("period", period)
            .list("actor", [actor])
            .list("action", actions);
        let status = if self.active { "active" } else { "inactive" };
        Object::resource("Consent")
            .text("id", &self.id)
            .list("identifier", invitation)
            .text("status", status)
            .object("scope", concept(CONSENT_SCOPE, "patient-privacy"))
            .list("category", [concept(ACT_CODE, "INFA")])
            .object("patient", person())
            .text("dateTime", &self.given.to_fhir())
            .list("performer", performers)
            .object("sourceAttachment", shown)
            .object("policyRule", Object::new().text("text", LAW))
            .object("provision", provision)
            .finish()
    }

    /// Reads a Consent that is a grant and nothing else.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Consent")?;
        let root = document.root();
        let grant = read_grant(root).ok_or(FhirError::Unexpected {
            expected: "a grant",
        })?;
        if says_nothing_else(root, &grant.to_json())? {
            Ok(grant)
        } else {
            Err(FhirError::Unexpected {
                expected: "nothing but a grant",
            })
        }
    }
}

fn read_grant(root: Node<'_>) -> Option<Grant> {
    let text = |node: Node<'_>, key: &str| node.str(key).map(|text| text.into_owned());
    let at = |node: Node<'_>| Timestamp::parse_fhir(&node.text()?);
    let hash = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
    let id = text(root, "id").filter(|id| is_fhir_id(id))?;
    let patient = read::key(root.get("patient"))
        .filter(|key| key.kind == "Patient")?
        .id;
    let performers = root.get("performer");
    let giver = match text(performers.first(), "display") {
        None => Giver::Person,
        Some(name) => Giver::Guardian {
            name,
            child_agrees: performers.items().nth(1).is_some(),
        },
    };
    let source = root.get("sourceAttachment");
    let shown = STANDARD.decode(&*source.str("data")?).ok()?;
    let invitation = root.get("identifier").first();
    let provision = root.get("provision");
    let mut scopes = Vec::new();
    for action in provision.get("action").items() {
        let code = action.get("coding").first().str("code")?;
        let is_it = |scope: &GrantScope| code_of(*scope) == code;
        scopes.push(GrantScope::ALL.into_iter().find(is_it)?);
    }
    Some(Grant {
        id,
        patient,
        helper: text(provision.get("actor").first().get("reference"), "display")?,
        scopes: scopes.into_iter().collect(),
        given: at(root.get("dateTime"))?,
        until: at(provision.get("period").get("end"))?,
        giver,
        shown: Shown {
            text: String::from_utf8(shown).ok()?,
            language: text(source, "language")?,
            version: text(source, "title")?,
        },
        shown_hash: hash(&source.get("extension").first().str("valueBase64Binary")?)?,
        invitation_hash: match invitation.exists() {
            true => Some(hash(&invitation.str("value")?)?),
            false => None,
        },
        active: root.get("status").is_text("active"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(giver: Giver) -> Grant {
        let at = |text| Timestamp::parse_fhir(text).unwrap();
        Grant {
            id: "01a19b9d-3acf-76a3-9efa-7216ce7bb1e2".to_owned(),
            patient: "bn-1".to_owned(),
            helper: "Lò Văn \"Giúp\"".to_owned(),
            scopes: GrantScopes::of(&[GrantScope::Book, GrantScope::Pay]),
            given: at("2026-11-23T06:00:00.250+07:00"),
            until: at("2026-12-23T00:00:00+07:00"),
            giver,
            shown: Shown {
                text: "Tôi đồng ý.".to_owned(),
                language: "vi".to_owned(),
                version: "1".to_owned(),
            },
            shown_hash: [7; 32],
            invitation_hash: Some([9; 32]),
            active: true,
        }
    }

    fn givers() -> [Giver; 3] {
        let guardian = |child_agrees| Giver::Guardian {
            name: "Lò Thị Mẹ".to_owned(),
            child_agrees,
        };
        [Giver::Person, guardian(false), guardian(true)]
    }

    #[test]
    fn a_grant_comes_back_as_it_was_written() {
        for giver in givers() {
            let mut grant = grant(giver);
            for (active, invitation_hash) in [(true, Some([9; 32])), (false, None)] {
                grant.active = active;
                grant.invitation_hash = invitation_hash;
                let json = grant.to_json();
                assert_eq!(Grant::from_json(&json).unwrap(), grant, "{json}");
                let served = json.replacen('{', r#"{"meta":{"versionId":"3"},"#, 1);
                assert_eq!(Grant::from_json(&served).unwrap(), grant);
            }
        }
    }

    #[test]
    fn whatever_else_a_consent_says_is_no_grant() {
        let json = grant(Giver::Person).to_json();
        for (what, instead) in [
            (r#""permit""#, r#""deny""#),
            (r#""active""#, r#""proposed""#),
            (r#""INFA""#, r#""RESEARCH""#),
            (r#""pay""#, r#""fly""#),
            (r#""pay""#, r#""book""#),
            (r#""DELEGATEE""#, r#""GUARD""#),
            ("Patient/bn-1", "Practitioner/bn-1"),
            (
                r#""status":"#,
                r#""verification":[{"verified":true}],"status":"#,
            ),
            (
                r#""type":"permit""#,
                r#""type":"permit","provision":[{"type":"deny"}]"#,
            ),
            (
                r#""type":"permit""#,
                r#""type":"permit","purpose":[{"code":"TREAT"}]"#,
            ),
            (r#""dateTime":"2026-11-23"#, r#""dateTime":"2026-11-22"#),
            (
                r#""performer":["#,
                r#""performer":[{"reference":"Patient/bn-2"},"#,
            ),
        ] {
            let spoiled = json.replace(what, instead);
            assert_ne!(spoiled, json, "{what}");
            assert!(Grant::from_json(&spoiled).is_err(), "{instead}");
        }
        assert!(Grant::from_json("{}").is_err());
    }

    #[test]
    fn a_grant_is_not_for_logs() {
        for giver in givers() {
            let logged = format!("{:?}", grant(giver));
            for name in ["Giúp", "bn-1", "Mẹ", "đồng ý"] {
                assert!(!logged.contains(name), "{logged}");
            }
        }
    }
}
