//! How a clinic can reach a person: read, and changed on the phone first.

use sokhoe_domain::text::is_visible;
use sokhoe_domain::{ClinicId, GrantScope, IntentId, ResourceKey};
use sokhoe_fhir::ContactView as Contact;
use sokhoe_vault::{NewChange, StoredResource};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{ChangeContactRequest, ContactView};

/// Telephone numbers of a person at most.
const MOST_PHONES: usize = 5;
/// Digits of a telephone number (E.164), and those of the shortest that a person has.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Characters of an address at most.
const LONGEST_ADDRESS: usize = 300;

impl SoKhoe {
    /// How a clinic can reach a person, as the book shows it; the clinic may be left out when there is only one.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also as long as nothing of the clinic was synchronised; what opening a book may give.
    pub fn contact(
        &self,
        person_id: &str,
        clinic_id: Option<String>,
    ) -> Result<ContactView, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinic = session.clinic_of(&book, clinic_id)?;
        session.contact_view(&book, &clinic)
    }

    /// Changes telephone numbers or the address. On disk and shown before anything is sent; without a network it waits.
    /// What the clinic changed meanwhile is merged; where both changed the same, the person is asked
    /// ([`SoKhoe::conflicts`]).
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], [`AppError::DiskFull`]; nothing is kept then.
    pub async fn change_contact(
        &self,
        request: ChangeContactRequest,
    ) -> Result<ContactView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let phones = request.phones.map(sound_phones).transpose()?;
        let address = request
            .address
            .map(|text| sound_address(&text))
            .transpose()?;
        let book = session.book(&request.person_id)?;
        let clinic = session.clinic_of(&book, request.clinic_id)?;
        session.granted(&book.person.id, &clinic, GrantScope::SeeEverything)?;
        let before = session.patient(&book, &clinic)?;
        let unreadable = |_| AppError::not_found("patient");
        let known = Contact::from_json(&before.json).map_err(unreadable)?;
        let wanted = Contact {
            phones: phones.unwrap_or_else(|| known.phones.clone()),
            address: address.unwrap_or_else(|| known.address.clone()),
        };
        if wanted != known {
            let now = session.now();
            book.vault.keep_change(&NewChange {
                id: IntentId::new(now, &*session.ports.rng),
                clinic: clinic.clone(),
                key: before.key,
                ours: wanted.write_into(&before.json).map_err(unreadable)?,
                base: Some(before.json),
                created: now,
            })?;
            self.send_changes(&request.person_id).await?;
        }
        session.contact_view(&book, &clinic)
    }
}

impl Session {
    /// The person's Patient at a clinic, with what they wrote into it.
    pub(crate) fn patient(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
    ) -> Result<StoredResource, AppError> {
        let id = self.patient_at(&book.person.id, clinic)?;
        book.vault
            .resource(clinic, &ResourceKey::new("Patient", id))?
            .ok_or_else(|| AppError::not_found("patient"))
    }

    fn contact_view(&self, book: &OpenBook, clinic: &ClinicId) -> Result<ContactView, AppError> {
        let patient = self.patient(book, clinic)?;
        let contact =
            Contact::from_json(&patient.json).map_err(|_| AppError::not_found("patient"))?;
        let mut states = self.sync_states(book)?;
        Ok(ContactView {
            clinic_name: self.clinic(clinic.as_str())?.name,
            clinic_id: clinic.0.clone(),
            phones: contact.phones,
            address: contact.address,
            sync: states.remove(&(clinic.clone(), patient.key)),
        })
    }
}

/// Numbers as they are dialled, without spaces and points.
fn sound_phones(phones: Vec<String>) -> Result<Vec<String>, AppError> {
    if phones.len() > MOST_PHONES {
        return Err(AppError::invalid("phones", "must be at most 5"));
    }
    let mut sound: Vec<String> = Vec::new();
    for phone in phones {
        let number: String = phone
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '(' | ')'))
            .collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        if !DIGITS.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AppError::invalid("phones", "must have 8 to 15 digits"));
        }
        if !sound.contains(&number) {
            sound.push(number);
        }
    }
    Ok(sound)
}

fn sound_address(text: &str) -> Result<String, AppError> {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| is_visible(*c)).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let address = words.join(" ");
    if address.chars().count() > LONGEST_ADDRESS {
        return Err(AppError::invalid(
            "address",
            "must have at most 300 characters",
        ));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_they_are_dialled() {
        let sound =
            |phones: &[&str]| sound_phones(phones.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(
            sound(&["0912 345.678", "+84 (24) 3852-3798", "0912345678"]).unwrap(),
            ["0912345678", "+842438523798"]
        );
        for bad in ["115", "09x2345678", "", "+", "1234567890123456"] {
            assert!(sound(&[bad]).is_err(), "{bad}");
        }
        assert!(sound(&["09123456781"; 6]).is_err());
        assert_eq!(
            sound_address("  Bản\u{200b} Hua Tạt,\n Sơn La ").unwrap(),
            "Bản Hua Tạt, Sơn La"
        );
        assert!(sound_address(&"a".repeat(301)).is_err());
    }
}
