//! The phone in a folder, opened as an app opens it.

use std::path::Path;
use std::sync::Arc;

use sokhoe_app::domain::ports::{KeyStore, Ports};
use sokhoe_app::{AppConfig, ClinicView, PersonView, SoKhoe, system_ports};
use sokhoe_domain::text::fold;

use crate::failure::Failure;
use crate::folder;
use crate::key_store::FileKeyStore;
use crate::words::Words;

/// Where the books lie in a phone's folder.
const BOOKS: &str = "books";
/// Where the wrapping keys lie.
const KEYS: &str = "keys";

/// The real ports of a phone in this folder.
///
/// # Errors
/// When the folder cannot be made or used.
pub(crate) fn open_ports(folder: &Path) -> Result<Ports, Failure> {
    folder::make_private(folder)?;
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeyStore::new(folder.join(KEYS)));
    Ok(system_ports(&folder.join(BOOKS), keys)?)
}

/// A phone and whom the command is about.
pub(super) struct Phone<'a> {
    pub app: SoKhoe,
    pub words: &'a Words,
    pub ports: Ports,
    asked: Option<String>,
}

impl<'a> Phone<'a> {
    /// Opens what is in the folder. Only a phone that enrols is made when it is not there: a slip in a path
    /// must not look like an empty book.
    pub fn open(
        folder: &Path,
        may_make: bool,
        person: Option<String>,
        words: &'a Words,
    ) -> Result<Self, Failure> {
        if !may_make && !folder.is_dir() {
            return Err(not_there(folder));
        }
        let ports = open_ports(folder)?;
        let app = SoKhoe::open(config(words), ports.clone())?;
        Ok(Self {
            app,
            words,
            ports,
            asked: person,
        })
    }

    /// Opens what is in the folder with a recovery code.
    pub fn recover(folder: &Path, code: &str, words: &Words) -> Result<(), Failure> {
        if !folder.is_dir() {
            return Err(not_there(folder));
        }
        SoKhoe::recover(config(words), open_ports(folder)?, code)?;
        Ok(())
    }

    /// The person the command is about: the one asked for, or the only one.
    pub fn person(&self) -> Result<PersonView, Failure> {
        let persons = self.app.persons()?;
        if persons.is_empty() {
            return Err(Failure::said("phone-not-enrolled"));
        }
        match &self.asked {
            Some(asked) => self.person_named(asked),
            None => only(persons).map_err(|persons| {
                Failure::Said("phone-which-person", vec![("persons", names(&persons))])
            }),
        }
    }

    /// The person of this id, or with this in their name.
    pub fn person_named(&self, asked: &str) -> Result<PersonView, Failure> {
        let persons = self.app.persons()?;
        let wanted = fold(asked);
        let all = names(&persons);
        let found: Vec<PersonView> = persons
            .into_iter()
            .filter(|person| person.id == asked || fold(&person.name).contains(&wanted))
            .collect();
        only(found).map_err(|found| {
            let key = if found.is_empty() {
                "phone-no-such-person"
            } else {
                "phone-which-person"
            };
            Failure::Said(
                key,
                vec![
                    ("asked", asked.to_owned()),
                    (
                        "persons",
                        if found.is_empty() { all } else { names(&found) },
                    ),
                ],
            )
        })
    }

    /// A clinic of this person: the one asked for by id or a part of its name, or the only one.
    pub fn clinic(&self, person: &PersonView, asked: Option<&str>) -> Result<ClinicView, Failure> {
        let mut clinics = self.app.clinics()?;
        clinics.retain(|clinic| person.clinic_ids.contains(&clinic.id));
        if let Some(asked) = asked {
            let wanted = fold(asked);
            clinics.retain(|clinic| clinic.id == asked || fold(&clinic.name).contains(&wanted));
        }
        only(clinics).map_err(|clinics| {
            let names: Vec<&str> = clinics.iter().map(|clinic| clinic.name.as_str()).collect();
            let key = if clinics.is_empty() {
                "phone-no-such-clinic"
            } else {
                "phone-which-clinic"
            };
            Failure::Said(key, vec![("clinics", names.join(", "))])
        })
    }
}

fn config(words: &Words) -> AppConfig {
    AppConfig {
        language: words.lang().into(),
        device_name: "sokhoe phone".to_owned(),
    }
}

fn not_there(folder: &Path) -> Failure {
    Failure::Said(
        "phone-not-there",
        vec![("path", folder.display().to_string())],
    )
}

fn names(persons: &[PersonView]) -> String {
    persons
        .iter()
        .map(|person| person.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The only one, or all of them back.
fn only<T>(mut things: Vec<T>) -> Result<T, Vec<T>> {
    match things.pop() {
        Some(thing) if things.is_empty() => Ok(thing),
        Some(thing) => {
            things.push(thing);
            Err(things)
        }
        None => Err(things),
    }
}
