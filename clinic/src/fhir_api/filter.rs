//! What a search asks of the resources' contents.

use serde_json::Value;
use sokhoe_domain::Timestamp;

use super::ApiError;
use super::types::Param;

/// Conditions that all must hold.
#[derive(Debug, Default)]
pub(super) struct Filter {
    tokens: Vec<(&'static str, Vec<Token>)>,
    dates: Vec<(DateOf, DateTest)>,
}

#[derive(Debug)]
struct Token {
    /// Any system when none is named.
    system: Option<String>,
    code: String,
}

#[derive(Debug, Clone, Copy)]
enum DateOf {
    Resource,
    LastUpdated,
}

#[derive(Debug)]
struct DateTest {
    prefix: Prefix,
    from: Timestamp,
    /// The first instant after it.
    to: Timestamp,
}

#[derive(Debug, Clone, Copy)]
enum Prefix {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

/// Where a resource says when it was.
const DATES: &[&str] = &[
    "/effectiveDateTime",
    "/effectiveInstant",
    "/effectivePeriod/start",
    "/start",
];

impl Filter {
    /// Adds a condition.
    pub fn add(&mut self, param: Param, value: &str) -> Result<(), ApiError> {
        match param {
            Param::Code => self.tokens.push(("/code", tokens(value)?)),
            Param::Category => self.tokens.push(("/category", tokens(value)?)),
            Param::Status => self.tokens.push(("/status", tokens(value)?)),
            Param::Date => self.dates.push((DateOf::Resource, DateTest::parse(value)?)),
            Param::LastUpdated => self
                .dates
                .push((DateOf::LastUpdated, DateTest::parse(value)?)),
            Param::Id | Param::Patient | Param::Include | Param::Sort => {}
        }
        Ok(())
    }

    /// Whether the resource fits.
    pub fn fits(&self, json: &str, updated: Timestamp) -> bool {
        let by_content = |of: &DateOf| matches!(of, DateOf::Resource);
        let dates_fit = |value: &Value| {
            self.dates.iter().all(|(of, test)| match of {
                DateOf::LastUpdated => test.holds(updated),
                DateOf::Resource => date_of(value).is_some_and(|at| test.holds(at)),
            })
        };
        if self.tokens.is_empty() && !self.dates.iter().any(|(of, _)| by_content(of)) {
            return dates_fit(&Value::Null);
        }
        serde_json::from_str::<Value>(json).is_ok_and(|value| {
            dates_fit(&value)
                && self.tokens.iter().all(|(place, wanted)| {
                    value
                        .pointer(place)
                        .is_some_and(|found| wanted.iter().any(|token| token.is_in(found)))
                })
        })
    }
}

/// When a resource was, as `date` and `_sort` read it; nothing when it does not say.
pub(super) fn date(json: &str) -> Option<Timestamp> {
    date_of(&serde_json::from_str(json).ok()?)
}

fn date_of(value: &Value) -> Option<Timestamp> {
    DATES
        .iter()
        .find_map(|place| value.pointer(place)?.as_str())
        .and_then(Timestamp::parse_fhir)
}

fn tokens(value: &str) -> Result<Vec<Token>, ApiError> {
    value
        .split(',')
        .map(|token| {
            let (system, code) = match token.split_once('|') {
                Some((system, code)) => (Some(system.to_owned()), code),
                None => (None, token),
            };
            (!code.is_empty())
                .then(|| Token {
                    system,
                    code: code.to_owned(),
                })
                .ok_or(ApiError::BadRequest("A token must name a code."))
        })
        .collect()
}

impl Token {
    /// In a code, a CodeableConcept or several of them.
    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(code) => self.system.is_none() && *code == self.code,
            Value::Array(values) => values.iter().any(|value| self.is_in(value)),
            Value::Object(concept) => concept
                .get("coding")
                .and_then(Value::as_array)
                .is_some_and(|codings| codings.iter().any(|coding| self.is_coding(coding))),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn is_coding(&self, coding: &Value) -> bool {
        let part = |name| coding.get(name).and_then(Value::as_str);
        let system = self
            .system
            .as_deref()
            .is_none_or(|system| part("system").unwrap_or_default() == system);
        system && part("code") == Some(self.code.as_str())
    }
}

impl DateTest {
    fn parse(text: &str) -> Result<Self, ApiError> {
        const UNREADABLE: ApiError =
            ApiError::BadRequest("A date must be eq, ge, gt, le or lt with a FHIR date.");
        let (prefix, date) = match text.get(..2) {
            Some("eq") => (Prefix::Eq, &text[2..]),
            Some("ge") => (Prefix::Ge, &text[2..]),
            Some("gt") => (Prefix::Gt, &text[2..]),
            Some("le") => (Prefix::Le, &text[2..]),
            Some("lt") => (Prefix::Lt, &text[2..]),
            _ => (Prefix::Eq, text),
        };
        let from = Timestamp::parse_fhir(date).ok_or(UNREADABLE)?;
        let day = from.vietnam_day();
        let next = match date.len() {
            4 => day.checked_add_months(chrono::Months::new(12)),
            7 => day.checked_add_months(chrono::Months::new(1)),
            10 => day.succ_opt(),
            _ => None,
        };
        let to = next.map_or_else(
            || Timestamp::from_millis(from.as_millis().saturating_add(1)),
            Timestamp::start_of_day,
        );
        Ok(Self { prefix, from, to })
    }

    fn holds(&self, at: Timestamp) -> bool {
        match self.prefix {
            Prefix::Eq => (self.from..self.to).contains(&at),
            Prefix::Ge => at >= self.from,
            Prefix::Gt => at >= self.to,
            Prefix::Le => at < self.to,
            Prefix::Lt => at < self.from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBSERVATION: &str = r#"{"resourceType":"Observation","status":"final",
        "category":[{"coding":[{"system":"cat","code":"laboratory"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},
        "effectiveDateTime":"2026-03-15T08:30:00+07:00"}"#;

    fn fits(params: &[(Param, &str)]) -> bool {
        let mut filter = Filter::default();
        for (param, value) in params {
            filter.add(*param, value).unwrap();
        }
        filter.fits(OBSERVATION, Timestamp::parse_fhir("2026-04-01").unwrap())
    }

    #[test]
    fn looks_into_codes_and_dates() {
        for (param, value, expected) in [
            (Param::Code, "2339-0", true),
            (Param::Code, "http://loinc.org|2339-0", true),
            (Param::Code, "other|2339-0", false),
            (Param::Code, "x,2339-0", true),
            (Param::Category, "laboratory", true),
            (Param::Category, "vital-signs", false),
            (Param::Status, "final", true),
            (Param::Date, "2026", true),
            (Param::Date, "2026-03", true),
            (Param::Date, "2026-03-15", true),
            (Param::Date, "gt2026-03-15", false),
            (Param::Date, "ge2026-03-15", true),
            (Param::Date, "lt2026-03-15", false),
            (Param::Date, "le2026-03-15", true),
            (Param::LastUpdated, "ge2026-04-01", true),
            (Param::LastUpdated, "lt2026-04-01", false),
        ] {
            assert_eq!(fits(&[(param, value)]), expected, "{param:?} {value}");
        }
        assert!(fits(&[
            (Param::Date, "ge2026-03"),
            (Param::Date, "lt2026-04")
        ]));
        let mut filter = Filter::default();
        for bad in ["", "ab2026", "é", "2026-13"] {
            assert!(filter.add(Param::Date, bad).is_err(), "{bad}");
        }
        assert!(filter.add(Param::Code, "").is_err());
    }
}
