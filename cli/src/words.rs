//! The words of the command line, in Vietnamese and English: one Fluent file a language.
//!
//! What the core and the clinic have words for is theirs; here is only what the command line adds.

use std::io;

use clap::ValueEnum;
use sokhoe_app::domain::GiverRefusal;
use sokhoe_app::{AppError, Language};
use sokhoe_clinic::{BackupError, BadPassword, ClinicError, StaffError};
use sokhoe_words::Messages;

/// A language that the command line speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Tiếng Việt
    #[default]
    Vi,
    /// English
    En,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Vi => Self::Vi,
            Lang::En => Self::En,
        }
    }
}

const VI: &str = include_str!("../words/vi.ftl");
const EN: &str = include_str!("../words/en.ftl");

/// The words of one language.
pub(crate) struct Words {
    lang: Lang,
    messages: Messages,
    core: sokhoe_app::words::Words,
}

impl Words {
    /// The words of this language.
    pub fn new(lang: Lang) -> Self {
        let (id, text) = match lang {
            Lang::Vi => ("vi", VI),
            Lang::En => ("en", EN),
        };
        Self {
            lang,
            messages: Messages::read(id, text),
            core: sokhoe_app::words::Words::new(lang.into()),
        }
    }

    /// Which language it is.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A message without values; its key when the language has no such message.
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A message with values.
    pub fn say_with(&self, key: &str, values: &[(&str, String)]) -> String {
        self.messages.say_with(key, values)
    }

    /// A message, when the language has it.
    pub fn find(&self, key: &str) -> Option<String> {
        self.messages.has(key).then(|| self.say(key))
    }

    /// An error of the phone's core, in its own words.
    pub fn of_core(&self, error: &AppError) -> String {
        self.core.error(error)
    }

    fn of_giver(&self, refusal: GiverRefusal) -> String {
        match refusal {
            GiverRefusal::NeedsGuardian => self.say("clinic-error-giver-guardian"),
            GiverRefusal::NeedsChild => self.say("clinic-error-giver-child"),
            GiverRefusal::DecidesThemselves => self.say("clinic-error-giver-themselves"),
            GiverRefusal::EndsBefore(day) => {
                let day = day.in_vietnam().format("%d/%m/%Y").to_string();
                self.say_with("clinic-error-giver-ends", &[("day", day)])
            }
        }
    }

    fn of_staff(&self, error: StaffError) -> String {
        self.say(match error {
            StaffError::BadLogin => "clinic-error-staff-login",
            StaffError::BadName => "clinic-error-staff-name",
            StaffError::NoRole => "clinic-error-staff-role",
            StaffError::LoginTaken => "clinic-error-staff-taken",
            StaffError::NoSuchStaff => "clinic-error-staff-none",
            StaffError::LastAdministrator => "clinic-error-staff-last",
            StaffError::BadPassword(BadPassword::Length) => "clinic-error-staff-password-length",
            StaffError::BadPassword(BadPassword::Guessable) => {
                "clinic-error-staff-password-guessable"
            }
            StaffError::BadPassword(BadPassword::Hash) => "clinic-error-staff-password-hash",
        })
    }

    fn of_backup(&self, error: &BackupError) -> String {
        match error {
            BackupError::Postgres => self.say("clinic-error-backup-postgres"),
            BackupError::ShortPassphrase => self.say("clinic-error-backup-short"),
            BackupError::NoBackup => self.say("clinic-error-backup-none"),
            BackupError::Altered => self.say("clinic-error-backup-altered"),
            BackupError::NeedsPassphrase => self.say("clinic-error-backup-needs-passphrase"),
            BackupError::WrongPassphrase => self.say("clinic-error-backup-passphrase"),
            BackupError::NeedsKeys => self.say("clinic-error-backup-keys"),
            BackupError::NotEmpty(path) => self.say_with(
                "clinic-error-backup-not-empty",
                &[("path", path.display().to_string())],
            ),
        }
    }

    /// An error of the clinic.
    pub fn of_clinic(&self, error: &ClinicError) -> String {
        match error {
            ClinicError::UnknownDatabaseUrl => self.say("clinic-error-database-url"),
            ClinicError::NoSuchPatient => self.say("clinic-error-patient"),
            ClinicError::BadEnrolment => self.say("clinic-error-enrolment"),
            ClinicError::BadGrant => self.say("clinic-error-grant"),
            ClinicError::Backup(error) => self.of_backup(error),
            ClinicError::Giver(refusal) => self.of_giver(*refusal),
            ClinicError::BadInvoice => self.say("clinic-error-invoice"),
            ClinicError::Staff(error) => self.of_staff(*error),
            ClinicError::File { path, error } => {
                let values = [
                    ("path", path.display().to_string()),
                    ("error", self.of_system(error)),
                ];
                self.say_with("failure-file", &values)
            }
            ClinicError::BadKeyFile(path) => self.say_with(
                "clinic-error-key-file",
                &[("path", path.display().to_string())],
            ),
            ClinicError::Serve(error) => {
                self.say_with("clinic-error-serve", &[("error", self.of_system(error))])
            }
            other => self.say_with("clinic-error-other", &[("error", other.to_string())]),
        }
    }

    /// What the operating system said, for the cases that people meet.
    pub fn of_system(&self, error: &io::Error) -> String {
        let key = match error.kind() {
            io::ErrorKind::NotFound => "system-not-found",
            io::ErrorKind::PermissionDenied => "system-permission",
            io::ErrorKind::AddrInUse => "system-address-in-use",
            io::ErrorKind::AddrNotAvailable => "system-address-not-here",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "system-full",
            io::ErrorKind::NotADirectory => "system-not-a-folder",
            io::ErrorKind::IsADirectory => "system-a-folder",
            _ => return error.to_string(),
        };
        self.say(key)
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_words::{is_whole, keys};

    use super::*;

    #[test]
    fn both_languages_are_whole_and_say_the_same_things() {
        for text in [VI, EN] {
            assert!(is_whole(text));
        }
        assert_eq!(keys(VI), keys(EN));
    }

    /// Every key that the sources name is in the files: a missing one would be shown raw.
    #[test]
    fn every_key_of_the_sources_has_words() {
        let known = keys(VI);
        for source in sources(std::path::Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src"
        ))) {
            for said in [
                "say(\"",
                "say_with(\"",
                "said(\"",
                "Said(\"",
                "find(\"qr-",
                "find(\"demo-",
            ] {
                for (at, found) in source.match_indices(said) {
                    let key = source
                        .split_at(at + found.len())
                        .1
                        .split('"')
                        .next()
                        .unwrap_or_default();
                    assert!(
                        known.contains(&key) || key.contains(['(', ' ', '{']),
                        "{key}"
                    );
                }
            }
            for (at, found) in source.match_indices("report.step(\"") {
                let name = source
                    .split_at(at + found.len())
                    .1
                    .split('"')
                    .next()
                    .unwrap_or_default();
                assert!(known.contains(&&*format!("demo-step-{name}")), "{name}");
            }
        }
    }

    fn sources(folder: &std::path::Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(sources(&path));
            } else {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
        found
    }
}
