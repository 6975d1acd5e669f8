use std::fmt;

use sokhoe_domain::text::is_visible;

use crate::emv::Objects;

/// The payee's name in another language (tag 64).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AlternateLanguage<'a> {
    /// ISO 639, two letters (64.00).
    pub language: &'a str,
    /// The payee's name, at most 25 characters (64.01).
    pub name: &'a str,
    /// The payee's city, at most 15 characters (64.02).
    pub city: Option<&'a str>,
}

pub(super) const TEMPLATE: u8 = 64;

impl<'a> AlternateLanguage<'a> {
    /// What the template says; unset when the language or the name is missing or malformed.
    pub(super) fn read(objects: Objects<'a>) -> Option<Self> {
        let read = Self {
            language: objects.get(0)?,
            name: objects.get(1)?,
            city: objects.get(2),
        };
        read.is_sound().then_some(read)
    }

    pub(super) fn is_sound(&self) -> bool {
        let fits = |text: &str, longest| {
            (1..=longest).contains(&text.chars().count()) && text.chars().all(is_visible)
        };
        self.language.len() == 2
            && self.language.bytes().all(|b| b.is_ascii_alphabetic())
            && fits(self.name, 25)
            && self.city.is_none_or(|city| fits(city, 15))
    }
}

impl fmt::Debug for AlternateLanguage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlternateLanguage")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}
