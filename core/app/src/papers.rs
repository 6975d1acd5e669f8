//! What to take along to a booked visit.

use sokhoe_domain::{ClinicId, Paper, VisitKind};
use sokhoe_fhir::{IdentifierKind, PatientView};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// Something to take along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperView {
    /// What it is.
    pub paper: Paper,
    /// Its name.
    pub name: String,
    /// What to know of it; may be empty.
    pub note: String,
}

impl SoKhoe {
    /// What to take along to a booked visit, what the counter asks for first. Reads only what is on this phone. Which
    /// kind of visit it is the person knows; whether the clinic has an insurance number the book says. What the clinic
    /// itself asks for goes before all this. A first visit asks for a referral slip, too, where insurance pays more with it
    /// as far as the book and the clinic tell.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn papers(
        &self,
        person_id: &str,
        booking_id: &str,
        kind: VisitKind,
    ) -> Result<Vec<PaperView>, AppError> {
        let booking = self.booking(person_id, booking_id)?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinic = ClinicId(booking.clinic_id);
        let insured = session.has_insurance(&book, &clinic);
        let papers = sokhoe_domain::papers::papers(kind).iter();
        let mut views: Vec<PaperView> = papers
            .map(|paper| PaperView {
                paper: *paper,
                name: session.words.paper(*paper),
                note: session.words.paper_note(*paper, insured),
            })
            .collect();
        let card = views
            .iter()
            .position(|view| view.paper == Paper::InsuranceCard);
        let day = booking.start.vietnam_day();
        if let Some(card) = card.filter(|_| kind == VisitKind::First)
            && session.referral_helps(&book, &clinic, day)?
        {
            let referral = PaperView {
                paper: Paper::Referral,
                name: session.words.paper(Paper::Referral),
                note: session.words.say("paper-referral-helps-note"),
            };
            views.insert(card + 1, referral);
        }
        Ok(views)
    }
}

impl Session {
    /// Whether a clinic has a person's insurance number, as far as the book has come.
    fn has_insurance(&self, book: &OpenBook, clinic: &ClinicId) -> bool {
        let patient = self.patient(book, clinic).ok();
        patient
            .and_then(|patient| PatientView::from_json(&patient.json).ok())
            .is_some_and(|patient| patient.identifier(IdentifierKind::Bhyt).is_some())
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::ResourceKey;
    use sokhoe_fhir::bundle::Change;

    use super::*;
    use crate::Language;
    use crate::test_phone::{TestPhone, apply, booking};

    #[test]
    fn what_to_take_along_depends_on_the_visit_and_on_the_card() {
        let phone = TestPhone::of(Language::En, &["mai"], crate::test_phone::NoNetwork);
        let now = phone.app.inner.now();
        let visit = booking(1, now, now);
        let id = visit.id.to_string();
        phone.apply("mai", &[], &[visit]);
        let papers = |kind| phone.app.papers("mai", &id, kind).unwrap();
        let note = |papers: &[PaperView], wanted: Paper| {
            let paper = papers.iter().find(|it| it.paper == wanted);
            paper.map(|it| it.note.clone())
        };

        let first = papers(VisitKind::First);
        assert!(
            first
                .iter()
                .all(|it| it.name.contains(' ') && !it.name.starts_with("paper-"))
        );
        let card = note(&first, Paper::InsuranceCard).unwrap();
        assert!(card.starts_with("If there is one"), "{card}");
        assert_eq!(note(&first, Paper::Referral), None);
        let referred = note(&papers(VisitKind::Referred), Paper::Referral).unwrap();
        assert!(referred.contains("10 working days"), "{referred}");

        let patient = r#"{"resourceType":"Patient","id":"mai","identifier":[{"system":"http://fhir.hl7.org.vn/core/sid/bhyt","value":"DN4010123456789"}]}"#;
        let key = ResourceKey::new("Patient", "mai");
        let change = Change::Put {
            key,
            json: patient,
            version: None,
        };
        apply(&phone.app, "mai", &[change], &[]);
        let card = note(&papers(VisitKind::First), Paper::InsuranceCard).unwrap();
        assert!(card.starts_with("The hospital has the number"), "{card}");
        assert!(
            !card.contains("DN401"),
            "no number on a list that lies about"
        );
        assert!(
            phone
                .app
                .papers("mai", "nobody's", VisitKind::First)
                .is_err()
        );
    }
}
