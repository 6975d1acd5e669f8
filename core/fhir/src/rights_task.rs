//! What a person asks of what a clinic keeps of them, as a Task (FHIR R4): what, by whose word, what they were shown, and the
//! clinic's receipt.
//!
//! Written by the phone, or by the clinic for whoever asks at the counter, and read strictly: a Task that says anything else
//! is no such request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::rights::RightsRequest;

use crate::FhirError;
use crate::consent::{Giver, Shown};
use crate::json::{Node, Object};
use crate::merge::says_nothing_else;
use crate::read;

/// What is asked, as codes of [`RightsRequest`].
const CODES: &str = "https://sokhoe.vn/fhir/CodeSystem/rights-request";
/// What belongs to it, and to its receipt.
const PARTS: &str = "https://sokhoe.vn/fhir/CodeSystem/rights-request-part";

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct RightsTask {
    /// The Task's id, which is the request's number.
    pub id: String,
    /// The Patient's id.
    pub patient: String,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, with [`RightsRequest::Disclose`].
    pub recipient: Option<String>,
    /// What is to be corrected or restricted, in the person's words.
    pub details: Option<String>,
    /// When it was asked, by the phone's clock.
    pub asked: Timestamp,
    /// Who asks.
    pub giver: Giver,
    /// What they were shown and said yes to; unset where they asked at the counter.
    pub shown: Option<Shown>,
    /// What the clinic said, once it has it.
    pub receipt: Option<RightsReceipt>,
}

/// What a clinic says of a request that it received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsReceipt {
    /// When it was received, by the clinic's clock.
    pub received: Timestamp,
    /// The last day for an answer.
    pub answer_by: NaiveDate,
    /// The last day to have it done.
    pub done_by: NaiveDate,
    /// The clinic's signature (Ed25519) over [`RightsTask::signed`], in base64.
    pub signature: String,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was done.
    pub done: Option<Timestamp>,
}

/// Whose it is and what they want is not for logs.
impl fmt::Debug for RightsTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RightsTask")
            .field("id", &self.id)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

fn concept(system: &str, code: &str) -> Object {
    let coding = Object::new().text("system", system).text("code", code);
    Object::new().list("coding", [coding])
}

fn part(code: &str) -> Object {
    Object::new().object("type", concept(PARTS, code))
}

fn text_part(code: &str, text: &str) -> Object {
    part(code).text("valueString", text)
}

fn time_part(code: &str, at: Timestamp) -> Object {
    part(code).text("valueDateTime", &at.to_fhir())
}

impl RightsTask {
    /// What a receipt signs: `id|what|received`, the time in milliseconds since 1970, and with words that were shown
    /// `|` and `digest`, the SHA-256 over them in lower-case hex.
    #[must_use]
    pub fn signed(&self, received: Timestamp, digest: Option<&str>) -> String {
        let signed = format!("{}|{}|{}", self.id, self.what, received.as_millis());
        match digest {
            Some(digest) => format!("{signed}|{digest}"),
            None => signed,
        }
    }

    /// As a Task.
    #[must_use]
    pub fn to_json(&self) -> String {
        let patient = format!("Patient/{}", self.patient);
        let person = || Object::new().text("reference", &patient);
        let requester = match &self.giver {
            Giver::Person => person(),
            Giver::Guardian { name, .. } => Object::new().text("display", name),
        };
        let mut input = Vec::new();
        if let Some(recipient) = &self.recipient {
            input.push(text_part("recipient", recipient));
        }
        if let Some(details) = &self.details {
            input.push(text_part("details", details));
        }
        if let Giver::Guardian { child_agrees, .. } = &self.giver {
            let agrees = if *child_agrees { "true" } else { "false" };
            input.push(part("child-agrees").raw("valueBoolean", agrees));
        }
        if let Some(shown) = &self.shown {
            let data = Object::new()
                .text("contentType", "text/plain; charset=utf-8")
                .text("language", &shown.language)
                .text("data", &STANDARD.encode(shown.text.as_bytes()))
                .text("title", &shown.version);
            input.push(part("shown").object("valueAttachment", data));
        }
        let mut output = Vec::new();
        let mut status = "requested";
        if let Some(receipt) = &self.receipt {
            let day_part = |code, day: NaiveDate| part(code).text("valueDate", &day.to_string());
            output.push(time_part("received", receipt.received));
            output.push(day_part("answer-by", receipt.answer_by));
            output.push(day_part("done-by", receipt.done_by));
            output.push(part("signature").text("valueBase64Binary", &receipt.signature));
            output.extend(receipt.answered.map(|at| time_part("answered", at)));
            output.extend(receipt.done.map(|at| time_part("done", at)));
            status = match (receipt.done, receipt.answered) {
                (Some(_), _) => "completed",
                (None, Some(_)) => "in-progress",
                (None, None) => "received",
            };
        }
        Object::resource("Task")
            .text("id", &self.id)
            .text("status", status)
            .text("intent", "order")
            .object("code", concept(CODES, self.what.as_str()))
            .object("for", person())
            .text("authoredOn", &self.asked.to_fhir())
            .object("requester", requester)
            .list("input", input)
            .list("output", output)
            .finish()
    }

    /// Reads a Task that is such a request and nothing else.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Task")?;
        let root = document.root();
        let task = read_task(root).ok_or(FhirError::Unexpected {
            expected: "a request",
        })?;
        if says_nothing_else(root, &task.to_json())? {
            Ok(task)
        } else {
            Err(FhirError::Unexpected {
                expected: "nothing but a request",
            })
        }
    }
}

fn read_task(root: Node<'_>) -> Option<RightsTask> {
    let text = |node: Node<'_>, key: &str| node.str(key).map(|text| text.into_owned());
    let code_of = |node: Node<'_>| text(node.get("coding").first(), "code");
    let found = |list: &str, code: &str| {
        let mut items = root.get(list).items();
        items.find(|item| code_of(item.get("type")).as_deref() == Some(code))
    };
    let string = |code| found("input", code).and_then(|item| text(item, "valueString"));
    let at = |node: Node<'_>| Timestamp::parse_fhir(&node.text()?);
    let time = |code| found("output", code).and_then(|item| at(item.get("valueDateTime")));
    let day = |code| {
        let day = found("output", code).and_then(|item| text(item, "valueDate"))?;
        day.parse::<NaiveDate>().ok()
    };
    let giver = match text(root.get("requester"), "display") {
        None => Giver::Person,
        Some(name) => Giver::Guardian {
            name,
            child_agrees: found("input", "child-agrees")?.get("valueBoolean").bool()?,
        },
    };
    let shown = match found("input", "shown") {
        None => None,
        Some(item) => {
            let shown = item.get("valueAttachment");
            Some(Shown {
                text: String::from_utf8(STANDARD.decode(&*shown.str("data")?).ok()?).ok()?,
                language: text(shown, "language")?,
                version: text(shown, "title")?,
            })
        }
    };
    let receipt = match root.get("output").exists() {
        false => None,
        true => Some(RightsReceipt {
            received: time("received")?,
            answer_by: day("answer-by")?,
            done_by: day("done-by")?,
            signature: text(found("output", "signature")?, "valueBase64Binary")?,
            answered: time("answered"),
            done: time("done"),
        }),
    };
    Some(RightsTask {
        id: text(root, "id").filter(|id| is_fhir_id(id))?,
        patient: read::key(root.get("for"))
            .filter(|key| key.kind == "Patient")?
            .id,
        what: RightsRequest::from_name(&code_of(root.get("code"))?)?,
        recipient: string("recipient"),
        details: string("details"),
        asked: at(root.get("authoredOn"))?,
        giver,
        shown,
        receipt,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> RightsTask {
        let at = |text| Timestamp::parse_fhir(text).unwrap();
        let day = |text: &str| text.parse().unwrap();
        RightsTask {
            id: "01a19b9d-3acf-76a3-9efa-7216ce7bb1e2".to_owned(),
            patient: "bn-1".to_owned(),
            what: RightsRequest::Disclose,
            recipient: Some("Bảo hiểm \"An Tâm\"".to_owned()),
            details: Some("Chỉ lần khám\nngày 3".to_owned()),
            asked: at("2026-11-23T06:00:00.250+07:00"),
            giver: Giver::Guardian {
                name: "Lò Thị Mẹ".to_owned(),
                child_agrees: true,
            },
            shown: Some(Shown {
                text: "Tôi yêu cầu.".to_owned(),
                language: "vi".to_owned(),
                version: "1".to_owned(),
            }),
            receipt: Some(RightsReceipt {
                received: at("2026-11-23T06:00:01+07:00"),
                answer_by: day("2026-11-25"),
                done_by: day("2026-12-03"),
                signature: "c2ln".to_owned(),
                answered: Some(at("2026-11-24T06:00:01+07:00")),
                done: None,
            }),
        }
    }

    #[test]
    fn a_request_comes_back_as_it_was_written() {
        let whole = task();
        let asked = RightsTask {
            receipt: None,
            ..task()
        };
        let bare = RightsTask {
            what: RightsRequest::Withdraw,
            recipient: None,
            details: None,
            giver: Giver::Person,
            shown: None,
            ..asked.clone()
        };
        for task in [whole, asked, bare] {
            let json = task.to_json();
            assert_eq!(RightsTask::from_json(&json).unwrap(), task, "{json}");
            let served = json.replacen('{', r#"{"meta":{"versionId":"3"},"#, 1);
            assert_eq!(RightsTask::from_json(&served).unwrap(), task);
        }
    }

    #[test]
    fn whatever_else_a_task_says_is_no_request() {
        let json = task().to_json();
        for (what, instead) in [
            (r#""in-progress""#, r#""completed""#),
            (r#""order""#, r#""plan""#),
            (r#""disclose""#, r#""sell""#),
            ("Patient/bn-1", "Group/bn-1"),
            (
                r#""status":"#,
                r#""owner":{"reference":"Patient/x"},"status":"#,
            ),
            (r#""details""#, r#""recipient""#),
            (r#""valueBoolean":true"#, r#""valueBoolean":"true""#),
        ] {
            let spoiled = json.replacen(what, instead, 1);
            assert_ne!(spoiled, json, "{what}");
            assert!(RightsTask::from_json(&spoiled).is_err(), "{instead}");
        }
        assert!(RightsTask::from_json("{}").is_err());
    }

    #[test]
    fn a_request_is_not_for_logs() {
        let logged = format!("{:?}", task());
        for name in ["An Tâm", "bn-1", "Mẹ", "yêu cầu", "khám"] {
            assert!(!logged.contains(name), "{logged}");
        }
    }
}
