//! The words of the desk's pages, in Vietnamese and English: one Fluent file a language.

use std::fmt;
use std::sync::LazyLock;

use http::HeaderMap;
use serde_json::{Map, Value as Json};
use sokhoe_domain::{AccessReason, StaffRole, Timestamp};
use sokhoe_words::{Messages, keys};

use crate::cookies;

const VI: &str = include_str!("../../words/vi.ftl");
const EN: &str = include_str!("../../words/en.ftl");

/// The cookie that remembers a language.
pub(super) const COOKIE: &str = "sokhoe-lang";
/// Keys that the pages' scripts use.
const OF_SCRIPTS: &str = "js-";

static IN_VIETNAMESE: LazyLock<Messages> = LazyLock::new(|| Messages::read("vi", VI));
static IN_ENGLISH: LazyLock<Messages> = LazyLock::new(|| Messages::read("en", EN));

/// A language of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Language {
    #[default]
    Vi,
    En,
}

impl Language {
    /// As BCP 47 says it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Vi, Self::En]
            .into_iter()
            .find(|one| one.code() == code)
    }

    /// What a browser was told before; Vietnamese else.
    pub fn of(headers: &HeaderMap) -> Self {
        let told = cookies::read(headers, COOKIE);
        told.and_then(Self::of_code).unwrap_or_default()
    }
}

/// The words of one language.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub language: Language,
    messages: &'static Messages,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl Words {
    pub fn new(language: Language) -> Self {
        let messages = match language {
            Language::Vi => &*IN_VIETNAMESE,
            Language::En => &*IN_ENGLISH,
        };
        Self { language, messages }
    }

    /// A message; its key when there is none.
    pub fn say(self, key: &str) -> String {
        self.messages.say(key)
    }

    /// A message with values.
    pub fn say_with(self, key: &str, values: &[(&str, String)]) -> String {
        self.messages.say_with(key, values)
    }

    pub fn role(self, role: StaffRole) -> String {
        self.say(&format!("role-{}", role.code()))
    }

    pub fn reason(self, reason: AccessReason) -> String {
        self.say(&format!("reason-{}", reason.code()))
    }

    /// `24/11/2026, 08:30`
    pub fn time(self, at: Timestamp) -> String {
        at.in_vietnam().format("%d/%m/%Y, %H:%M").to_string()
    }

    /// What the pages' scripts say, as one JSON object.
    pub fn of_scripts(self) -> String {
        let said: Map<String, Json> = keys(VI)
            .into_iter()
            .filter_map(|key| {
                Some((
                    key.strip_prefix(OF_SCRIPTS)?.to_owned(),
                    self.say(key).into(),
                ))
            })
            .collect();
        // Nothing in it ends the element that it stands in.
        Json::Object(said).to_string().replace('<', "\\u003c")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sokhoe_words::is_whole;

    use super::*;

    #[test]
    fn both_languages_are_whole_and_say_the_same_things() {
        assert!(is_whole(VI) && is_whole(EN));
        assert_eq!(keys(VI), keys(EN));
    }

    /// What follows each `found` up to a quote.
    fn after<'s>(source: &'s str, found: &'s str) -> impl Iterator<Item = &'s str> {
        source
            .split(found)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn whatever_the_pages_say_has_words() {
        let known = keys(VI);
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/desk"));
        let mut said = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let of_pages = ["say(\"", "say_with(\"", "said(\""].map(|it| after(&source, it));
            for key in of_pages.into_iter().flatten() {
                said += 1;
                // Those of scripts stand without what leads them here.
                let of_script = format!("{OF_SCRIPTS}{key}");
                assert!(
                    known.contains(&key) || known.contains(&&*of_script),
                    "{key}"
                );
            }
        }
        assert!(said > 40, "{said}");
        for role in StaffRole::ALL {
            assert!(known.contains(&&*format!("role-{}", role.code())));
        }
        for reason in AccessReason::ALL {
            assert!(known.contains(&&*format!("reason-{}", reason.code())));
        }
    }

    #[test]
    fn what_scripts_say_ends_no_element() {
        for language in [Language::Vi, Language::En] {
            let said = Words::new(language).of_scripts();
            assert!(said.starts_with('{') && !said.contains('<'), "{said}");
        }
    }
}
