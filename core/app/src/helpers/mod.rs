//! Who helps a person: invited, seen, given longer and taken back on the person's own phone, also without a network.
//!
//! Each is a Consent that the phone writes as it writes any of the person's own words (`core/vault/src/changes`): on disk
//! before a byte is sent, shown as on its way until the clinic has it. The other side, whom this phone helps, is in
//! `helping.rs`.

mod invite;

use sokhoe_domain::{ClinicId, GrantScope, IntentId, PersonId, ResourceKey, Timestamp};
use sokhoe_fhir::consent::Grant;
use sokhoe_vault::{NewChange, StoredResource};

use crate::changes::SyncStates;
use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::SyncStateView;
pub use invite::{HelperInvitationView, InviteHelperRequest};

/// Consents that are looked at: nobody has more helpers.
const MOST: u32 = 200;

/// Somebody who helps, or helped.
#[derive(Clone, PartialEq, Eq)]
pub struct HelperView {
    /// The grant's id.
    pub consent_id: String,
    /// At which clinic.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// The helper's name.
    pub name: String,
    /// What they may do.
    pub scopes: Vec<GrantScope>,
    /// Until when.
    pub until: Timestamp,
    /// Whether it is neither over nor taken back, as far as this phone knows.
    pub active: bool,
    /// All of it, as a sentence.
    pub text: String,
    /// How far what was decided here has come; unset once the clinic has it.
    pub sync: Option<SyncStateView>,
}

/// Names are not for logs.
impl std::fmt::Debug for HelperView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelperView")
            .field("consent_id", &self.consent_id)
            .field("scopes", &self.scopes)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// A grant as the book has it.
struct Known {
    clinic: ClinicId,
    json: String,
    grant: Grant,
}

impl SoKhoe {
    /// Who may help a person and who could, those in force first. Needs no network.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn helpers(&self, person_id: &str) -> Result<Vec<HelperView>, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let states = session.sync_states(&book)?;
        let mut helpers = book
            .grants()?
            .into_iter()
            .map(|known| session.helper_view(known, &states))
            .collect::<Result<Vec<_>, _>>()?;
        helpers.sort_by_key(|helper| (!helper.active, helper.until));
        Ok(helpers)
    }

    /// Takes a grant back. The clinic refuses the helper from the moment on that it knows; the helper's phone erases what
    /// it has when it asks next, and shows nothing once its lease is over.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a grant that is not there or is over; [`AppError::OnlyOwnPhone`];
    /// [`AppError::DiskFull`]; nothing is kept then.
    pub async fn end_help(
        &self,
        person_id: &str,
        consent_id: &str,
    ) -> Result<HelperView, AppError> {
        self.change_grant(person_id, consent_id, |grant, _| Grant {
            active: false,
            ..grant
        })
        .await
    }

    /// Lets somebody help so many days more, from today on, at most a year.
    ///
    /// # Errors
    /// As [`SoKhoe::end_help`]; [`AppError::Validation`] for more days than may be; [`AppError::KeyStore`], which is asked anew,
    /// where the person does not show that they are there.
    pub async fn prolong_help(
        &self,
        person_id: &str,
        consent_id: &str,
        days: u32,
    ) -> Result<HelperView, AppError> {
        invite::check_days(days)?;
        self.inner.asks_person()?;
        self.change_grant(person_id, consent_id, |grant, now| Grant {
            until: invite::end_of(days, now),
            ..grant
        })
        .await
    }

    async fn change_grant(
        &self,
        person_id: &str,
        consent_id: &str,
        change: impl FnOnce(Grant, Timestamp) -> Grant,
    ) -> Result<HelperView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        session.is_own_phone(&book.person.id)?;
        let mut known = book.grants()?;
        known.retain(|known| known.grant.id == consent_id && known.grant.active);
        let known = known.pop().ok_or_else(|| AppError::not_found("grant"))?;
        let now = session.now();
        let wanted = change(known.grant.clone(), now);
        session.check_giver(&book.person, &wanted, now)?;
        book.vault.keep_change(&NewChange {
            id: IntentId::new(now, &*session.ports.rng),
            clinic: known.clinic,
            key: ResourceKey::new("Consent", consent_id),
            ours: wanted.to_json(),
            base: Some(known.json),
            created: now,
        })?;
        self.send_changes(person_id).await?;
        self.helper(person_id, consent_id)
    }

    fn helper(&self, person_id: &str, consent_id: &str) -> Result<HelperView, AppError> {
        let mut helpers = self.helpers(person_id)?;
        helpers.retain(|helper| helper.consent_id == consent_id);
        helpers.pop().ok_or_else(|| AppError::not_found("grant"))
    }
}

impl OpenBook {
    fn grants(&self) -> Result<Vec<Known>, AppError> {
        let consents = self.vault.resources_of_kind("Consent", MOST)?;
        let grant = |stored: StoredResource| {
            // Another Consent is none of this.
            let grant = Grant::from_json(&stored.json).ok()?;
            Some(Known {
                clinic: stored.clinic,
                json: stored.json,
                grant,
            })
        };
        Ok(consents.into_iter().filter_map(grant).collect())
    }
}

impl Session {
    /// Who helps decides nothing for others.
    ///
    /// # Errors
    /// [`AppError::OnlyOwnPhone`]
    pub(crate) fn is_own_phone(&self, person: &PersonId) -> Result<(), AppError> {
        match self.helping(person)?.is_empty() {
            true => Ok(()),
            false => Err(AppError::OnlyOwnPhone),
        }
    }

    fn helper_view(&self, known: Known, states: &SyncStates) -> Result<HelperView, AppError> {
        let Known { clinic, grant, .. } = known;
        let key = ResourceKey::new("Consent", grant.id.as_str());
        let active = grant.active && grant.until > self.now();
        let may: Vec<_> = grant
            .scopes
            .iter()
            .map(|scope| self.words.scope(scope))
            .collect();
        let last = Timestamp::from_millis(grant.until.as_millis() - 1);
        let values = [
            ("name", grant.helper.clone()),
            ("may", may.join(", ")),
            ("until", self.words.date(last)),
        ];
        let words = if active { "helper-may" } else { "helper-could" };
        Ok(HelperView {
            clinic_name: self.clinic(clinic.as_str())?.name,
            clinic_id: clinic.0.clone(),
            text: self.words.say_with(words, &values),
            consent_id: grant.id,
            name: grant.helper,
            scopes: grant.scopes.iter().collect(),
            until: grant.until,
            active,
            sync: states.get(&(clinic, key)).cloned(),
        })
    }
}
