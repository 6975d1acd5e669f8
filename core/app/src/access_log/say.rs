//! The words of the access log.

use sokhoe_domain::{AccessAction, AccessAgent, AccessEntry, AccessOperation, AccessOutcome};
use sokhoe_qr::signed::device_digest;

use crate::words::Words;

/// Who it was.
pub(super) fn who(words: &Words, entry: &AccessEntry, name: Option<&str>, device: &str) -> String {
    let named = |key: &str, name: &str| words.say_with(key, &[("name", name.to_owned())]);
    match (&entry.agent, &entry.consent, name) {
        (AccessAgent::Phone(digest), ..) if *digest == device_digest(device) => {
            words.say("access-log-this-phone")
        }
        (AccessAgent::Phone(_), Some(_), Some(name)) => named("access-log-helper", name),
        (AccessAgent::Phone(_), Some(_), None) => words.say("access-log-a-helper"),
        (AccessAgent::Phone(_), None, Some(name)) => named("access-log-own-phone", name),
        (AccessAgent::Phone(_), None, None) => words.say("access-log-strange-phone"),
        (AccessAgent::Desk, ..) => words.say("access-log-desk"),
        (AccessAgent::Staff(_, role), _, name) => {
            let role = words.say(&format!("staff-role-{}", role.code()));
            match name {
                Some(name) => words.say_with(
                    "access-log-staff",
                    &[("name", name.to_owned()), ("role", role)],
                ),
                None => words.say_with("access-log-a-staff", &[("role", role)]),
            }
        }
        (AccessAgent::Kiosk, ..) => words.say("access-log-kiosk"),
        (AccessAgent::Import, ..) => words.say("access-log-import"),
        (AccessAgent::System(_), ..) => words.say("access-log-system"),
        (AccessAgent::CommandLine, ..) => words.say("access-log-command-line"),
        (AccessAgent::Server, ..) => words.say("access-log-server"),
    }
}

/// What they did, and why, where they had to say.
pub(super) fn what(words: &Words, entry: &AccessEntry) -> String {
    let what = deed(words, entry);
    let Some(reason) = entry.reason else {
        return what;
    };
    let reason = words.say(&format!("access-reason-{}", reason.code()));
    words.say_with("access-log-because", &[("what", what), ("reason", reason)])
}

fn deed(words: &Words, entry: &AccessEntry) -> String {
    let key = match entry.operation {
        AccessOperation::Read | AccessOperation::Search => {
            return words.say(&format!("access-log-see-{}", part(&entry.kind)));
        }
        AccessOperation::Record => {
            return words.say(&format!("access-log-record-{}", part(&entry.kind)));
        }
        AccessOperation::Changes => "access-log-changes",
        AccessOperation::Live => "access-log-live",
        AccessOperation::Find => "access-log-find",
        AccessOperation::Join => "access-log-join",
        AccessOperation::Ticket => "access-log-ticket",
        AccessOperation::Queue => "access-log-queue",
        AccessOperation::Hold => "access-log-hold",
        AccessOperation::Book if entry.action == AccessAction::Create => "access-log-book",
        AccessOperation::Book => "access-log-change-booking",
        AccessOperation::Wait => "access-log-wait",
        AccessOperation::Lease => "access-log-lease",
        AccessOperation::Write => "access-log-write",
        AccessOperation::Enrol => "access-log-enrol",
        AccessOperation::Invite => "access-log-invite",
        AccessOperation::End => "access-log-end",
        AccessOperation::List => "access-log-list",
        AccessOperation::Log => "access-log-log",
        AccessOperation::Disclose => "access-log-disclose",
        AccessOperation::Open => "access-log-open",
    };
    words.say(key)
}

/// The part of a book in which a type of resource is.
fn part(kind: &str) -> &'static str {
    match kind {
        "Observation" | "DiagnosticReport" | "ImagingStudy" | "Media" | "Specimen" => "results",
        "MedicationRequest"
        | "MedicationStatement"
        | "MedicationDispense"
        | "MedicationAdministration" => "medicines",
        "Appointment" | "AppointmentResponse" | "Encounter" => "visits",
        "DocumentReference" | "Binary" | "Composition" => "documents",
        "Invoice" | "PaymentNotice" | "Account" | "ChargeItem" => "invoices",
        "Coverage" => "insurance",
        "Patient" | "RelatedPerson" => "person",
        "Condition" | "AllergyIntolerance" => "conditions",
        "Immunization" | "ImmunizationRecommendation" => "vaccines",
        "Consent" => "consents",
        _ => "other",
    }
}

/// What became of it, where that is worth saying.
pub(super) fn outcome(words: &Words, outcome: AccessOutcome) -> String {
    match outcome {
        AccessOutcome::Done => String::new(),
        AccessOutcome::Refused => words.say("access-log-refused"),
        AccessOutcome::Denied => words.say("access-log-denied"),
    }
}

/// Who did what, how often, with which end.
pub(super) fn sentence(words: &Words, who: &str, what: &str, count: u32, outcome: &str) -> String {
    let key = match count {
        1 => "access-log-entry",
        _ => "access-log-entries",
    };
    let values = [
        ("who", who.to_owned()),
        ("what", what.to_owned()),
        ("count", count.to_string()),
    ];
    let said = words.say_with(key, &values);
    match outcome.is_empty() {
        true => said,
        false => format!("{said} {outcome}"),
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::{AccessReason, StaffRole};

    use super::*;
    use crate::Language;

    /// Every part that a type can be in.
    const PARTS: [&str; 11] = [
        "results",
        "medicines",
        "visits",
        "documents",
        "invoices",
        "insurance",
        "person",
        "conditions",
        "vaccines",
        "consents",
        "other",
    ];

    fn entry(operation: AccessOperation, agent: AccessAgent) -> AccessEntry {
        AccessEntry {
            salt: String::new(),
            patient: "p".to_owned(),
            number: 1,
            at: sokhoe_domain::Timestamp::from_millis(0),
            operation,
            action: AccessAction::Create,
            kind: "Observation".to_owned(),
            id: None,
            outcome: AccessOutcome::Done,
            agent,
            consent: None,
            reason: None,
        }
    }

    #[test]
    fn everything_has_words_in_both_languages() {
        for language in [Language::Vi, Language::En] {
            let words = Words::new(language);
            for part in PARTS {
                for what in ["see", "record"] {
                    assert!(words.has(&format!("access-log-{what}-{part}")), "{part}");
                }
            }
            for operation in AccessOperation::ALL {
                for action in [AccessAction::Create, AccessAction::Update] {
                    let entry = AccessEntry {
                        action,
                        ..entry(operation, AccessAgent::Desk)
                    };
                    assert!(!what(&words, &entry).starts_with("access-log"), "{entry:?}");
                }
            }
            for reason in AccessReason::ALL {
                let entry = AccessEntry {
                    reason: Some(reason),
                    ..entry(AccessOperation::Open, AccessAgent::Desk)
                };
                assert!(!what(&words, &entry).contains("access-"), "{entry:?}");
            }
            for role in StaffRole::ALL {
                let agent = AccessAgent::Staff("x".to_owned(), role);
                let said = who(
                    &words,
                    &entry(AccessOperation::Open, agent),
                    Some("Hoa"),
                    "",
                );
                assert!(
                    said.starts_with("Hoa, ") && !said.contains("staff-"),
                    "{said}"
                );
            }
            let consent = Some("c".to_owned());
            for agent in [
                "desk",
                "kiosk",
                "cashier:x",
                "import",
                "system:x",
                "command-line",
                "server",
                "phone:00",
            ] {
                let agent = AccessAgent::of_code(agent).unwrap();
                let plain = entry(AccessOperation::Read, agent);
                let helped = AccessEntry {
                    consent: consent.clone(),
                    ..plain.clone()
                };
                for entry in [plain, helped] {
                    for name in [None, Some("Mai")] {
                        let said = who(&words, &entry, name, "device");
                        assert!(!said.contains("access-log"), "{said}");
                    }
                }
            }
        }
    }

    #[test]
    fn this_phone_knows_itself_whatever_the_clinic_calls_it() {
        let words = Words::new(Language::En);
        let own = AccessAgent::Phone(device_digest("device"));
        let entry = entry(AccessOperation::Read, own);
        let here = who(&words, &entry, Some("Somebody"), "device");
        assert_eq!(here, words.say("access-log-this-phone"));
        assert_ne!(here, who(&words, &entry, Some("Somebody"), "another"));
    }

    #[test]
    fn a_sentence_says_how_often_and_what_became_of_it() {
        let words = Words::new(Language::En);
        let denied = outcome(&words, AccessOutcome::Denied);
        assert_eq!(
            sentence(&words, "The desk", "saw results", 3, &denied),
            "The desk: saw results (3 times). Denied."
        );
        assert_eq!(
            sentence(&words, "The desk", "saw results", 1, ""),
            "The desk: saw results."
        );
    }
}
