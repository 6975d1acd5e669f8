//! Lists and search, without a network.

use std::collections::HashMap;

use sokhoe_domain::ClinicId;
use sokhoe_vault::{EntryQuery, EntryRow, PageCursor};

use crate::changes::SyncStates;
use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{BrowseRequest, EntryPageView, EntryView, SectionCountView, TextPartView};

/// Rows that are read at once when all are wanted.
const PAGE: u32 = 1_000;

impl SoKhoe {
    /// A page of the book, newest first; with words, the rows that have them all. Words are found
    /// without accents, by their beginnings, in any order.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], what opening a book may give.
    pub fn browse(&self, request: BrowseRequest) -> Result<EntryPageView, AppError> {
        if !(1..=200).contains(&request.limit) {
            return Err(AppError::invalid("limit", "must be 1 to 200"));
        }
        let book = self.inner.book(&request.person_id)?;
        let before = match &request.cursor {
            Some(text) => Some(
                text.parse::<PageCursor>()
                    .map_err(|_| AppError::invalid("cursor", "must come from a page"))?,
            ),
            None => None,
        };
        let query = EntryQuery {
            section: request.section,
            clinic: request.clinic_id.map(ClinicId),
            from: request.from,
            to: request.to,
            before,
            limit: request.limit,
        };
        let page = if request.text.trim().is_empty() {
            book.vault.entries(&query)?
        } else {
            book.vault.search(&request.text, &query)?
        };
        let clinics = self.inner.clinic_names()?;
        let states = self.inner.sync_states(&book)?;
        Ok(EntryPageView {
            rows: page
                .rows
                .into_iter()
                .map(|row| self.inner.entry_view(row, &clinics, &states))
                .collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// The sections of a book that have rows.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn sections(&self, person_id: &str) -> Result<Vec<SectionCountView>, AppError> {
        let book = self.inner.book(person_id)?;
        let counts = book.vault.counts()?;
        Ok(counts
            .into_iter()
            .map(|(section, entries)| SectionCountView {
                section,
                name: self.inner.words.section(section),
                entries,
            })
            .collect())
    }
}

impl OpenBook {
    /// All rows that are asked for.
    pub(crate) fn all_rows(&self, mut query: EntryQuery) -> Result<Vec<EntryRow>, AppError> {
        let mut rows = Vec::new();
        query.limit = PAGE;
        loop {
            let page = self.vault.entries(&query)?;
            rows.extend(page.rows);
            match page.next {
                Some(next) => query.before = Some(next),
                None => return Ok(rows),
            }
        }
    }
}

impl Session {
    /// The names of everybody whose rows a book has: the clinics, and words for the person's own.
    pub(crate) fn clinic_names(&self) -> Result<HashMap<ClinicId, String>, AppError> {
        let clinics = self.account()?.clinics()?;
        let named = clinics.into_iter().map(|clinic| (clinic.id, clinic.name));
        let own = (ClinicId::own(), self.words.say("source-own"));
        Ok(named.chain([own]).collect())
    }

    pub(crate) fn entry_view(
        &self,
        row: EntryRow,
        clinics: &HashMap<ClinicId, String>,
        states: &SyncStates,
    ) -> EntryView {
        // Hardly ever is there any.
        let sync = if states.is_empty() {
            None
        } else {
            let place = (row.clinic.clone(), row.resource.clone());
            states.get(&place).cloned()
        };
        EntryView {
            sync,
            id: row.id,
            clinic_name: clinics.get(&row.clinic).cloned().unwrap_or_default(),
            clinic_id: row.clinic.0,
            section: row.section,
            title: row.title,
            detail: row.detail,
            when_text: row
                .when
                .map(|at| self.words.day(at, self.now()))
                .unwrap_or_default(),
            when: row.when,
            status: row.status,
            kind: row.kind,
            trend_code: row.trend,
            snippet: row
                .snippet
                .into_iter()
                .map(|part| TextPartView {
                    text: part.text,
                    is_hit: part.is_hit,
                })
                .collect(),
        }
    }
}
