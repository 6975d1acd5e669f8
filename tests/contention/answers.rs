//! What an answer says, and whether it is the one that was given before.

use ring::digest::{SHA256, digest};
use sokhoe_app::domain::Timestamp;
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::{Appointment, Outcome};
use sokhoe_tests::plain_http::Answer;

/// An answer that was seen, and how to ask for it again.
#[derive(Debug)]
pub struct Known {
    pub request: Vec<u8>,
    answer: (u16, [u8; 32]),
}

impl Known {
    pub fn new(request: Vec<u8>, answer: &Answer) -> Self {
        Self {
            request,
            answer: fingerprint(answer),
        }
    }

    /// Whether it is the same to the byte.
    pub fn is(&self, answer: &Answer) -> bool {
        self.answer == fingerprint(answer)
    }
}

fn fingerprint(answer: &Answer) -> (u16, [u8; 32]) {
    let hash = digest(&SHA256, &answer.body);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_ref());
    (answer.status, bytes)
}

/// The code of a refusal, which stands alone or first in a Bundle.
pub fn refusal(answer: &Answer) -> Option<String> {
    if answer.status == 200 {
        return None;
    }
    let body = std::str::from_utf8(&answer.body).ok()?;
    let alone = Outcome::from_json(body).ok();
    let outcome = alone.or_else(|| {
        let page = SearchPage::parse(body).ok()?;
        Outcome::from_json(page.of_kind("OperationOutcome").next()?).ok()
    })?;
    outcome.refusal().map(str::to_owned)
}

/// The first Appointment of a Bundle.
pub fn appointment(body: &[u8]) -> Option<Appointment> {
    let page = SearchPage::parse(std::str::from_utf8(body).ok()?).ok()?;
    Appointment::from_json(page.of_kind("Appointment").next()?).ok()
}

/// Until when the clinic keeps what is held.
pub fn held_until(body: &[u8]) -> Option<Timestamp> {
    appointment(body)?.held_until
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_that_got_another_answer_is_found() {
        let answer = |status, body: &str| Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        let known = Known::new(Vec::new(), &answer(409, "taken"));
        assert!(known.is(&answer(409, "taken")));
        assert!(!known.is(&answer(409, "taken, but these are free")));
        assert!(!known.is(&answer(200, "taken")));
    }
}
