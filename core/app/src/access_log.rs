//! Who looked at a person's book at a clinic: asked for, proved, and said in plain words. What was proved last is there without
//! a network, with its age.

mod say;

use std::time::Duration;

use sokhoe_client::{ClientError, ClinicClient, GarbledAnswer};
use sokhoe_domain::merkle::TreeHead;
use sokhoe_domain::{AccessOutcome, ClinicId, Timestamp, Wire};
use sokhoe_fhir::AccessLogPage;
use sokhoe_qr::PublicKey;
use sokhoe_sync::access_log::{ACCESS_LOG_MISMATCH, KeptEntry, LogKeeper, LogMismatch, check_page};
use sokhoe_vault::{ClinicRecord, KeptLogHead, NewEvent};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// Entries that are fetched and kept: the newest.
const KEPT: usize = 200;
/// How often a clinic proves, as part of a synchronisation, that its log was only appended to.
const CHECKED: Duration = Duration::from_secs(86_400);

/// Who looked at a person's book at a clinic.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessLogView {
    /// The clinic.
    pub clinic_id: String,
    /// What it is called.
    pub clinic_name: String,
    /// When this was proved, by this phone's clock.
    pub as_of: Timestamp,
    /// Whether the clinic could not be asked just now.
    pub is_old: bool,
    /// What is wrong with the log, as a sentence; unset where nothing is.
    pub mismatch: Option<String>,
    /// As of when it is, as a sentence.
    pub text: String,
    /// What was done, the newest first.
    pub entries: Vec<AccessLogEntryView>,
}

impl std::fmt::Debug for AccessLogView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLogView")
            .field("clinic_id", &self.clinic_id)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// What somebody did with a book, as often as they did it that day.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessLogEntryView {
    /// When, the last time.
    pub at: Timestamp,
    /// The same to read.
    pub when: String,
    /// Who, by the name that the clinic says.
    pub who: String,
    /// What they did.
    pub what: String,
    /// How often that day.
    pub count: u32,
    /// Whether they may not, and got nothing.
    pub is_denied: bool,
    /// Who and what, how often and with which end, as a sentence.
    pub text: String,
}

impl std::fmt::Debug for AccessLogEntryView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLogEntryView").finish_non_exhaustive()
    }
}

/// What a look at a log came to.
enum Looked {
    /// It is proved and kept.
    Proved,
    /// The clinic cannot be asked.
    Unreachable(ClientError),
    /// It is not what it was.
    Mismatch(LogMismatch),
}

impl SoKhoe {
    /// Who looked at a person's book at a clinic of ours, the newest first: the last two hundred accesses, like ones of a
    /// day together. Asks the clinic, and has it prove that nothing of what this phone saw before was changed; without a
    /// network it gives what was proved last.
    ///
    /// # Errors
    /// [`AppError::NotFound`] at a clinic that keeps no such log; [`AppError::Offline`], [`AppError::Busy`],
    /// [`AppError::BadAnswer`] or [`AppError::NotEnrolled`] when it cannot be asked and nothing is kept; what opening a book
    /// may give.
    pub async fn access_log(
        &self,
        person_id: &str,
        clinic_id: &str,
    ) -> Result<AccessLogView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinic = session.clinic(clinic_id)?;
        if clinic.wire == Wire::Server {
            return Err(AppError::not_found("access log"));
        }
        let patient = session.patient_at(&book.person.id, &clinic.id)?;
        let looked = session.look_at_log(&book, &clinic, &patient).await;
        session.store_data_use()?;
        let failure = match looked? {
            Looked::Proved => None,
            Looked::Unreachable(error) => Some(error),
            Looked::Mismatch(mismatch) => {
                session.tell_mismatch(&book, &clinic.id, mismatch.code())?;
                None
            }
        };
        session.log_view(&book, &clinic, failure)
    }
}

impl Session {
    /// Asks a clinic for a person's entries and proves them.
    async fn look_at_log(
        &self,
        book: &OpenBook,
        clinic: &ClinicRecord,
        patient: &str,
    ) -> Result<Looked, AppError> {
        let client = self.client(clinic)?;
        let page = match client.access_log(patient, KEPT).await {
            Ok(page) => page,
            // A page of a network's own is no word of the clinic's.
            Err(ClientError::Garbled(GarbledAnswer::NotFhir)) => {
                return self.mismatch(clinic, LogMismatch::Unproved);
            }
            Err(error) => return Ok(Looked::Unreachable(error)),
        };
        let public = PublicKey::from_bytes(clinic.public_key);
        let keeper = LogKeeper {
            clinic: clinic.id.as_str(),
            key: &public,
        };
        let kept = self.kept_entries(book, &clinic.id)?;
        let head = match (&page.checkpoint, page.entries.is_empty()) {
            // Of somebody of whom nothing was ever done; where something was kept that is a gap.
            (None, true) => None,
            (None, false) => return self.mismatch(clinic, LogMismatch::Unsigned),
            (Some(checkpoint), _) => match keeper.read(checkpoint) {
                Ok(head) => Some(head),
                Err(mismatch) => return self.mismatch(clinic, mismatch),
            },
        };
        let head = match head {
            None => TreeHead {
                size: 0,
                root: [0; 32],
            },
            Some(head) => {
                match self.follow(&client, clinic, keeper, Some(head)).await? {
                    Looked::Proved => {}
                    other => return Ok(other),
                }
                head
            }
        };
        self.keep_page(book, clinic, patient, (&head, &page), &kept)
    }

    fn keep_page(
        &self,
        book: &OpenBook,
        clinic: &ClinicRecord,
        patient: &str,
        (head, page): (&TreeHead, &AccessLogPage),
        kept: &[KeptEntry],
    ) -> Result<Looked, AppError> {
        match check_page(patient, head, page, KEPT, kept) {
            Ok(entries) => {
                let body = serde_json::to_string(&entries).unwrap_or_default();
                book.vault.keep_access_log(&clinic.id, self.now(), &body)?;
                Ok(Looked::Proved)
            }
            Err(mismatch) => self.mismatch(clinic, mismatch),
        }
    }

    /// Has a clinic prove that its log follows the head that is held, up to a head or up to its newest, and keeps that.
    async fn follow(
        &self,
        client: &ClinicClient,
        clinic: &ClinicRecord,
        keeper: LogKeeper<'_>,
        to: Option<TreeHead>,
    ) -> Result<Looked, AppError> {
        let account = self.account()?;
        let known = account.access_log_head(&clinic.id)?;
        let held = known.as_ref().and_then(|known| known.checkpoint.as_ref());
        let held = match held.map(|held| keeper.read(held)).transpose() {
            Ok(held) => held,
            // What is held was proved once: the clinic has another key now, and is another clinic.
            Err(mismatch) => return self.mismatch(clinic, mismatch),
        };
        let from = held.map_or(0, |held| held.size);
        let answer = match client.access_log_head(from, to.map(|to| to.size)).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Looked::Unreachable(error)),
        };
        let head = match keeper.follow(held.as_ref(), &answer) {
            Ok(head) => head,
            Err(mismatch) => return self.mismatch(clinic, mismatch),
        };
        if to.is_some_and(|to| to != head) {
            return self.mismatch(clinic, LogMismatch::Rewritten);
        }
        account.keep_access_log_head(
            &clinic.id,
            &KeptLogHead {
                checkpoint: Some(answer.checkpoint),
                asked: self.now(),
                mismatch: None,
            },
        )?;
        Ok(Looked::Proved)
    }

    /// Notes that a clinic's log is not believed; the head that is held stays.
    fn mismatch(&self, clinic: &ClinicRecord, mismatch: LogMismatch) -> Result<Looked, AppError> {
        tracing::warn!(
            code = mismatch.code(),
            "a clinic's access log does not hold"
        );
        let account = self.account()?;
        let known = account.access_log_head(&clinic.id)?;
        account.keep_access_log_head(
            &clinic.id,
            &KeptLogHead {
                checkpoint: known.and_then(|known| known.checkpoint),
                asked: self.now(),
                mismatch: Some(mismatch.code().to_owned()),
            },
        )?;
        Ok(Looked::Mismatch(mismatch))
    }

    /// Once a day, as part of a synchronisation: has a clinic prove that its log was only appended to. A clinic that cannot
    /// be asked is asked another day.
    pub(crate) async fn check_access_log(
        &self,
        book: &OpenBook,
        clinic_id: &ClinicId,
    ) -> Result<(), AppError> {
        let account = self.account()?;
        let clinic = self.clinic(clinic_id.as_str())?;
        let known = account.access_log_head(clinic_id)?;
        let since = known.as_ref().map_or(clinic.enrolled, |known| known.asked);
        if clinic.wire == Wire::Clinic && self.now() >= since.plus(CHECKED) {
            let public = PublicKey::from_bytes(clinic.public_key);
            let keeper = LogKeeper {
                clinic: clinic.id.as_str(),
                key: &public,
            };
            let client = self.client(&clinic)?;
            if let Looked::Unreachable(_) = self.follow(&client, &clinic, keeper, None).await? {
                let head = KeptLogHead {
                    asked: self.now(),
                    ..known.unwrap_or(KeptLogHead {
                        checkpoint: None,
                        asked: self.now(),
                        mismatch: None,
                    })
                };
                account.keep_access_log_head(clinic_id, &head)?;
            }
        }
        // Whoever's synchronisation found it: everybody is told with their own.
        let mismatch = account
            .access_log_head(clinic_id)?
            .and_then(|known| known.mismatch);
        match mismatch {
            Some(code) => self.tell_mismatch(book, clinic_id, &code),
            None => Ok(()),
        }
    }

    fn tell_mismatch(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
        code: &str,
    ) -> Result<(), AppError> {
        let event = NewEvent {
            kind: ACCESS_LOG_MISMATCH.to_owned(),
            subject: clinic.0.clone(),
            at: self.now(),
            body: code.to_owned(),
        };
        Ok(book.vault.tell_of_access_log(clinic, code, &event)?)
    }

    fn kept_entries(&self, book: &OpenBook, clinic: &ClinicId) -> Result<Vec<KeptEntry>, AppError> {
        let kept = book.vault.access_log(clinic)?;
        let entries = kept.map(|kept| serde_json::from_str(&kept.body).unwrap_or_default());
        Ok(entries.unwrap_or_default())
    }

    /// What is kept, in words.
    fn log_view(
        &self,
        book: &OpenBook,
        clinic: &ClinicRecord,
        failure: Option<ClientError>,
    ) -> Result<AccessLogView, AppError> {
        let kept = book.vault.access_log(&clinic.id)?;
        let kept = kept.filter(|kept| !kept.body.is_empty());
        let mismatch = self
            .account()?
            .access_log_head(&clinic.id)?
            .and_then(|known| known.mismatch)
            .map(|_| self.words.say("access-log-mismatch"));
        if let (None, None, Some(error)) = (&kept, &mismatch, &failure) {
            return Err(error.clone().into());
        }
        let now = self.now();
        let as_of = kept.as_ref().map_or(now, |kept| kept.received);
        let device = self.account()?.device_id()?;
        let entries: Vec<KeptEntry> = kept
            .map(|kept| serde_json::from_str(&kept.body).unwrap_or_default())
            .unwrap_or_default();
        let when = self.words.time(as_of, now);
        Ok(AccessLogView {
            clinic_id: clinic.id.0.clone(),
            clinic_name: clinic.name.clone(),
            as_of,
            is_old: failure.is_some(),
            text: self.words.say_with("access-log-as-of", &[("when", when)]),
            mismatch,
            entries: self.said(&entries, &device, now),
        })
    }

    /// Entries in words, like ones of a day together.
    fn said(&self, entries: &[KeptEntry], device: &str, now: Timestamp) -> Vec<AccessLogEntryView> {
        let mut said: Vec<AccessLogEntryView> = Vec::new();
        for kept in entries {
            let Some(entry) = kept.entry() else {
                continue;
            };
            let who = say::who(&self.words, &entry, kept.name.as_deref(), device);
            let what = say::what(&self.words, &entry);
            let is_denied = entry.outcome == AccessOutcome::Denied;
            let outcome = say::outcome(&self.words, entry.outcome);
            let day = entry.at.vietnam_day();
            let same = said.iter_mut().find(|one| {
                one.at.vietnam_day() == day
                    && one.who == who
                    && one.what == what
                    && one.text.ends_with(&outcome)
                    && one.is_denied == is_denied
            });
            if let Some(same) = same {
                same.count += 1;
                same.text = say::sentence(&self.words, &who, &what, same.count, &outcome);
                continue;
            }
            said.push(AccessLogEntryView {
                at: entry.at,
                when: self.words.time(entry.at, now),
                text: say::sentence(&self.words, &who, &what, 1, &outcome),
                who,
                what,
                count: 1,
                is_denied,
            });
        }
        said
    }
}
