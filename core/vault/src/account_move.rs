//! The account as a whole, to be taken to a new phone. Keys of vaults are not in it: they never leave
//! a phone.

use std::fmt;

use sokhoe_domain::{ClinicId, PersonId, Timestamp};

use crate::account::{AccountVault, ClinicRecord, Link, PersonRecord};
use crate::bookings::{self, StoredBooking};
use crate::clinic_session::{self, ClinicSession};
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::helping::{self, Helping};
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// Everything an account says.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// By which clinics tell this phone from others.
    pub device_id: String,
    /// The clinics.
    pub clinics: Vec<ClinicRecord>,
    /// What they know this phone by.
    pub sessions: Vec<(ClinicId, ClinicSession)>,
    /// The persons.
    pub persons: Vec<PersonRecord>,
    /// Who is known where.
    pub links: Vec<(PersonId, Link)>,
    /// Whom the phone helps. A lease does not move: another phone has another start.
    pub helping: Vec<Helping>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("clinics", &self.clinics.len())
            .field("persons", &self.persons.len())
            .finish_non_exhaustive()
    }
}

impl AccountVault {
    /// Everything the account says.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn whole(&self) -> Result<Account, VaultError> {
        let persons = self.persons()?;
        let mut links = Vec::new();
        for person in &persons {
            let known = self.links(&person.id)?;
            links.extend(known.into_iter().map(|link| (person.id.clone(), link)));
        }
        let clinics = self.clinics()?;
        let mut sessions = Vec::new();
        for clinic in &clinics {
            let session = self.clinic_session(&clinic.id)?;
            sessions.extend(session.map(|session| (clinic.id.clone(), session)));
        }
        Ok(Account {
            device_id: self.device_id()?,
            clinics,
            sessions,
            persons,
            links,
            helping: self.all_helped()?,
        })
    }

    /// Whether there is neither a clinic nor a person.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn is_empty(&self) -> Result<bool, VaultError> {
        self.store.read(|tx, _| {
            let mut any =
                tx.prepare_cached(r#"SELECT 1 FROM "clinic" UNION ALL SELECT 1 FROM "person""#)?;
            Ok(!any.exists([])?)
        })
    }

    /// Becomes the account of another phone, all or nothing.
    ///
    /// # Errors
    /// [`VaultError::NotEmpty`] when there is a clinic or a person already,
    /// [`VaultError::ReservedClinic`]; nothing is changed then.
    pub fn become_account(&self, account: &Account) -> Result<(), VaultError> {
        if account.clinics.iter().any(|clinic| clinic.id.is_own()) {
            return Err(VaultError::ReservedClinic);
        }
        self.store.write(Durability::Full, |tx, _| {
            let taken = tx
                .prepare_cached(r#"SELECT 1 FROM "clinic" UNION ALL SELECT 1 FROM "person""#)?
                .exists([])?;
            if taken {
                return Err(VaultError::NotEmpty);
            }
            tx.execute(
                r#"INSERT OR REPLACE INTO "device" VALUES (1, ?1)"#,
                [&account.device_id],
            )?;
            for clinic in &account.clinics {
                tx.prepare_cached(r#"INSERT INTO "clinic" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#)?
                    .execute((
                        clinic.id.as_str(),
                        &clinic.name,
                        &clinic.base_url,
                        clinic.public_key,
                        clinic.token.expose(),
                        clinic.enrolled.as_millis(),
                        clinic.wire.as_str(),
                    ))?;
            }
            for (clinic, session) in &account.sessions {
                clinic_session::put(tx, clinic, session)?;
            }
            for person in &account.persons {
                tx.prepare_cached(r#"INSERT INTO "person" VALUES (?1, ?2, ?3, ?4, ?5)"#)?
                    .execute((
                        person.id.as_str(),
                        &person.name,
                        &person.birth_date,
                        &person.gender,
                        &person.vault_name,
                    ))?;
            }
            for (person, Link { clinic, patient_id }) in &account.links {
                tx.prepare_cached(r#"INSERT INTO "link" VALUES (?1, ?2, ?3)"#)?
                    .execute((clinic.as_str(), patient_id, person.as_str()))?;
            }
            for helping in &account.helping {
                helping::keep(
                    tx,
                    &Helping {
                        lease: None,
                        ..helping.clone()
                    },
                )?;
            }
            Ok(())
        })
    }

    /// When the person said that this account lives on another phone now.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn moved(&self) -> Result<Option<Timestamp>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(r#"SELECT "at" FROM "moved""#)?;
            let mut rows = find.query([])?;
            Ok(match rows.next()? {
                Some(row) => Some(Timestamp::from_millis(row.get(0)?)),
                None => None,
            })
        })
    }

    /// Notes that this account lives on another phone now, or that it does not.
    ///
    /// # Errors
    /// [`VaultError`]; the note is as it was then.
    pub fn set_moved(&self, at: Option<Timestamp>) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            match at {
                Some(at) => tx.execute(
                    r#"INSERT OR REPLACE INTO "moved" VALUES (1, ?1)"#,
                    [at.as_millis()],
                )?,
                None => tx.execute(r#"DELETE FROM "moved""#, [])?,
            };
            Ok(())
        })
    }
}

impl Vault {
    /// Keeps what another phone of the person knew and no clinic will tell again: bookings that are
    /// not known here, and events. Repeating it changes nothing. What waits to be sent comes in by
    /// [`Vault::enqueue`].
    ///
    /// # Errors
    /// [`VaultError`]; nothing is kept then.
    pub fn keep_moved(
        &self,
        known: &[StoredBooking],
        untold: &[NewEvent],
    ) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            for booking in known {
                if bookings::find(tx, booking.id)?.is_none() {
                    bookings::store(tx, booking)?;
                }
            }
            for event in untold {
                let told = tx
                    .prepare_cached(
                        r#"SELECT 1 FROM "event" WHERE "kind" = ?1 AND "subject" = ?2 AND "at" = ?3"#,
                    )?
                    .exists((&event.kind, &event.subject, event.at.as_millis()))?;
                if !told {
                    events::keep(tx, std::slice::from_ref(event))?;
                }
            }
            Ok(())
        })?;
        self.store().notices.tell(VaultChange {
            events: !untold.is_empty(),
            ..VaultChange::BOOKINGS
        });
        Ok(())
    }
}
