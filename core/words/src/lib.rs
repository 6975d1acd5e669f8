//! Messages of one language, from a Fluent file (<https://projectfluent.org>). Who says what has a file of its own for each
//! language: the core, the command line, the clinic's pages.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The messages of one language.
pub struct Messages(FluentBundle<FluentResource>);

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}

impl Messages {
    /// Reads a file of a language, named as BCP 47 does. What cannot be read is left out: [`is_whole`] is for a test of the file.
    #[must_use]
    pub fn read(language: &str, text: &str) -> Self {
        let resource = FluentResource::try_new(text.to_owned());
        let resource = resource.unwrap_or_else(|(partly, _)| partly);
        let language = language.parse::<LanguageIdentifier>().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self(bundle)
    }

    /// A message without values; its key when the language has no such message.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// A message with values. One is a number to it, so that it can say "1 person" and "2 people".
    #[must_use]
    pub fn say_with(&self, key: &str, values: &[(&str, String)]) -> String {
        let message = self.0.get_message(key);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let args: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| match value.as_str() {
                "1" => (*name, FluentValue::from(1)),
                value => (*name, FluentValue::from(value)),
            })
            .collect();
        let said = self.0.format_pattern(pattern, Some(&args), &mut Vec::new());
        said.into_owned()
    }

    /// Whether the language has this message.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.has_message(key)
    }
}

/// Whether all of a file can be read.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    FluentResource::try_new(text.to_owned()).is_ok()
}

/// The keys of a file in their order.
#[must_use]
pub fn keys(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with(['#', ' ']))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# People
greeting = Xin chào { $name }
people = { $count ->
    [one] one person
   *[other] { $count } people
}
";

    #[test]
    fn a_message_takes_its_values_and_one_is_a_number() {
        let messages = Messages::read("en", TEXT);
        let named = [("name", "Mai".to_owned())];
        assert_eq!(messages.say_with("greeting", &named), "Xin chào Mai");
        let people = |count: u8| messages.say_with("people", &[("count", count.to_string())]);
        assert_eq!(
            (people(1), people(2)),
            ("one person".to_owned(), "2 people".to_owned())
        );
        assert!(messages.has("people") && !messages.has("nobody"));
        assert_eq!(messages.say("nobody"), "nobody");
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let text = format!("{TEXT}broken = {{ $\n");
        assert!(is_whole(TEXT) && !is_whole(&text));
        assert!(Messages::read("vi", &text).has("greeting"));
        assert_eq!(keys(TEXT), ["greeting", "people"]);
    }
}
