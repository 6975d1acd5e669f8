//! OperationOutcome: what a server says when something is wrong.

use crate::json::Object;
use crate::{FhirError, read};

/// The code system of the clinic's refusals.
pub const REFUSAL: &str = "https://sokhoe.vn/fhir/CodeSystem/refusal";

/// The codes of [`REFUSAL`]: a clinic's, and what it says of a code that lets a phone in.
pub const REFUSALS: [&str; 12] = [
    "access-ended",
    "already-waiting",
    "checked-in",
    "enrolment-expired",
    "enrolment-other-grant",
    "enrolment-unknown",
    "enrolment-used",
    "not-offered",
    "offer-over",
    "slot-taken",
    "too-late",
    "too-many",
];

/// FHIR's issue types (R4's value set `issue-type`, with R5's).
const ISSUE_TYPES: [&str; 33] = [
    "business-rule",
    "code-invalid",
    "conflict",
    "deleted",
    "duplicate",
    "exception",
    "expired",
    "extension",
    "forbidden",
    "incomplete",
    "informational",
    "invalid",
    "invariant",
    "limited-filter",
    "lock-error",
    "login",
    "multiple-matches",
    "no-store",
    "not-found",
    "not-supported",
    "processing",
    "required",
    "security",
    "structure",
    "success",
    "suppressed",
    "throttled",
    "timeout",
    "too-costly",
    "too-long",
    "transient",
    "unknown",
    "value",
];

/// A code of these, else FHIR's `unknown`. Codes get into errors and logs, where what a server makes up must not be.
fn known(code: &str, codes: &[&'static str]) -> String {
    let known = codes.iter().find(|known| **known == code);
    known.map_or("unknown", |known| known).to_owned()
}

/// An OperationOutcome; FHIR wants at least one issue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What is wrong, the worst usually first.
    pub issues: Vec<Issue>,
}

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// FHIR's issue type, e.g. `conflict`, `not-found`, `security`; `unknown` of what was read and is none.
    pub code: String,
    /// The code in [`REFUSAL`], e.g. `slot-taken`; `unknown` of what was read and is none of [`REFUSALS`].
    pub refusal: Option<String>,
    /// Words (`details.text`, else `diagnostics`); may hold personal data: never log them.
    pub text: Option<String>,
    /// What of the request it is about, as FHIRPath.
    pub expression: Option<String>,
}

/// `OperationOutcome.issue.severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Severity {
    /// Nothing could be done.
    Fatal,
    /// The action failed.
    #[default]
    Error,
    /// It may matter.
    Warning,
    /// It went well.
    Information,
}

impl Severity {
    /// The FHIR code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }

    /// The severity of a FHIR code; an unknown one is an error.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "fatal" => Self::Fatal,
            "warning" => Self::Warning,
            "information" => Self::Information,
            _ => Self::Error,
        }
    }
}

impl Outcome {
    /// An outcome of one error, e.g. `Outcome::error("not-found", "…")`.
    #[must_use]
    pub fn error(code: &str, text: &str) -> Self {
        Self {
            issues: vec![Issue {
                severity: Severity::Error,
                code: code.to_owned(),
                refusal: None,
                text: Some(text.to_owned()),
                expression: None,
            }],
        }
    }

    /// An outcome of one refusal: fatal, with its code in [`REFUSAL`].
    #[must_use]
    pub fn refused(code: &str, refusal: &str, text: &str) -> Self {
        Self {
            issues: vec![Issue {
                severity: Severity::Fatal,
                code: code.to_owned(),
                refusal: Some(refusal.to_owned()),
                text: Some(text.to_owned()),
                expression: None,
            }],
        }
    }

    /// The first refusal code.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.issues.iter().find_map(|i| i.refusal.as_deref())
    }

    /// The first issue's FHIR code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.issues.first().map(|i| i.code.as_str())
    }

    /// Reads an OperationOutcome resource.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "OperationOutcome")?;
        let issues = document.root().get("issue").items().map(|issue| {
            let details = issue.get("details");
            let refusal = details
                .get("coding")
                .items()
                .find(|coding| coding.get("system").is_text(REFUSAL))
                .and_then(|coding| coding.str("code"));
            Issue {
                severity: issue
                    .str("severity")
                    .map_or(Severity::Error, |code| Severity::from_code(&code)),
                code: issue
                    .str("code")
                    .map_or_else(String::new, |code| known(&code, &ISSUE_TYPES)),
                refusal: refusal.map(|code| known(&code, &REFUSALS)),
                text: details
                    .str("text")
                    .or_else(|| issue.str("diagnostics"))
                    .map(Into::into),
                expression: issue.get("expression").first().text().map(Into::into),
            }
        });
        Ok(Self {
            issues: issues.collect(),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_object().finish()
    }

    pub(crate) fn to_object(&self) -> Object {
        let issues = self.issues.iter().map(|issue| {
            let coding = issue
                .refusal
                .as_ref()
                .map(|refusal| Object::new().text("system", REFUSAL).text("code", refusal));
            let details = Object::new()
                .list("coding", coding)
                .maybe("text", issue.text.as_deref());
            let expression = issue.expression.as_ref();
            let expression = expression.map(|path| format!("[{}]", read::quoted(path)));
            Object::new()
                .text("severity", issue.severity.code())
                .text("code", &issue.code)
                .object("details", details)
                .raw("expression", expression.as_deref().unwrap_or(""))
        });
        Object::resource("OperationOutcome").list("issue", issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_fhir_wants_it_and_comes_back() {
        let mut outcome = Outcome::refused("conflict", "slot-taken", "Giờ này đã có người đặt");
        outcome
            .issues
            .extend(Outcome::error("not-found", "x").issues);
        let json = outcome.to_json();
        insta::assert_snapshot!(json);
        assert_eq!(Outcome::from_json(&json).unwrap(), outcome);
        assert_eq!(outcome.refusal(), Some("slot-taken"));
        assert_eq!(outcome.code(), Some("conflict"));
    }

    #[test]
    fn reads_what_other_servers_say() {
        let json = r#"{"resourceType":"OperationOutcome","text":{"div":"<div/>"},"issue":[
            {"severity":"warning","code":"processing","diagnostics":"HAPI-0550: x",
             "details":{"coding":[{"system":"http://other","code":"slot-taken"}]}},
            {"severity":"?"}, 7]}"#;
        let outcome = Outcome::from_json(json).unwrap();
        assert_eq!(outcome.issues[0].text.as_deref(), Some("HAPI-0550: x"));
        assert_eq!(outcome.issues[0].severity, Severity::Warning);
        assert_eq!(outcome.refusal(), None);
        assert_eq!(outcome.issues.len(), 3);
        let made_up = json
            .replace("processing", "Bà Mai")
            .replace("http://other", REFUSAL);
        let made_up = made_up.replace("slot-taken", "tăng huyết áp");
        let outcome = Outcome::from_json(&made_up).unwrap();
        assert_eq!(
            (outcome.code(), outcome.refusal()),
            (Some("unknown"), Some("unknown"))
        );
        assert!(Outcome::from_json("{}").is_err());
        let empty = Outcome::from_json(r#"{"resourceType":"OperationOutcome"}"#).unwrap();
        assert_eq!(empty.code(), None);
    }
}
