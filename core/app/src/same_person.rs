//! One person whom several clinics know: two books become one, when the clinics vouch for it and the person says so, and two again.
//!
//! Books are copies of what clinics have. The one that goes is erased, and what its clinics have comes into the other with the next
//! synchronisation: nothing is copied from book to book that a clinic did not say of this very patient.

use sokhoe_domain::{
    BookingState, ClinicId, KnownIdentity, PersonId, SamePersonProof, Wire, same_person,
};
use sokhoe_fhir::{IdentifierKind, PatientView};
use sokhoe_vault::{Link, NewEvent, Vault};

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::views::PersonView;

/// Two people of this phone of whom their clinics say that they are one.
#[derive(Clone, PartialEq, Eq)]
pub struct SamePersonView {
    /// The one who would be kept.
    pub person_id: String,
    /// The one whose book would be fetched into the other's.
    pub other_id: String,
    /// By what it is known.
    pub proof: SamePersonProof,
    /// The question to ask, in words.
    pub text: String,
}

impl std::fmt::Debug for SamePersonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SamePersonView")
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

impl SoKhoe {
    /// Who on this phone is there twice, as far as their clinics vouch for it: by the citizen's number, or by the insurance number
    /// and the day of birth; never by a name. Whom this phone helps is not among them: their books are each under a lease of
    /// their clinic's. Nor are two who both have documents that only this phone has ([`SoKhoe::unite_persons`] would refuse it).
    ///
    /// # Errors
    /// What opening the books may give.
    pub fn same_persons(&self) -> Result<Vec<SamePersonView>, AppError> {
        let session = &*self.inner;
        let mut known = Vec::new();
        for person in session.account()?.persons()? {
            known.extend(session.known_person(&person.id)?.map(|of| (person, of)));
        }
        let mut found = Vec::new();
        for (number, one) in known.iter().enumerate() {
            for other in &known[number + 1..] {
                let Some(proof) = one.1.proof(&other.1) else {
                    continue;
                };
                // What only this phone has stays where it is: of two who both have it none may go.
                let ((keep, of_keep), (goes, of_goes)) = match other.1.has_own_documents {
                    true if one.1.has_own_documents => continue,
                    true => (other, one),
                    false => (one, other),
                };
                let what = [
                    ("name", keep.name.clone()),
                    ("clinic", of_keep.clinics.join(", ")),
                    ("other", goes.name.clone()),
                    ("there", of_goes.clinics.join(", ")),
                ];
                let words = match proof {
                    SamePersonProof::Cccd => "same-person-cccd",
                    SamePersonProof::Bhyt => "same-person-bhyt",
                };
                found.push(SamePersonView {
                    person_id: keep.id.0.clone(),
                    other_id: goes.id.0.clone(),
                    proof,
                    text: session.words.say_with(words, &what),
                });
            }
        }
        Ok(found)
    }

    /// Makes one person of two, after the question of [`SoKhoe::same_persons`] was answered with yes. The book of `other_id` is
    /// erased from this phone, and comes into that of `person_id` from its clinics, with the next synchronisation; its news and
    /// its refused bookings, which nobody will tell again, are there at once.
    ///
    /// # Errors
    /// [`AppError::Validation`] where no clinic vouches for it, or both are known at one clinic, or documents that only this phone
    /// has would be lost; [`AppError::Unsent`] while something of `other_id` is not with its clinics; what opening the books may
    /// give. Nothing is changed then.
    pub async fn unite_persons(
        &self,
        person_id: &str,
        other_id: &str,
    ) -> Result<PersonView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let not_one = || {
            let rule = "their clinics do not vouch that they are one person";
            AppError::invalid("other_id", rule)
        };
        if person_id == other_id {
            return Err(not_one());
        }
        let (book, other) = (session.book(person_id)?, session.book(other_id)?);
        // Always the same first, so that two who ask at once do not wait for each other.
        let (first, second) = match person_id < other_id {
            true => (&book, &other),
            false => (&other, &book),
        };
        let _nothing_arrives = first.syncing.lock().await;
        let _nowhere = second.syncing.lock().await;
        let of_book = session.known_person(&book.person.id)?.ok_or_else(not_one)?;
        let of_other = session
            .known_person(&other.person.id)?
            .ok_or_else(not_one)?;
        of_book.proof(&of_other).ok_or_else(not_one)?;
        if of_other.has_own_documents {
            return Err(AppError::invalid(
                "other_id",
                "it has documents of its own: keep that one",
            ));
        }
        let account = session.account()?;
        let mut count = 0;
        for link in &of_other.links {
            count += other.vault.unsent(&link.clinic)?;
        }
        if count > 0 {
            return Err(AppError::Unsent { count });
        }
        take_along(&other.vault, &book.vault)?;
        session.destroy_book(&other.person.id, || {
            Ok(account.unite(&book.person.id, &other.person.id)?)
        })?;
        session.leases.changed();
        session.person_view(book.person.clone())
    }

    /// Makes what a clinic knows a person of their own again: a mistake, or two people after all. What came from that clinic is
    /// erased from the book, and comes into the new one with the next synchronisation. `unsent` as with
    /// [`SoKhoe::forget_clinic`].
    ///
    /// # Errors
    /// [`AppError::Validation`] for somebody who is known at one clinic alone; [`AppError::Unsent`], [`AppError::NotFound`]; what
    /// opening a book may give. Nothing is changed then.
    pub async fn part_person(
        &self,
        person_id: &str,
        clinic_id: &str,
        unsent: u64,
    ) -> Result<PersonView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinic = ClinicId::from(clinic_id);
        let patient_id = session.patient_at(&book.person.id, &clinic)?;
        let _nothing_arrives = book.syncing.lock().await;
        let account = session.account()?;
        let is_last = account
            .links(&book.person.id)?
            .iter()
            .all(|link| link.clinic == clinic);
        if is_last {
            return Err(AppError::invalid("clinic_id", "there is no other clinic"));
        }
        let known = session.patient(&book, &clinic).ok();
        let known = known.and_then(|patient| PatientView::from_json(&patient.json).ok());
        let known = known.unwrap_or_else(|| PatientView {
            id: patient_id.clone(),
            name: book.person.name.clone(),
            ..PatientView::default()
        });
        let person = session.linked(&known).person;
        if book.vault.unsent(&clinic)? <= unsent {
            session.take_trips_back(&book, Some(&clinic))?;
        }
        book.vault.forget_clinic(&clinic, unsent)?;
        // Where this is not done any more, the next synchronisation brings the clinic's part back to where it was.
        account.part(&Link { clinic, patient_id }, &person)?;
        session.person_view(person)
    }
}

/// Takes along what no clinic will tell again: news that nobody acknowledged, and bookings that were refused. Repeating it changes
/// nothing.
fn take_along(from: &Vault, to: &Vault) -> Result<(), AppError> {
    let mut refused = from.bookings()?;
    refused.retain(|booking| matches!(booking.state, BookingState::Refused(_)));
    let untold: Vec<NewEvent> = from
        .events()?
        .into_iter()
        .map(|event| NewEvent {
            kind: event.kind,
            subject: event.subject,
            at: event.at,
            body: event.body,
        })
        .collect();
    Ok(to.keep_moved(&refused, &untold)?)
}

/// What is known of somebody on this phone.
struct Known {
    links: Vec<Link>,
    /// What those clinics are called.
    clinics: Vec<String>,
    /// What the clinics that let the person in have of them, as far as the book has come.
    vouched: Vec<PatientView>,
    has_own_documents: bool,
}

impl Known {
    /// By what two people are one, if they are, and if they may become one here.
    fn proof(&self, other: &Self) -> Option<SamePersonProof> {
        // Two patients of one clinic: that is for the clinic to set right.
        let shares = |link: &Link| self.links.iter().any(|it| it.clinic == link.clinic);
        if other.links.iter().any(shares) {
            return None;
        }
        let mut proof = None;
        for one in &self.vouched {
            for other in &other.vouched {
                // One clinic that does not vouch for it is enough.
                let found = same_person(&identity(one), &identity(other))?;
                proof = proof.or(Some(found));
            }
        }
        proof
    }
}

fn identity(patient: &PatientView) -> KnownIdentity<'_> {
    KnownIdentity {
        // A small child has its personal number on its birth certificate (Luật Hộ tịch 60/2014/QH13, Điều 14), which its card
        // will have; a register's number has another form, and proves nothing.
        cccd: patient
            .identifier(IdentifierKind::Cccd)
            .or_else(|| patient.identifier(IdentifierKind::BirthCertificate)),
        bhyt: patient.identifier(IdentifierKind::Bhyt),
        birth_date: patient.birth_date.as_deref(),
    }
}

impl Session {
    /// A clinic whose patient was this phone's own lets it help them from now on. In a book that other clinics let the person into
    /// that would put all of it under this clinic's lease: what this clinic gave goes from it, as it does when access ends, and whom
    /// the phone helps is somebody else.
    pub(crate) async fn no_longer_own(
        &self,
        clinic: &ClinicId,
        patient_id: &str,
    ) -> Result<(), AppError> {
        let account = self.account()?;
        let Some(person) = account.person_of(clinic, patient_id)? else {
            return Ok(());
        };
        let elsewhere = account.links(&person.id)?;
        let is_elsewhere = elsewhere.iter().any(|link| link.clinic != *clinic);
        if !is_elsewhere || !self.helping(&person.id)?.is_empty() {
            return Ok(());
        }
        let book = self.book(person.id.as_str())?;
        let _nothing_arrives = book.syncing.lock().await;
        self.lose_access(&book, clinic)
    }

    /// What is known of somebody who is not helped.
    fn known_person(&self, person: &PersonId) -> Result<Option<Known>, AppError> {
        if !self.helping(person)?.is_empty() {
            return Ok(None);
        }
        let book = self.book(person.as_str())?;
        let mut known = Known {
            links: self.account()?.links(person)?,
            clinics: Vec::new(),
            vouched: Vec::new(),
            has_own_documents: !book.vault.own_documents()?.is_empty(),
        };
        for link in &known.links {
            let clinic = self.clinic(link.clinic.as_str())?;
            known.clinics.push(clinic.name);
            // Anybody can name a server that says anything.
            if clinic.wire == Wire::Clinic {
                let patient = self.patient(&book, &link.clinic).ok();
                let patient = patient.and_then(|it| PatientView::from_json(&it.json).ok());
                known.vouched.extend(patient);
            }
        }
        Ok(Some(known))
    }
}

#[cfg(test)]
mod tests;
