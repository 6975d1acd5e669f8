//! What else would do, as the parameter `otherwise` of `$book`.
//!
//! Its parts are `first-day` and `last-day` (`valueDate`), `from` and `until` (`valueTime`, whole minutes; the
//! begin and the end of the day when they are left out, since FHIR has no 24:00), any number of `weekday`
//! (`valueCode` of FHIR's days of the week) and `any-practitioner` (`valueBoolean`). Each of the others stands
//! there once at most, and nothing else: a wish that is not understood is no wish.

use chrono::{NaiveDate, NaiveTime, Timelike as _, Weekday};
use sokhoe_domain::Otherwise;

use crate::FhirError;
use crate::json::{Node, Object};

/// The parameter's name.
pub(crate) const NAME: &str = "otherwise";

const UNREADABLE: FhirError = FhirError::Unexpected { expected: NAME };

/// FHIR's codes, <http://hl7.org/fhir/days-of-week>.
pub(crate) const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

pub(crate) fn write(otherwise: &Otherwise) -> Object {
    let part = |name: &str| Object::new().text("name", name);
    let minutes = otherwise.minutes();
    let mut parts = vec![
        part("first-day").text("valueDate", &otherwise.first_day().to_string()),
        part("last-day").text("valueDate", &otherwise.last_day().to_string()),
    ];
    if minutes.start > 0 {
        parts.push(part("from").text("valueTime", &time(minutes.start)));
    }
    if minutes.end < END_OF_DAY {
        parts.push(part("until").text("valueTime", &time(minutes.end)));
    }
    for weekday in otherwise.weekdays() {
        let code = WEEK.iter().find(|(_, day)| *day == weekday);
        parts.extend(code.map(|(code, _)| part("weekday").text("valueCode", code)));
    }
    if otherwise.any_practitioner() {
        parts.push(part("any-practitioner").raw("valueBoolean", "true"));
    }
    Object::new().text("name", NAME).list("part", parts)
}

pub(crate) fn read(parameter: Node<'_>) -> Result<Otherwise, FhirError> {
    let (mut first, mut last) = (None, None);
    let (mut from, mut until) = (None, None);
    let mut weekdays = Vec::new();
    let mut any_practitioner = None;
    only(parameter, &["name", "part"])?;
    for part in parameter.get("part").items() {
        let name = part.str("name").ok_or(UNREADABLE)?;
        match &*name {
            "first-day" => once(&mut first, day(part)?)?,
            "last-day" => once(&mut last, day(part)?)?,
            "from" => once(&mut from, minute(part)?)?,
            "until" => once(&mut until, minute(part)?)?,
            "weekday" => {
                let code = value(part, "valueCode")?.text().ok_or(UNREADABLE)?;
                let day = WEEK.iter().find(|(known, _)| *known == code);
                weekdays.push(day.ok_or(UNREADABLE)?.1);
            }
            "any-practitioner" => {
                let any = value(part, "valueBoolean")?.bool().ok_or(UNREADABLE)?;
                once(&mut any_practitioner, any)?;
            }
            _ => return Err(UNREADABLE),
        }
    }
    let (first, last) = (first.ok_or(UNREADABLE)?, last.ok_or(UNREADABLE)?);
    Otherwise::on_days(first, last)
        .and_then(|wish| wish.between(from.unwrap_or(0), until.unwrap_or(END_OF_DAY)))
        .and_then(|wish| wish.on_weekdays(weekdays))
        .map(|wish| wish.with_any_practitioner(any_practitioner.unwrap_or(false)))
        .map_err(|_| UNREADABLE)
}

pub(crate) const END_OF_DAY: u16 = 24 * 60;

pub(crate) fn time(minute: u16) -> String {
    format!("{:02}:{:02}:00", minute / 60, minute % 60)
}

fn day(part: Node<'_>) -> Result<NaiveDate, FhirError> {
    let text = value(part, "valueDate")?.text().ok_or(UNREADABLE)?;
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
    day.filter(|_| text.len() == 10).ok_or(UNREADABLE)
}

pub(crate) fn minute(part: Node<'_>) -> Result<u16, FhirError> {
    let text = value(part, "valueTime")?.text().ok_or(UNREADABLE)?;
    let time = NaiveTime::parse_from_str(&text, "%H:%M:%S").ok();
    time.filter(|time| text.len() == 8 && time.second() == 0 && time.nanosecond() == 0)
        .and_then(|time| u16::try_from(time.num_seconds_from_midnight() / 60).ok())
        .ok_or(UNREADABLE)
}

/// The part's value, which must be of this type and the only one.
pub(crate) fn value<'d>(part: Node<'d>, key: &str) -> Result<Node<'d>, FhirError> {
    only(part, &["name", key])?;
    Ok(part.get(key))
}

pub(crate) fn only(node: Node<'_>, names: &[&str]) -> Result<(), FhirError> {
    let mut fields = node.fields();
    let is_known = |name: Node<'_>| names.iter().any(|known| name.is_text(known));
    match fields.all(|(name, _)| is_known(name)) {
        true => Ok(()),
        false => Err(UNREADABLE),
    }
}

pub(crate) fn once<T>(place: &mut Option<T>, value: T) -> Result<(), FhirError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UNREADABLE),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::json::Document;

    /// Any wish.
    pub(crate) fn arb_otherwise() -> impl Strategy<Value = Otherwise> {
        let days = (0..20_000_u64, 0..60_u64);
        let minutes = (0..END_OF_DAY).prop_flat_map(|from| (Just(from), from + 1..=END_OF_DAY));
        let weekdays = vec(select(WEEK.to_vec()), 0..4);
        (days, minutes, weekdays, any::<bool>()).prop_map(
            |((begin, more), (from, until), weekdays, any_practitioner)| {
                let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Days::new(begin);
                let wish = Otherwise::on_days(first, first + chrono::Days::new(more)).unwrap();
                let wish = wish.between(from, until).unwrap();
                let weekdays = weekdays.into_iter().map(|(_, day)| day);
                let on_weekdays = wish.clone().on_weekdays(weekdays).unwrap_or(wish);
                on_weekdays.with_any_practitioner(any_practitioner)
            },
        )
    }

    fn read_text(json: &str) -> Result<Otherwise, FhirError> {
        let document = Document::parse(json)?;
        read(document.root())
    }

    const DAYS: &str = r#"{"name":"first-day","valueDate":"2026-12-01"},{"name":"last-day","valueDate":"2026-12-05"}"#;

    fn with(parts: &str) -> String {
        format!(r#"{{"name":"otherwise","part":[{DAYS}{parts}]}}"#)
    }

    #[test]
    fn what_is_not_understood_is_no_wish() {
        let good = with(
            r#",{"name":"from","valueTime":"07:00:00"},{"name":"until","valueTime":"11:30:00"},{"name":"weekday","valueCode":"tue"},{"name":"weekday","valueCode":"thu"},{"name":"any-practitioner","valueBoolean":true}"#,
        );
        let wish = read_text(&good).unwrap();
        assert_eq!((wish.minutes(), wish.any_practitioner()), (420..690, true));
        assert_eq!(wish.weekdays().count(), 2);
        assert_eq!(write(&wish).finish(), good);
        assert_eq!(read_text(&with("")).unwrap().minutes(), 0..1_440);
        for bad in [
            r#",{"name":"from","valueTime":"24:00:00"}"#,
            r#",{"name":"from","valueTime":"07:00"}"#,
            r#",{"name":"from","valueTime":"07:00:30"}"#,
            r#",{"name":"from","valueTime":"07:00:60"}"#,
            r#",{"name":"from","valueString":"07:00:00"}"#,
            r#",{"name":"from","valueTime":"07:00:00","valueString":"x"}"#,
            r#",{"name":"from","valueTime":"07:00:00"},{"name":"from","valueTime":"08:00:00"}"#,
            r#",{"name":"from","valueTime":"07:00:00"},{"name":"until","valueTime":"07:00:00"}"#,
            r#",{"name":"weekday","valueCode":"TUE"}"#,
            r#",{"name":"weekday","valueCode":"sun"}"#,
            r#",{"name":"any-practitioner","valueBoolean":"true"}"#,
            r#",{"name":"any-doctor","valueBoolean":true}"#,
            r#",{"name":"first-day","valueDate":"2026-12-02"}"#,
            r#",{"valueDate":"2026-12-02"}"#,
            ",7",
        ] {
            assert!(read_text(&with(bad)).is_err(), "{bad}");
        }
        let days = |first: &str, last: &str| {
            with("")
                .replace("2026-12-01", first)
                .replace("2026-12-05", last)
        };
        for (first, last) in [
            ("2026-12-06", "2026-12-05"),
            ("2026-12-01", "2027-12-05"),
            ("2026-12", "2026-12-05"),
            ("2026-12-1", "2026-12-05"),
            ("2026-12-01T00:00:00+07:00", "2026-12-05"),
        ] {
            assert!(read_text(&days(first, last)).is_err(), "{first} {last}");
        }
        for bad in [
            r#"{"name":"otherwise"}"#.to_owned(),
            r#"{"name":"otherwise","valueString":"any"}"#.to_owned(),
            with("").replace("\"part\"", "\"parts\""),
            with("").replace("\"part\"", "\"resource\":{},\"part\""),
        ] {
            assert!(read_text(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_wish_comes_back(wish in arb_otherwise()) {
            prop_assert_eq!(read_text(&write(&wish).finish()).unwrap(), wish);
        }
    }
}
