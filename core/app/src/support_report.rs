//! What a helper reads aloud to support: how this phone stands, and nothing of whom it serves.
//!
//! No name, no number of a person, no word of a record, no address, no token goes in, since nobody at the
//! other end of a telephone line needs them. A clinic's name may tell what somebody suffers from, so that
//! clinics have codes that only this phone can tell apart. What clinics themselves wrote (codes of refusals)
//! goes in only where it is one that this program knows.

use ring::digest::{SHA256, digest};
use sokhoe_domain::ClinicId;
use sokhoe_domain::text::fold;
use sokhoe_sync::NetworkKind;
use sokhoe_vault::{ChangeState, ParkedWhy};

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::sync_state::Trouble;
use crate::views::ClinicSyncView;

/// Letters and digits that are not taken for each other when they are read aloud.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The codes of refusals that may be told: those of clinics of ours, and this program's own.
const KNOWN_REFUSALS: [&str; 12] = [
    "slot-taken",
    "not-offered",
    "too-many",
    "access-ended",
    "not-found",
    "deleted",
    "invalid-request",
    "conflict",
    "business-rule",
    "forbidden",
    "invalid",
    "not-supported",
];

impl SoKhoe {
    /// How this phone stands, in short lines to be read aloud to support, in the language of the app. Holds
    /// nothing of a person or of what is in a book. Persons are numbered as [`SoKhoe::persons`] lists them,
    /// clinics have the code of [`ClinicSyncView::support_code`]. Needs no network.
    ///
    /// `app_version` is the version of the app around this core, e.g. `2.1 (341)`. The last line has how many
    /// lines come before it and a code of what they say ([`report_code`]), so that support knows that it heard
    /// the whole.
    ///
    /// # Errors
    /// [`AppError::Validation`] for what is no version, what opening the account may give; that a book cannot
    /// be opened is a line.
    pub fn support_report(&self, app_version: Option<&str>) -> Result<String, AppError> {
        let session = &*self.inner;
        let persons = self.persons()?;
        let (book, account) = sokhoe_vault::schema_versions();
        let say = |key: &str, values: &[(&str, String)]| session.words.say_with(key, values);
        let mut lines = Vec::new();
        if let Some(version) = app_version {
            // It is read aloud, and nothing else may come in by it.
            let is_version = |c: char| c.is_ascii_alphanumeric() || " .-+()".contains(c);
            if !(1..=20).contains(&version.len()) || !version.chars().all(is_version) {
                let rule = "must be 1 to 20 letters, digits, and . - + ( )";
                return Err(AppError::invalid("app_version", rule));
            }
            let version = ("version", version.to_owned());
            lines.push(say("report-app-version", &[version]));
        }
        lines.extend([
            say(
                "report-app",
                &[
                    ("version", env!("CARGO_PKG_VERSION").to_owned()),
                    ("book", book.to_string()),
                    ("account", account.to_string()),
                ],
            ),
            say("report-clock", &[("when", session.clock_text())]),
            say(
                "report-phone",
                &[
                    ("persons", persons.len().to_string()),
                    ("clinics", self.clinics()?.len().to_string()),
                ],
            ),
        ]);
        lines.extend(session.storage_line());
        lines.extend(session.conditions_lines()?);
        for (number, person) in (1..).zip(&persons) {
            let number = ("number", number.to_string());
            match session.book_lines(&person.id) {
                Ok(of_book) => {
                    lines.push(say("report-person", &[number]));
                    lines.extend(of_book);
                }
                Err(error) => {
                    let code = ("code", error.code().to_owned());
                    lines.push(say("report-person-closed", &[number, code]));
                }
            }
        }
        let said = lines.join("\n");
        let end = [
            ("lines", lines.len().to_string()),
            ("code", report_code(&said)),
        ];
        Ok(format!("{said}\n{}", say("report-end", &end)))
    }
}

/// Five letters and digits that follow from what a text says, however its letters, marks and lines are
/// written down: of a report, all lines but the last.
#[must_use]
pub fn report_code(text: &str) -> String {
    letters_of(&format!("report\n{}", fold(text)), 5)
}

/// So many letters that follow from a text.
fn letters_of(text: &str, many: usize) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let bytes = hash.as_ref().iter().take(many);
    bytes
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}

impl Session {
    /// A clinic's code for support: the same on this phone for ever, and nobody else's business.
    pub(crate) fn support_code(&self, clinic: &ClinicId) -> Result<String, AppError> {
        let text = format!("support\n{}\n{}", self.account()?.device_id()?, clinic.0);
        Ok(letters_of(&text, 4))
    }

    /// What books and documents take on disk. A folder that cannot be read now says so elsewhere.
    fn storage_line(&self) -> Option<String> {
        let files = &self.ports.files;
        let (mut books, mut documents) = (0_u64, 0_u64);
        for name in files.list().ok()? {
            let size = files.size(&name).ok().flatten().unwrap_or(0);
            let of = match name.contains(".blob-") {
                true => &mut documents,
                false => &mut books,
            };
            *of = of.saturating_add(size);
        }
        let values = [
            ("books", tenths_of_megabytes(books)),
            ("documents", tenths_of_megabytes(documents)),
        ];
        Some(self.words.say_with("report-storage", &values))
    }

    /// How the phone's clock stands to a clinic's, if that told the time since the app began.
    fn server_clock_line(&self, clinic_id: &str) -> Option<String> {
        let ahead = self.phone_ahead(&ClinicId::from(clinic_id))?;
        let Some(span) = self.span_off(ahead) else {
            return Some(self.words.say("report-clock-same"));
        };
        let key = match ahead > 0 {
            true => "report-clock-ahead",
            false => "report-clock-behind",
        };
        Some(self.words.say_with(key, &[("span", span)]))
    }

    fn clock_text(&self) -> String {
        let now = self.now().in_vietnam();
        now.format("%d/%m/%Y, %H:%M").to_string()
    }

    fn conditions_lines(&self) -> Result<Vec<String>, AppError> {
        let conditions = *self.conditions.borrow();
        let network = match conditions.network {
            NetworkKind::None => "report-network-none",
            NetworkKind::Metered => "report-network-metered",
            NetworkKind::Unmetered => "report-network-unmetered",
        };
        let battery = match conditions.battery_low {
            true => "report-battery-low",
            false => "report-battery-good",
        };
        let mut lines = vec![self.words.say(network), self.words.say(battery)];
        let used = self.data_use()?;
        if let Some(left) = used.left() {
            let values = [
                ("left", tenths_of_megabytes(left)),
                ("today", tenths_of_megabytes(used.today)),
            ];
            lines.push(self.words.say_with("report-data", &values));
        }
        Ok(lines)
    }

    fn book_lines(&self, person_id: &str) -> Result<Vec<String>, AppError> {
        let book = self.book(person_id)?;
        let documents = book.vault.blob_usage()?;
        let mut lines = vec![self.words.say_with(
            "report-documents",
            &[
                ("used", tenths_of_megabytes(documents.used)),
                ("budget", tenths_of_megabytes(documents.budget)),
            ],
        )];
        let troubles = book.vault.clinic_syncs()?;
        for view in self.clinic_sync_views(&book)? {
            let trouble = troubles
                .iter()
                .find(|sync| sync.clinic.0 == view.clinic_id)
                .and_then(|sync| sync.trouble.as_deref())
                .map(|code| Trouble::from_code(code).code());
            lines.extend(self.clinic_lines(&view, trouble));
            lines.extend(self.server_clock_line(&view.clinic_id));
            let codes = refusals(&book.vault, &view.clinic_id)?;
            if !codes.is_empty() {
                let codes = [("codes", codes.join(", "))];
                lines.push(self.words.say_with("report-codes", &codes));
            }
        }
        Ok(lines)
    }

    fn clinic_lines(&self, view: &ClinicSyncView, trouble: Option<&str>) -> Vec<String> {
        let when = view.last_success.map_or_else(
            || self.words.say("report-never"),
            |at| self.words.when(at, self.now()),
        );
        let clinic = [("code", view.support_code.clone()), ("when", when)];
        let mut lines = vec![self.words.say_with("report-clinic", &clinic)];
        if let Some(trouble) = trouble {
            let code = [("code", trouble.to_owned())];
            lines.push(self.words.say_with("report-trouble", &code));
        }
        if let Some(until) = view.next_try {
            let when = [("when", self.words.when(until, self.now()))];
            lines.push(self.words.say_with("report-left-alone", &when));
        }
        for (key, count) in [
            ("report-waiting", view.waiting),
            ("report-sending", view.sending),
            ("report-parked", view.parked),
            ("report-refused", view.refused),
            ("report-conflicts", view.conflicts),
            ("report-set-aside", view.set_aside),
        ] {
            if count > 0 {
                let count = [("count", count.to_string())];
                lines.push(self.words.say_with(key, &count));
            }
        }
        lines
    }
}

/// Why something of this clinic goes no further, each reason once.
fn refusals(vault: &sokhoe_vault::Vault, clinic: &str) -> Result<Vec<String>, AppError> {
    let mut codes = Vec::new();
    for parked in vault.parked()? {
        if parked.intent.clinic.as_str() == clinic {
            codes.push(match parked.why {
                ParkedWhy::Unreadable => "unreadable",
                ParkedWhy::Invalid => "invalid-request",
                ParkedWhy::Unclear => "unclear",
                ParkedWhy::Refused { code } => known(&code),
            });
        }
    }
    for change in vault.changes()? {
        if change.clinic.as_str() == clinic && change.state == ChangeState::Refused {
            codes.push(known(&change.reason));
        }
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes.into_iter().map(str::to_owned).collect())
}

/// The code, when it is one of ours: what a server makes up may be anything.
fn known(code: &str) -> &'static str {
    let mut codes = KNOWN_REFUSALS.into_iter();
    codes.find(|known| *known == code).unwrap_or("other")
}

/// `1.5` of 1,500,000 bytes.
fn tenths_of_megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
