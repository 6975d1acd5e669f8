//! What a free time must have, as the parameter `criteria` of `$find`.
//!
//! Its parts are `from` and `until` (`valueTime`, whole minutes; the begin and the end of the day when they are left
//! out), any number of `weekday` (`valueCode` of FHIR's days of the week), `max-price` (`valueMoney` in VND), `language`
//! (`valueCode`, BCP 47), `step-free` (`valueBoolean`), `mode` (`valueCode`, `in-person` or `remote`) and `untold-too`
//! (`valueBoolean`). Each of the others stands there once at most, and nothing else: what is not understood cannot be
//! heeded. The doctor and the speciality are parameters of IHE's own.

use sokhoe_domain::{Criteria, TimesOfWeek, VisitMode};

use crate::FhirError;
use crate::json::{Node, Object};
use crate::otherwise::{END_OF_DAY, WEEK, minute, once, only, time, value};
use crate::read;

/// The parameter's name.
pub(crate) const NAME: &str = "criteria";

const UNREADABLE: FhirError = FhirError::Unexpected { expected: NAME };

/// Nothing when nothing is wanted that this parameter says.
pub(crate) fn write(criteria: &Criteria) -> Option<Object> {
    let part = |name: &str| Object::new().text("name", name);
    let mut parts = Vec::new();
    let minutes = criteria.times.minutes();
    if minutes.start > 0 {
        parts.push(part("from").text("valueTime", &time(minutes.start)));
    }
    if minutes.end < END_OF_DAY {
        parts.push(part("until").text("valueTime", &time(minutes.end)));
    }
    for weekday in criteria.times.weekdays() {
        let code = WEEK.iter().find(|(_, day)| *day == weekday);
        parts.extend(code.map(|(code, _)| part("weekday").text("valueCode", code)));
    }
    if let Some(most) = criteria.max_price {
        parts.push(part("max-price").object("valueMoney", read::write_vnd(most)));
    }
    if let Some(language) = &criteria.language {
        parts.push(part("language").text("valueCode", language));
    }
    if criteria.step_free {
        parts.push(part("step-free").raw("valueBoolean", "true"));
    }
    if let Some(mode) = criteria.mode {
        parts.push(part("mode").text("valueCode", mode.code()));
    }
    if criteria.untold_too {
        parts.push(part("untold-too").raw("valueBoolean", "true"));
    }
    (!parts.is_empty()).then(|| Object::new().text("name", NAME).list("part", parts))
}

/// All but the doctor and the speciality.
pub(crate) fn read(parameter: Node<'_>) -> Result<Criteria, FhirError> {
    let (mut from, mut until) = (None, None);
    let mut weekdays = Vec::new();
    let (mut max_price, mut language, mut mode) = (None, None, None);
    let (mut step_free, mut untold_too) = (None, None);
    let of = |part, key| value(part, key).map_err(|_| UNREADABLE);
    only(parameter, &["name", "part"]).map_err(|_| UNREADABLE)?;
    for part in parameter.get("part").items() {
        let name = part.str("name").ok_or(UNREADABLE)?;
        match &*name {
            "from" => minute(part).and_then(|minute| once(&mut from, minute)),
            "until" => minute(part).and_then(|minute| once(&mut until, minute)),
            "weekday" => {
                let code = of(part, "valueCode")?.text().ok_or(UNREADABLE)?;
                let day = WEEK.iter().find(|(known, _)| *known == code);
                weekdays.push(day.ok_or(UNREADABLE)?.1);
                Ok(())
            }
            "max-price" => {
                let most = read::vnd(of(part, "valueMoney")?).ok_or(UNREADABLE)?;
                once(&mut max_price, most)
            }
            "language" => {
                let code = of(part, "valueCode")?.text().ok_or(UNREADABLE)?;
                once(&mut language, code.into_owned())
            }
            "step-free" => {
                let wanted = of(part, "valueBoolean")?.bool().ok_or(UNREADABLE)?;
                once(&mut step_free, wanted)
            }
            "mode" => {
                let code = of(part, "valueCode")?.text().ok_or(UNREADABLE)?;
                once(&mut mode, VisitMode::from_code(&code).ok_or(UNREADABLE)?)
            }
            "untold-too" => {
                let wanted = of(part, "valueBoolean")?.bool().ok_or(UNREADABLE)?;
                once(&mut untold_too, wanted)
            }
            _ => Err(UNREADABLE),
        }
        .map_err(|_| UNREADABLE)?;
    }
    let times = TimesOfWeek::default()
        .between(from.unwrap_or(0), until.unwrap_or(END_OF_DAY))
        .map_err(|_| UNREADABLE)?
        .on_weekdays(weekdays);
    Ok(Criteria {
        times,
        max_price,
        language,
        step_free: step_free.unwrap_or(false),
        mode,
        untold_too: untold_too.unwrap_or(false),
        ..Criteria::default()
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;
    use sokhoe_domain::Vnd;

    use super::*;
    use crate::json::Document;

    /// Any criteria that this parameter says.
    pub(crate) fn arb_criteria() -> impl Strategy<Value = Criteria> {
        let minutes = (0..END_OF_DAY).prop_flat_map(|from| (Just(from), from + 1..=END_OF_DAY));
        let weekdays = vec(select(WEEK.to_vec()), 0..4);
        let mode = select(vec![VisitMode::InPerson, VisitMode::Remote]);
        (
            (minutes, weekdays),
            option::of(any::<i64>()),
            option::of("[a-z]{2,3}(-[A-Z]{2})?"),
            option::of(mode),
            any::<[bool; 2]>(),
        )
            .prop_map(
                |(((from, until), weekdays), price, language, mode, flags)| {
                    let times = TimesOfWeek::default().between(from, until).unwrap();
                    let [step_free, untold_too] = flags;
                    Criteria {
                        times: times.on_weekdays(weekdays.into_iter().map(|(_, day)| day)),
                        max_price: price.map(Vnd::new),
                        language,
                        step_free,
                        mode,
                        untold_too,
                        ..Criteria::default()
                    }
                },
            )
    }

    fn parsed(parts: &str) -> Result<Criteria, FhirError> {
        let json = format!(r#"{{"name":"criteria","part":[{parts}]}}"#);
        read(Document::parse(&json).unwrap().root())
    }

    #[test]
    fn nothing_wanted_is_nothing_said() {
        assert!(write(&Criteria::default()).is_none());
        assert_eq!(parsed(""), Ok(Criteria::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let mode = r#"{"name":"mode","valueCode":"remote"}"#;
        assert_eq!(
            parsed(mode).map(|read| read.mode),
            Ok(Some(VisitMode::Remote))
        );
        for bad in [
            r#"{"name":"mode","valueCode":"by-dream"}"#,
            r#"{"name":"mode","valueString":"remote"}"#,
            r#"{"name":"max-price","valueMoney":{"value":9,"currency":"USD"}}"#,
            r#"{"name":"max-price","valueMoney":{"value":9.5,"currency":"VND"}}"#,
            r#"{"name":"step-free","valueBoolean":"true"}"#,
            r#"{"name":"weekday","valueCode":"someday"}"#,
            r#"{"name":"from","valueTime":"24:00:00"}"#,
            r#"{"name":"from","valueTime":"09:00:00"},{"name":"until","valueTime":"08:00:00"}"#,
            r#"{"name":"language"}"#,
            r#"{"name":"colour","valueCode":"red"}"#,
            "7",
            &format!("{mode},{mode}"),
        ] {
            assert_eq!(parsed(bad), Err(UNREADABLE), "{bad}");
        }
    }
}
