//! Whom this phone helps, and what it may do for them.

use sokhoe_domain::{ClinicId, GrantScope, PersonId, Timestamp};
use sokhoe_vault::PersonRecord;

use crate::error::AppError;
use crate::session::Session;
use crate::views::PersonView;

/// By which grant this phone helps a person who is not its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpingView {
    /// What may be done for them.
    pub scopes: Vec<GrantScope>,
    /// Until when; unset when nobody said.
    pub until: Option<Timestamp>,
    /// Whether the book opens only once the clinic was asked again.
    pub needs_network: bool,
    /// All of it, as sentences.
    pub text: String,
}

impl Session {
    pub(crate) fn person_view(&self, person: PersonRecord) -> Result<PersonView, AppError> {
        let helping = self.helping_view(&person.id)?;
        let links = self.account()?.links(&person.id)?;
        Ok(PersonView {
            id: person.id.0,
            name: person.name,
            birth_date: person.birth_date,
            clinic_ids: links.into_iter().map(|link| link.clinic.0).collect(),
            helping,
        })
    }

    fn helping_view(&self, person: &PersonId) -> Result<Option<HelpingView>, AppError> {
        let helping = self.helping(person)?;
        if helping.is_empty() {
            return Ok(None);
        }
        let may = |scope: &GrantScope| helping.iter().any(|of| of.scopes.has(*scope));
        let scopes: Vec<_> = GrantScope::ALL.into_iter().filter(may).collect();
        // One without an end is the longest.
        let ends = helping.iter().map(|of| of.ends);
        let until = ends
            .max_by_key(|ends| ends.map_or(i64::MAX, Timestamp::as_millis))
            .flatten();
        let needs_network = !self.may_show(person)?;
        let may: Vec<_> = scopes
            .iter()
            .map(|scope| self.words.scope(*scope))
            .collect();
        let mut text = match until {
            Some(until) => {
                // Up to it, without it.
                let last = Timestamp::from_millis(until.as_millis() - 1);
                let what = [("may", may.join(", ")), ("until", self.words.date(last))];
                self.words.say_with("helping-until", &what)
            }
            None => self.words.say_with("helping", &[("may", may.join(", "))]),
        };
        if needs_network {
            text = format!("{text} {}", self.words.say("helping-needs-network"));
        }
        Ok(Some(HelpingView {
            scopes,
            until,
            needs_network,
            text,
        }))
    }

    /// Refuses what a helper was not granted, before anything is kept. The clinic refuses it in any case.
    ///
    /// # Errors
    /// [`AppError::NotGranted`]
    pub(crate) fn granted(
        &self,
        person: &PersonId,
        clinic: &ClinicId,
        scope: GrantScope,
    ) -> Result<(), AppError> {
        let helping = self.helping(person)?;
        let of_clinic = helping.iter().find(|of| of.clinic == *clinic);
        match of_clinic {
            Some(of) if !of.scopes.has(scope) => Err(AppError::NotGranted { scope }),
            _ => Ok(()),
        }
    }
}
