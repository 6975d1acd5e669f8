//! What a person asks of what a clinic keeps of them: to take their consent back, to have it erased, a copy, a correction, less
//! use, or that somebody else gets it (Law 91/2025/QH15). Asked from their own phone, with the words they said yes to; on disk
//! before a byte is sent. The clinic answers with a signed receipt and until when it is answered and done.

use serde::{Deserialize, Serialize};
use sokhoe_domain::age::check_giver;
use sokhoe_domain::rights::RightsRequest;
use sokhoe_domain::{BirthDate, ClinicId, GiverRefusal, IntentId, ResourceKey, Timestamp, Wire};
use sokhoe_fhir::consent::{Giver, Shown, is_name};
use sokhoe_fhir::{RightsReceipt, RightsTask};
use sokhoe_vault::{NewChange, NewEvent, PersonRecord};

use crate::changes::SyncStates;
use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::SyncStateView;
use crate::words::Words;

/// By which a person hears of a receipt whose book is erased with what was asked.
pub(crate) const RECEIVED: &str = "rights-received";
/// Which version of `rights-words` people are shown: a new one whenever those words change.
const WORDS: &str = "1";
/// Tasks that are looked at: nobody has more requests.
const MOST: u32 = 200;
/// Letters of what is to be corrected, at most, as the clinic has it.
const LONGEST_DETAILS: usize = 2_000;

/// What somebody asks.
#[derive(Clone, PartialEq, Eq)]
pub struct AskForRightsRequest {
    /// Whose record it is.
    pub person_id: String,
    /// At which clinic; may be unset when the person is at one alone.
    pub clinic_id: Option<String>,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, with [`RightsRequest::Disclose`] and there alone.
    pub recipient: Option<String>,
    /// What is to be corrected, and whatever else is to be said.
    pub details: Option<String>,
    /// Who decides for a child: their name.
    pub guardian: Option<String>,
    /// Whether a child from seven on was asked and agrees: needed for [`RightsRequest::Disclose`].
    pub child_agrees: bool,
}

impl std::fmt::Debug for AskForRightsRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskForRightsRequest")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

/// A request and what became of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RightsRequestView {
    /// Its number, which is on the receipt.
    pub id: String,
    /// At which clinic.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, where that is asked.
    pub recipient: Option<String>,
    /// When it was asked.
    pub asked: Timestamp,
    /// When the clinic received it; unset until then.
    pub received: Option<Timestamp>,
    /// The last day for an answer (ISO 8601).
    pub answer_by: Option<String>,
    /// The last day to have it done (ISO 8601).
    pub done_by: Option<String>,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was done.
    pub done: Option<Timestamp>,
    /// The clinic's signature over the receipt, in base64.
    pub signature: Option<String>,
    /// All of it, as a sentence.
    pub text: String,
    /// How far it has come; unset once the clinic has it.
    pub sync: Option<SyncStateView>,
}

/// What is asked may say what somebody has.
impl std::fmt::Debug for RightsRequestView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RightsRequestView")
            .field("id", &self.id)
            .field("what", &self.what)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// A receipt that outlives the book, as it is kept with an event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptReceipt {
    id: String,
    what: RightsRequest,
    clinic: String,
    received: Timestamp,
    answer_by: String,
    done_by: String,
    signature: String,
}

impl SoKhoe {
    /// The words that whoever asks is to hear or read and agree to before [`SoKhoe::ask_for_rights`].
    ///
    /// # Errors
    /// [`AppError::Validation`] for what cannot be asked so; [`AppError::OnlyOwnPhone`]; [`AppError::NotFound`].
    pub fn words_before_rights(&self, request: &AskForRightsRequest) -> Result<String, AppError> {
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        session.is_own_phone(&book.person.id)?;
        let clinic = session.clinic_of(&book, request.clinic_id.clone())?;
        session.rights_words(&book.person, &clinic, request)
    }

    /// Asks. `agreed_words` are those of [`SoKhoe::words_before_rights`] to which they said yes: kept with the request. Needs no
    /// network: it waits for one. Once the clinic received a withdrawal or an erasure, no phone is given anything any more,
    /// this one erases what came from there, and the receipt stays as an event.
    ///
    /// # Errors
    /// [`AppError::Validation`], also when the words are others; [`AppError::OnlyOwnPhone`]; [`AppError::NotFound`];
    /// [`AppError::KeyStore`], which is asked anew, where the person does not show that they are there;
    /// [`AppError::DiskFull`]; nothing is kept then.
    pub async fn ask_for_rights(
        &self,
        request: AskForRightsRequest,
        agreed_words: &str,
    ) -> Result<RightsRequestView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        session.is_own_phone(&book.person.id)?;
        let clinic = session.clinic_of(&book, request.clinic_id.clone())?;
        if session.rights_words(&book.person, &clinic, &request)? != agreed_words {
            return Err(AppError::invalid(
                "agreed_words",
                "must be those that were shown",
            ));
        }
        session.asks_person()?;
        let now = session.now();
        let id = IntentId::new(now, &*session.ports.rng);
        let task = RightsTask {
            id: id.to_string(),
            patient: session.patient_at(&book.person.id, &clinic)?,
            what: request.what,
            recipient: trimmed(request.recipient.as_deref()),
            details: trimmed(request.details.as_deref()),
            asked: now,
            giver: giver(&request),
            shown: Some(Shown {
                text: agreed_words.to_owned(),
                language: session.config.language.code().to_owned(),
                version: WORDS.to_owned(),
            }),
            receipt: None,
        };
        book.vault.keep_change(&NewChange {
            id,
            clinic: clinic.clone(),
            key: ResourceKey::new("Task", task.id.as_str()),
            base: None,
            ours: task.to_json(),
            created: now,
        })?;
        self.send_changes(&request.person_id).await?;
        let known = book
            .requests()?
            .into_iter()
            .find(|(_, known)| known.id == task.id)
            .map_or(task, |(_, known)| known);
        let view = session.request_view(clinic, known, &session.sync_states(&book)?)?;
        if request.what.ends_access() && view.received.is_some() {
            // What the clinic had given goes now and not some time later; without a network it goes with the next one.
            let _later = self.sync(&request.person_id).await;
        }
        Ok(view)
    }

    /// What was asked for a person, the newest first. Needs no network.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn rights_requests(&self, person_id: &str) -> Result<Vec<RightsRequestView>, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let states = session.sync_states(&book)?;
        let mut requests = book
            .requests()?
            .into_iter()
            .map(|(clinic, task)| session.request_view(clinic, task, &states))
            .collect::<Result<Vec<_>, _>>()?;
        requests.sort_by_key(|request| std::cmp::Reverse(request.asked));
        Ok(requests)
    }
}

impl OpenBook {
    fn requests(&self) -> Result<Vec<(ClinicId, RightsTask)>, AppError> {
        let tasks = self.vault.resources_of_kind("Task", MOST)?;
        let request = |stored: sokhoe_vault::StoredResource| {
            // Another Task is none of this.
            let task = RightsTask::from_json(&stored.json).ok()?;
            Some((stored.clinic, task))
        };
        Ok(tasks.into_iter().filter_map(request).collect())
    }
}

impl Session {
    /// The receipts that say why a clinic's book goes, as events that stay.
    pub(crate) fn receipts_to_keep(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
    ) -> Result<Vec<NewEvent>, AppError> {
        let mut events = Vec::new();
        for (of, task) in book.requests()? {
            let (true, Some(receipt)) = (task.what.ends_access() && of == *clinic, task.receipt)
            else {
                continue;
            };
            let kept = KeptReceipt {
                id: task.id,
                what: task.what,
                clinic: self.clinic(clinic.as_str())?.name,
                received: receipt.received,
                answer_by: receipt.answer_by.to_string(),
                done_by: receipt.done_by.to_string(),
                signature: receipt.signature,
            };
            events.push(NewEvent {
                kind: RECEIVED.to_owned(),
                subject: kept.id.clone(),
                at: self.now(),
                body: serde_json::to_string(&kept).map_err(|_| AppError::internal("receipt"))?,
            });
        }
        Ok(events)
    }

    fn rights_words(
        &self,
        person: &PersonRecord,
        clinic: &ClinicId,
        request: &AskForRightsRequest,
    ) -> Result<String, AppError> {
        let place = self.clinic(clinic.as_str())?;
        if place.wire == Wire::Server {
            return Err(AppError::invalid("clinic_id", "must be a clinic of ours"));
        }
        let giver = giver(request);
        if !giver.is_named() {
            return Err(AppError::invalid("guardian", "must be a name"));
        }
        let recipient = request.recipient.as_deref();
        if request.what == RightsRequest::Disclose && !recipient.is_some_and(is_name) {
            return Err(AppError::invalid("recipient", "must be a name"));
        }
        if request.what != RightsRequest::Disclose && recipient.is_some() {
            return Err(AppError::invalid("recipient", "must be unset"));
        }
        let details = trimmed(request.details.as_deref());
        if request.what == RightsRequest::Correct && details.is_none() {
            return Err(AppError::invalid(
                "details",
                "must say what is to be corrected",
            ));
        }
        if details
            .as_ref()
            .is_some_and(|details| details.chars().count() > LONGEST_DETAILS)
        {
            return Err(AppError::invalid(
                "details",
                "must have at most 2000 characters",
            ));
        }
        let born = person.birth_date.as_deref().and_then(BirthDate::parse);
        let needs_child = request.what.needs_child();
        let guardian = giver.guardian().map(|agrees| agrees || !needs_child);
        let now = self.now();
        check_giver(born, guardian, now, now).map_err(|refusal| {
            let field = match refusal {
                GiverRefusal::NeedsChild => "child_agrees",
                _ => "guardian",
            };
            AppError::invalid(field, &refusal.to_string())
        })?;
        let name = request.guardian.as_deref().unwrap_or(&person.name).trim();
        let what = what_words(&self.words, request.what, recipient);
        let values = [
            ("giver", name.to_owned()),
            ("person", person.name.clone()),
            ("clinic", place.name),
            ("what", what),
        ];
        let mut words = self.words.say_with("rights-words", &values);
        if let Some(details) = details {
            let details = [("details", details)];
            words.push(' ');
            words.push_str(&self.words.say_with("rights-words-details", &details));
        }
        if request.what.ends_access() {
            words.push(' ');
            words.push_str(&self.words.say("rights-words-ends"));
        }
        Ok(words)
    }

    fn request_view(
        &self,
        clinic: ClinicId,
        task: RightsTask,
        states: &SyncStates,
    ) -> Result<RightsRequestView, AppError> {
        let clinic_name = self.clinic(clinic.as_str())?.name;
        let what = what_words(&self.words, task.what, task.recipient.as_deref());
        let text = said(&self.words, &clinic_name, &what, task.receipt.as_ref());
        let key = ResourceKey::new("Task", task.id.as_str());
        let receipt = task.receipt.as_ref();
        Ok(RightsRequestView {
            clinic_id: clinic.0.clone(),
            what: task.what,
            asked: task.asked,
            received: receipt.map(|receipt| receipt.received),
            answer_by: receipt.map(|receipt| receipt.answer_by.to_string()),
            done_by: receipt.map(|receipt| receipt.done_by.to_string()),
            answered: receipt.and_then(|receipt| receipt.answered),
            done: receipt.and_then(|receipt| receipt.done),
            signature: receipt.map(|receipt| receipt.signature.clone()),
            text,
            sync: states.get(&(clinic, key)).cloned(),
            recipient: task.recipient,
            id: task.id,
            clinic_name,
        })
    }
}

/// A kept receipt in words.
pub(crate) fn receipt_text(words: &Words, kept: &KeptReceipt) -> String {
    let values = [
        ("clinic", kept.clinic.clone()),
        ("what", what_words(words, kept.what, None)),
        ("when", words.date(kept.received)),
        ("done", day_of(words, &kept.done_by)),
        ("number", kept.id.clone()),
    ];
    words.say_with("event-rights-received-of", &values)
}

fn said(words: &Words, clinic: &str, what: &str, receipt: Option<&RightsReceipt>) -> String {
    let mut values = vec![("clinic", clinic.to_owned()), ("what", what.to_owned())];
    let Some(receipt) = receipt else {
        return words.say_with("rights-sent", &values);
    };
    values.push(("when", words.date(receipt.received)));
    let day = |day: chrono::NaiveDate| words.date(Timestamp::start_of_day(day));
    let key = match (receipt.done, receipt.answered) {
        (Some(done), _) => {
            values.push(("done", words.date(done)));
            "rights-done"
        }
        (None, Some(_)) => {
            values.push(("done", day(receipt.done_by)));
            "rights-answered"
        }
        (None, None) => {
            values.push(("answer", day(receipt.answer_by)));
            values.push(("done", day(receipt.done_by)));
            "rights-received"
        }
    };
    words.say_with(key, &values)
}

fn day_of(words: &Words, day: &str) -> String {
    let parsed = day.parse::<chrono::NaiveDate>();
    parsed.map_or_else(
        |_| day.to_owned(),
        |day| words.date(Timestamp::start_of_day(day)),
    )
}

/// What is asked, with who is to get the record where they are named.
fn what_words(words: &Words, what: RightsRequest, recipient: Option<&str>) -> String {
    if let Some(recipient) = recipient {
        let recipient = [("recipient", recipient.trim().to_owned())];
        return words.say_with("rights-disclose-to", &recipient);
    }
    words.say(match what {
        RightsRequest::Withdraw => "rights-withdraw",
        RightsRequest::Erase => "rights-erase",
        RightsRequest::Copy => "rights-copy",
        RightsRequest::Correct => "rights-correct",
        RightsRequest::Restrict => "rights-restrict",
        RightsRequest::Disclose => "rights-disclose",
    })
}

fn giver(request: &AskForRightsRequest) -> Giver {
    Giver::of(request.guardian.as_deref(), request.child_agrees)
}

fn trimmed(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
