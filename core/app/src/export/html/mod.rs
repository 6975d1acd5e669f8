//! The book as one HTML file to read and to print.
//!
//! What comes from clinics is hostile until it was escaped: `maud` escapes every text, and
//! [`text::readable`] takes out what cannot be seen or turns a line around. There is no script, nothing
//! is loaded from anywhere, and the policy in the head forbids both.

mod curve;
mod page;
mod sections;
mod summary;
mod text;
mod trends;

use std::collections::HashMap;
use std::io::Write;

use maud::Markup;
use sokhoe_domain::{ClinicId, Timestamp};

use super::sink::{Sink, walk};
use crate::error::AppError;
use crate::session::{OpenBook, Session};
use crate::words::{Language, Words};

/// What every part of the page needs.
struct Context<'a> {
    words: &'a Words,
    language: Language,
    now: Timestamp,
    book: &'a OpenBook,
    /// The names of the clinics, and words for the person's own.
    clinics: HashMap<ClinicId, String>,
}

impl Context<'_> {
    fn clinic<'a>(&'a self, id: &'a ClinicId) -> &'a str {
        self.clinics.get(id).map_or(id.as_str(), String::as_str)
    }
}

pub(super) fn write(
    session: &Session,
    book: &OpenBook,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let context = Context {
        words: &session.words,
        language: session.config.language,
        now: session.now(),
        book,
        clinics: session.clinic_names()?,
    };
    let mut sink = Sink::new(out);
    let mut put = |part: Markup| {
        let mut text = part.into_string();
        text.push('\n');
        sink.put(&text)
    };
    let summary = summary::Summary::of(&context)?;
    page::begin(&context, &mut put)?;
    put(summary.show(&context))?;
    put(page::bookings(&context, &session.booking_views(book)?))?;
    let trends = trends::Trends::of(&context)?;
    put(page::contents(&context, !trends.is_empty())?)?;
    trends.write(&context, summary.titles(), &mut put)?;
    sections::write(&context, &mut put)?;
    put(page::end(&context)?)?;
    sink.flush()
}
