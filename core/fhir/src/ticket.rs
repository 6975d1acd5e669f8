//! The tickets of a booking: the answer to `Appointment/{id}/$ticket` (ours).

use crate::FhirError;
use crate::json::{Document, Object};
use crate::read;

/// Longer sheets are not believed: 48 half hours take some 5 KB.
const LONGEST_SHEET: usize = 16_384;

/// What the clinic gives for a booking that it has.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketAnswer {
    /// The text of the signed sheet. It says nothing until somebody who knows the clinic's key has proved it.
    pub sheet: String,
}

/// Whoever has the sheet is let in.
impl std::fmt::Debug for TicketAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketAnswer").finish_non_exhaustive()
    }
}

impl TicketAnswer {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        let sheet = Object::new()
            .text("name", "sheet")
            .text("valueString", &self.sheet);
        Object::resource("Parameters")
            .list("parameter", [sheet])
            .finish()
    }

    /// Reads a Parameters resource.
    ///
    /// # Errors
    /// When it is not one, or has no sheet of a size that one can have.
    pub fn from_parameters(json: &str) -> Result<Self, FhirError> {
        let document: Document<'_> = read::resource(json, "Parameters")?;
        let mut parameters = document.root().get("parameter").items();
        let sheet = parameters
            .find(|one| one.get("name").is_text("sheet"))
            .and_then(|one| one.str("valueString").map(|text| text.into_owned()))
            .filter(|text| !text.is_empty() && text.len() <= LONGEST_SHEET)
            .ok_or(FhirError::Unexpected { expected: "sheet" })?;
        Ok(Self { sheet })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_comes_back_and_shows_no_sheet() {
        let answer = TicketAnswer {
            sheet: "SK1T:ABC".to_owned(),
        };
        assert_eq!(
            TicketAnswer::from_parameters(&answer.to_parameters()).as_ref(),
            Ok(&answer)
        );
        assert!(!format!("{answer:?}").contains("ABC"));
    }

    #[test]
    fn what_is_no_sheet_is_refused() {
        for sheet in [String::new(), "A".repeat(LONGEST_SHEET + 1)] {
            let answer = TicketAnswer { sheet }.to_parameters();
            assert!(TicketAnswer::from_parameters(&answer).is_err());
        }
        for bad in [
            r#"{"resourceType":"Parameters"}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"sheet","valueCode":"a"}]}"#,
            r#"{"resourceType":"Bundle"}"#,
        ] {
            assert!(TicketAnswer::from_parameters(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = TicketAnswer::from_parameters(&text);
        }
    }
}
