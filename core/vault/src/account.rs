//! The account: this device, its clinics, and who is who. Small, and encrypted like the books.

use std::fmt;

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{ClinicId, PersonId, Timestamp, Wire};
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::clinic_session::{self, ClinicSession};
use crate::epoch::Opening;
use crate::error::VaultError;
use crate::helping::{self, Helping};
use crate::migrations::ACCOUNT;
use crate::pause::PauseSwitch;
use crate::store::{Durability, Store, VaultPorts};

/// The name of the account's files, and the alias of its key.
pub(crate) const NAME: &str = "account";

/// Who is on this phone, and with which clinics. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct AccountVault {
    pub(crate) store: Arc<Store>,
}

impl fmt::Debug for AccountVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountVault").finish_non_exhaustive()
    }
}

/// A text that no log may show; wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

/// A clinic this phone is enrolled with.
#[derive(Clone, PartialEq, Eq)]
pub struct ClinicRecord {
    /// The id the clinic gave itself.
    pub id: ClinicId,
    /// Its name.
    pub name: String,
    /// Where it is reached.
    pub base_url: String,
    /// The key it signs with.
    pub public_key: [u8; 32],
    /// What somebody else's server wants to see, if it does. What a clinic of ours knows this phone by is a
    /// [`ClinicSession`].
    pub token: Secret,
    /// When the phone was enrolled last.
    pub enrolled: Timestamp,
    /// What it speaks.
    pub wire: Wire,
}

impl fmt::Debug for ClinicRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClinicRecord")
            .field("id", &self.id)
            .field("enrolled", &self.enrolled)
            .finish_non_exhaustive()
    }
}

/// A person whose book is on this phone.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// Made on this phone.
    pub id: PersonId,
    /// The name as a clinic wrote it.
    pub name: String,
    /// A FHIR date: a year, a month or a day.
    pub birth_date: Option<String>,
    /// The FHIR code.
    pub gender: Option<String>,
    /// The name of the person's vault.
    pub vault_name: String,
}

impl fmt::Debug for PersonRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonRecord")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A person with the id a clinic knows them by.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedPerson {
    /// Who.
    pub person: PersonRecord,
    /// The person's Patient id at the clinic.
    pub patient_id: String,
    /// What the phone may do for them, when they are not its own.
    pub helping: Option<Helping>,
}

impl fmt::Debug for LinkedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedPerson")
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// Where a person is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The clinic.
    pub clinic: ClinicId,
    /// The person's Patient id there.
    pub patient_id: String,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("clinic", &self.clinic)
            .finish_non_exhaustive()
    }
}

const CLINIC: &str =
    r#"SELECT "id", "name", "base_url", "public_key", "token", "enrolled", "wire" FROM "clinic""#;
const PERSON: &str =
    r#"SELECT p."id", p."name", p."birth_date", p."gender", p."vault_name" FROM "person" p"#;

fn read_clinic(row: &Row<'_>) -> rusqlite::Result<ClinicRecord> {
    Ok(ClinicRecord {
        id: ClinicId(row.get(0)?),
        name: row.get(1)?,
        base_url: row.get(2)?,
        public_key: row.get(3)?,
        token: row.get::<_, String>(4)?.into(),
        enrolled: Timestamp::from_millis(row.get(5)?),
        // A newer program's word is not read by this one: its schema is newer, too.
        wire: Wire::from_stored(&row.get::<_, String>(6)?).unwrap_or_default(),
    })
}

fn read_person(row: &Row<'_>) -> rusqlite::Result<PersonRecord> {
    Ok(PersonRecord {
        id: PersonId(row.get(0)?),
        name: row.get(1)?,
        birth_date: row.get(2)?,
        gender: row.get(3)?,
        vault_name: row.get(4)?,
    })
}

fn person_at(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    patient_id: &str,
) -> Result<Option<PersonRecord>, VaultError> {
    let mut find = tx.prepare_cached(&format!(
        r#"{PERSON} JOIN "link" l ON l."person" = p."id"
           WHERE l."clinic" = ?1 AND l."patient_id" = ?2"#
    ))?;
    Ok(find
        .query_row((clinic.as_str(), patient_id), read_person)
        .optional()?)
}

impl AccountVault {
    /// Opens the account, or makes it with a new device id.
    ///
    /// # Errors
    /// As [`crate::Vault::open`] and [`crate::Vault::create`].
    pub fn open_or_create(ports: &VaultPorts) -> Result<Self, VaultError> {
        Self::open_or_create_under(ports, &PauseSwitch::default())
    }

    /// As [`AccountVault::open_or_create`]; paused and resumed with everything else under the switch.
    ///
    /// # Errors
    /// As [`AccountVault::open_or_create`], and [`VaultError::Paused`].
    pub fn open_or_create_under(
        ports: &VaultPorts,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        let store = if Store::exists(ports, NAME)? {
            Store::open(ports, NAME, ACCOUNT, switch)?
        } else {
            Store::create(ports, NAME, ACCOUNT, switch)?
        };
        let known =
            store.read(|tx, _| Ok(tx.prepare(r#"SELECT 1 FROM "device""#)?.exists([])?))?;
        if !known {
            let mut random = [0_u8; 16];
            ports.rng.fill(&mut random);
            let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            store.write(Durability::Full, |tx, _| {
                tx.execute(r#"INSERT OR IGNORE INTO "device" VALUES (1, ?1)"#, [&id])?;
                Ok(())
            })?;
        }
        if store.opening == Opening::RolledBack {
            // A write, so that its epoch is above the key store's counter again.
            store.write(Durability::Full, |_, _| Ok(()))?;
        }
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// What opening found.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.store.opening
    }

    /// Whether the ring was locked since it was opened: this handle does not work any more, open it again.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.store.is_locked()
    }

    /// Destroys the account: first its key, then its files. The persons' vaults are not touched.
    /// Drop every handle before.
    ///
    /// # Errors
    /// As [`crate::Vault::erase`].
    pub fn erase(ports: &VaultPorts) -> Result<(), VaultError> {
        Store::erase(ports, NAME)
    }

    #[cfg(test)]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// 128 random bits in hex by which clinics know this device.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn device_id(&self) -> Result<String, VaultError> {
        self.store.read(|tx, _| {
            Ok(tx
                .prepare_cached(r#"SELECT "id" FROM "device""#)?
                .query_row([], |row| row.get(0))?)
        })
    }

    /// Keeps what adding a server gave: as [`AccountVault::enrol`], without a session.
    ///
    /// # Errors
    /// As [`AccountVault::enrol`].
    pub fn add_enrolment(
        &self,
        clinic: &ClinicRecord,
        persons: &[LinkedPerson],
    ) -> Result<Vec<PersonRecord>, VaultError> {
        self.enrol(clinic, None, persons)
    }

    /// Keeps what an enrolment gave, all or nothing, and gives the persons as they are kept. A clinic
    /// that is known is updated, unless it comes with another key: whoever makes such an enrolment is
    /// not the clinic that is known. A patient that is known at this clinic stays the person, with the
    /// vault, that they are; name, birth date and gender are updated.
    ///
    /// # Errors
    /// [`VaultError::OtherClinicKey`], [`VaultError::ReservedClinic`], [`VaultError`]; nothing is kept
    /// then.
    pub fn enrol(
        &self,
        clinic: &ClinicRecord,
        session: Option<&ClinicSession>,
        persons: &[LinkedPerson],
    ) -> Result<Vec<PersonRecord>, VaultError> {
        if clinic.id.is_own() {
            return Err(VaultError::ReservedClinic);
        }
        self.store.write(Durability::Full, |tx, _| {
            let other_key = tx
                .prepare_cached(r#"SELECT 1 FROM "clinic" WHERE "id" = ?1 AND "public_key" <> ?2"#)?
                .exists((clinic.id.as_str(), clinic.public_key))?;
            if other_key {
                return Err(VaultError::OtherClinicKey);
            }
            tx.prepare_cached(
                r#"INSERT INTO "clinic" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT ("id") DO UPDATE SET "name" = ?2, "base_url" = ?3,
                       "public_key" = ?4, "token" = ?5, "enrolled" = ?6, "wire" = ?7"#,
            )?
            .execute((
                clinic.id.as_str(),
                &clinic.name,
                &clinic.base_url,
                clinic.public_key,
                clinic.token.expose(),
                clinic.enrolled.as_millis(),
                clinic.wire.as_str(),
            ))?;
            if let Some(session) = session {
                clinic_session::put(tx, &clinic.id, session)?;
            }
            let mut kept = Vec::with_capacity(persons.len());
            for linked in persons {
                let known = person_at(tx, &clinic.id, &linked.patient_id)?;
                let person = match known {
                    Some(known) => PersonRecord {
                        id: known.id,
                        vault_name: known.vault_name,
                        ..linked.person.clone()
                    },
                    None => linked.person.clone(),
                };
                // A person who is known from another clinic keeps the vault, too.
                let vault_name = tx
                    .prepare_cached(
                        r#"INSERT INTO "person" VALUES (?1, ?2, ?3, ?4, ?5)
                           ON CONFLICT ("id") DO UPDATE SET "name" = ?2, "birth_date" = ?3,
                               "gender" = ?4
                           RETURNING "vault_name""#,
                    )?
                    .query_row(
                        (
                            person.id.as_str(),
                            &person.name,
                            &person.birth_date,
                            &person.gender,
                            &person.vault_name,
                        ),
                        |row| row.get(0),
                    )?;
                tx.prepare_cached(r#"INSERT OR IGNORE INTO "link" VALUES (?1, ?2, ?3)"#)?
                    .execute((clinic.id.as_str(), &linked.patient_id, person.id.as_str()))?;
                match &linked.helping {
                    Some(helping) => helping::keep(tx, helping)?,
                    None => helping::forget(tx, &clinic.id, &linked.patient_id)?,
                }
                kept.push(PersonRecord {
                    vault_name,
                    ..person
                });
            }
            Ok(kept)
        })
    }

    /// All clinics, in the order of their ids.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn clinics(&self) -> Result<Vec<ClinicRecord>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(r#"{CLINIC} ORDER BY "id""#))?;
            Ok(find.query_map([], read_clinic)?.collect::<Result<_, _>>()?)
        })
    }

    /// A clinic.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn clinic(&self, id: &ClinicId) -> Result<Option<ClinicRecord>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(r#"{CLINIC} WHERE "id" = ?1"#))?;
            Ok(find.query_row([id.as_str()], read_clinic).optional()?)
        })
    }

    /// All persons, in the order of their ids.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn persons(&self) -> Result<Vec<PersonRecord>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(r#"{PERSON} ORDER BY p."id""#))?;
            Ok(find.query_map([], read_person)?.collect::<Result<_, _>>()?)
        })
    }

    /// A person.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn person(&self, id: &PersonId) -> Result<Option<PersonRecord>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(r#"{PERSON} WHERE p."id" = ?1"#))?;
            Ok(find.query_row([id.as_str()], read_person).optional()?)
        })
    }

    /// Where a person is known.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn links(&self, id: &PersonId) -> Result<Vec<Link>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "clinic", "patient_id" FROM "link" WHERE "person" = ?1
                   ORDER BY "clinic", "patient_id""#,
            )?;
            let links = find.query_map([id.as_str()], |row| {
                Ok(Link {
                    clinic: ClinicId(row.get(0)?),
                    patient_id: row.get(1)?,
                })
            })?;
            Ok(links.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets that a person is known at a clinic. The person, the book and the clinic stay.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn unlink(&self, id: &PersonId, clinic: &ClinicId) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"DELETE FROM "helping" WHERE "clinic" = ?2 AND "patient_id" IN
                   (SELECT "patient_id" FROM "link" WHERE "person" = ?1 AND "clinic" = ?2)"#,
                [id.as_str(), clinic.as_str()],
            )?;
            tx.execute(
                r#"DELETE FROM "link" WHERE "person" = ?1 AND "clinic" = ?2"#,
                [id.as_str(), clinic.as_str()],
            )?;
            Ok(())
        })
    }

    /// Of two people who are one, keeps one: wherever `other` is known, it is `keep` who is known there from now on. The vault of
    /// `other` is erased before ([`crate::Vault::erase`]).
    ///
    /// # Errors
    /// [`VaultError`]; nothing is changed then.
    pub fn unite(&self, keep: &PersonId, other: &PersonId) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"UPDATE "link" SET "person" = ?1 WHERE "person" = ?2"#,
                [keep.as_str(), other.as_str()],
            )?;
            tx.execute(r#"DELETE FROM "person" WHERE "id" = ?1"#, [other.as_str()])?;
            Ok(())
        })
    }

    /// Makes a clinic's patient a person of their own, who was another's with it. What the vault of that one has of the clinic is
    /// for the caller to erase.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is changed then.
    pub fn part(&self, link: &Link, person: &PersonRecord) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT INTO "person" VALUES (?1, ?2, ?3, ?4, ?5)"#,
                (
                    person.id.as_str(),
                    &person.name,
                    &person.birth_date,
                    &person.gender,
                    &person.vault_name,
                ),
            )?;
            tx.execute(
                r#"UPDATE "link" SET "person" = ?3 WHERE "clinic" = ?1 AND "patient_id" = ?2"#,
                [link.clinic.as_str(), &link.patient_id, person.id.as_str()],
            )?;
            Ok(())
        })
    }

    /// The person that a clinic's patient is on this phone.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn person_of(
        &self,
        clinic: &ClinicId,
        patient_id: &str,
    ) -> Result<Option<PersonRecord>, VaultError> {
        self.store.read(|tx, _| person_at(tx, clinic, patient_id))
    }

    /// Forgets a person and where they are known; the vault is erased by [`crate::Vault::erase`].
    /// Does nothing when there is no such person.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is forgotten then.
    pub fn remove_person(&self, id: &PersonId) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"DELETE FROM "helping" WHERE ("clinic", "patient_id") IN
                   (SELECT "clinic", "patient_id" FROM "link" WHERE "person" = ?1)"#,
                [id.as_str()],
            )?;
            tx.execute(r#"DELETE FROM "link" WHERE "person" = ?1"#, [id.as_str()])?;
            tx.execute(r#"DELETE FROM "person" WHERE "id" = ?1"#, [id.as_str()])?;
            Ok(())
        })
    }
}
