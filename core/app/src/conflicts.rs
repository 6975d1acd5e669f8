//! What the person and a clinic changed differently.

use sokhoe_domain::Timestamp;
use sokhoe_fhir::json::{Document, Node};
use sokhoe_fhir::merge::Conflict;
use sokhoe_vault::ChangeState;

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::views::{ConflictPartView, ConflictView};

impl SoKhoe {
    /// What a person must decide, the oldest first. Until then the clinic's words are shown and the person's are kept.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn conflicts(&self, person_id: &str) -> Result<Vec<ConflictView>, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinics = session.clinic_names()?;
        let now = session.now();
        let changes = book.vault.changes()?;
        Ok(changes
            .into_iter()
            .filter(|change| change.state == ChangeState::Conflict)
            .map(|change| ConflictView {
                id: change.id.to_string(),
                clinic_name: clinics.get(&change.clinic).cloned().unwrap_or_default(),
                parts: session.conflict_parts(&change.conflicts(), now),
                clinic_id: change.clinic.0,
                written: change.created,
                when_text: session.words.when(change.created, now),
            })
            .collect())
    }
}

impl Session {
    fn conflict_parts(&self, conflicts: &[Conflict], now: Timestamp) -> Vec<ConflictPartView> {
        conflicts
            .iter()
            .map(|conflict| {
                let field = conflict
                    .path
                    .split(['.', '['])
                    .next()
                    .unwrap_or(&conflict.path);
                ConflictPartView {
                    what: self.words.conflict(field),
                    mine: self.value(conflict.ours.as_deref(), now),
                    clinics: self.value(conflict.theirs.as_deref(), now),
                }
            })
            .collect()
    }

    /// A value as a person reads it.
    fn value(&self, json: Option<&str>, now: Timestamp) -> String {
        let nothing = || self.words.say("conflict-nothing");
        let Some(json) = json else { return nothing() };
        // A document is an object; a value may be anything.
        let wrapped = format!(r#"{{"value":{json}}}"#);
        let Ok(document) = Document::parse(&wrapped) else {
            return nothing();
        };
        let value = document.root().get("value");
        if let Some(at) = value.text().and_then(|text| full_time(&text)) {
            return self.words.when(at, now);
        }
        let mut words = Vec::new();
        gather(value, &mut words);
        match words.is_empty() {
            true => nothing(),
            false => words.join(", "),
        }
    }
}

fn full_time(text: &str) -> Option<Timestamp> {
    text.contains('T')
        .then(|| Timestamp::parse_fhir(text))
        .flatten()
}

/// The texts and numbers of a value without what only machines read.
fn gather(value: Node<'_>, words: &mut Vec<String>) {
    if value.is_object() {
        // A text that says it all says it best.
        for whole in ["text", "display"] {
            if let Some(text) = value.str(whole) {
                words.push(text.into_owned());
                return;
            }
        }
        for (key, part) in value.fields() {
            let is_for_machines = ["id", "system", "use", "extension", "code", "rank", "period"]
                .iter()
                .any(|name| key.is_text(name));
            if !is_for_machines {
                gather(part, words);
            }
        }
    } else if value.is_array() {
        for item in value.items() {
            gather(item, words);
        }
    } else if let Some(text) = value.text() {
        words.push(text.into_owned());
    } else if let Some(number) = value.number() {
        words.push(number.to_owned());
    }
}
