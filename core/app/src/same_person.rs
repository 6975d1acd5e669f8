//! One person whom several clinics know: two books become one, when the clinics vouch for it and the person says so, and two again.
//!
//! Books are copies of what clinics have. The one that goes is erased, and what its clinics have comes into the other with the next
//! synchronisation: nothing is copied from book to book that a clinic did not say of this very patient.

use sokhoe_domain::{ClinicId, KnownIdentity, PersonId, SamePersonProof, Wire, same_person};
use sokhoe_fhir::{IdentifierKind, PatientView};
use sokhoe_vault::Link;

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
    /// their clinic's.
    ///
    /// # Errors
    /// What opening the books may give.
    pub fn same_persons(&self) -> Result<Vec<SamePersonView>, AppError> {
        let session = &*self.inner;
        let persons = session.account()?.persons()?;
        let mut found = Vec::new();
        for (number, one) in persons.iter().enumerate() {
            for other in &persons[number + 1..] {
                let Some(proof) = session.proof(&one.id, &other.id)? else {
                    continue;
                };
                // What only this phone has stays where it is.
                let has_own = session.has_own_documents(&other.id)?;
                let (keep, goes) = if has_own { (other, one) } else { (one, other) };
                let what = [
                    ("name", keep.name.clone()),
                    ("clinic", session.clinics_of(&keep.id)?),
                    ("other", goes.name.clone()),
                    ("there", session.clinics_of(&goes.id)?),
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
    /// erased from this phone, and comes into that of `person_id` from its clinics, with the next synchronisation.
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
        let (book, other) = (session.book(person_id)?, session.book(other_id)?);
        // Always the same first, so that two who ask at once do not wait for each other.
        let (first, second) = match person_id < other_id {
            true => (&book, &other),
            false => (&other, &book),
        };
        let _nothing_arrives = first.syncing.lock().await;
        let _nowhere = match person_id == other_id {
            true => None,
            false => Some(second.syncing.lock().await),
        };
        if session.proof(&book.person.id, &other.person.id)?.is_none() {
            let rule = "their clinics do not vouch that they are one person";
            return Err(AppError::invalid("other_id", rule));
        }
        if !other.vault.own_documents()?.is_empty() {
            return Err(AppError::invalid(
                "other_id",
                "it has documents of its own: keep that one",
            ));
        }
        let account = session.account()?;
        let mut count = 0;
        for link in account.links(&other.person.id)? {
            count += other.vault.unsent(&link.clinic)?;
        }
        if count > 0 {
            return Err(AppError::Unsent { count });
        }
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

/// What a clinic has of a person.
struct Patient(PatientView);

impl Patient {
    fn identity(&self) -> KnownIdentity<'_> {
        KnownIdentity {
            cccd: self.0.identifier(IdentifierKind::Cccd),
            bhyt: self.0.identifier(IdentifierKind::Bhyt),
            birth_date: self.0.birth_date.as_deref(),
        }
    }
}

impl Session {
    /// By what two people are one, if they are, and if they may become one here.
    fn proof(&self, one: &PersonId, other: &PersonId) -> Result<Option<SamePersonProof>, AppError> {
        if one == other || !self.helping(one)?.is_empty() || !self.helping(other)?.is_empty() {
            return Ok(None);
        }
        let account = self.account()?;
        let links = account.links(one)?;
        let shares = |link: &Link| links.iter().any(|it| it.clinic == link.clinic);
        // Two patients of one clinic: that is for the clinic to set right.
        if account.links(other)?.iter().any(shares) {
            return Ok(None);
        }
        let (ones, others) = (self.vouched(one)?, self.vouched(other)?);
        let mut proof = None;
        for one in &ones {
            for other in &others {
                match same_person(&one.identity(), &other.identity()) {
                    Some(found) => proof = proof.or(Some(found)),
                    // One clinic that does not vouch for it is enough.
                    None => return Ok(None),
                }
            }
        }
        Ok(proof)
    }

    /// What the clinics that let a person in have of them, as far as the book has come.
    fn vouched(&self, person: &PersonId) -> Result<Vec<Patient>, AppError> {
        let book = self.book(person.as_str())?;
        let mut patients = Vec::new();
        for link in self.account()?.links(person)? {
            let clinic = self.clinic(link.clinic.as_str())?;
            // Anybody can name a server that says anything.
            if clinic.wire != Wire::Clinic {
                continue;
            }
            let patient = self.patient(&book, &link.clinic).ok();
            let patient = patient.and_then(|it| PatientView::from_json(&it.json).ok());
            patients.extend(patient.map(Patient));
        }
        Ok(patients)
    }

    fn has_own_documents(&self, person: &PersonId) -> Result<bool, AppError> {
        let book = self.book(person.as_str())?;
        Ok(!book.vault.own_documents()?.is_empty())
    }

    /// Where somebody is known, in words.
    fn clinics_of(&self, person: &PersonId) -> Result<String, AppError> {
        let mut names = Vec::new();
        for link in self.account()?.links(person)? {
            names.push(self.clinic(link.clinic.as_str())?.name);
        }
        Ok(names.join(", "))
    }
}
