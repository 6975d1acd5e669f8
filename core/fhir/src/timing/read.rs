//! Reading a prescription's times.

use std::time::Duration;

use chrono::{Days, Months, NaiveTime};
use sokhoe_domain::Timestamp;
use sokhoe_domain::text::fold;

use super::chosen;
use super::course::{Course, Rule};
use super::{DayTimes, DoseTimes};
use crate::json::{Document, Node};
use crate::values;

/// A prescription that does not say how long it holds is not believed for longer: no medicine of an outpatient's
/// prescription in Vietnam is for more days (Circular 26/2025/TT-BYT, Article 6 (8), for the diseases of its
/// Appendix VII; for all others it is 30 days). Which of the two it is does not follow from the resource, and
/// a reminder that stops while a prescription is in force would be missed.
const LONGEST_PRESCRIPTION: u64 = 90;
/// More doses than this are nobody's prescription.
const MOST_DOSES: u64 = 5_000;
const DAY: Duration = Duration::from_secs(86_400);
/// Before and after a meal, unless an offset says otherwise.
const ABOUT_A_MEAL: i64 = 30;
const EVERY_DAY: u8 = 0b111_1111;
const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Words that make a dose depend on something; folded, with the spaces around them.
const CONDITIONS: [&str; 8] = [
    " neu ", " khi ", " tuy ", " prn ", " needed ", " if ", " when ", " unless ",
];
/// Where such words only say at what time; folded, without the space at the beginning.
const TIMES: [&str; 6] = [
    "truoc khi an ",
    "sau khi an ",
    "trong khi an ",
    "truoc khi ngu ",
    "truoc khi di ngu ",
    "sau khi ngu day ",
];

/// What is not said so that a program could say when.
pub(super) struct Unclear;

/// How long a dosage holds.
struct Bounds {
    start: Timestamp,
    /// The first day or instant is named, and not only when it was written.
    is_named: bool,
    /// The start has a time of day.
    has_time: bool,
    end: Timestamp,
}

/// What the request says for all of its dosages.
struct Request {
    authored: Option<Timestamp>,
    /// Whether that has a time of day.
    has_time: bool,
    /// When what is to be dispensed is taken.
    supplied: Option<Timestamp>,
    /// Whether dosages follow each other.
    is_in_sequence: bool,
}

/// When the medicine of a MedicationRequest is to be taken.
#[must_use]
pub fn dose_times(json: &str, day: &DayTimes) -> DoseTimes {
    let Ok(document) = Document::parse(json) else {
        return DoseTimes::Nothing;
    };
    let root = document.root();
    let is_order = root.get("resourceType").is_text("MedicationRequest")
        && root.get("status").is_text("active")
        && root.get("intent").is_text("order")
        && root.get("doNotPerform").bool() != Some(true);
    let is_inpatient = root
        .get("category")
        .items()
        .flat_map(|category| category.get("coding").items())
        .any(|coding| coding.get("code").is_text("inpatient"));
    if !is_order || is_inpatient {
        return DoseTimes::Nothing;
    }
    read(root, day).unwrap_or(DoseTimes::SeePrescription)
}

fn read(root: Node<'_>, day: &DayTimes) -> Result<DoseTimes, Unclear> {
    if root.get("modifierExtension").exists() {
        return Err(Unclear);
    }
    let dosages = || root.get("dosageInstruction").items();
    let mut sequence: Vec<_> = dosages()
        .map(|dosage| dosage.get("sequence").u64())
        .collect();
    sequence.dedup();
    let authored = root.str("authoredOn");
    let mut request = Request {
        authored: authored.as_deref().and_then(Timestamp::parse_fhir),
        has_time: authored.is_some_and(|text| text.len() > 10),
        supplied: None,
        is_in_sequence: sequence.len() > 1,
    };
    let supply = root.get("dispenseRequest").get("expectedSupplyDuration");
    if supply.exists() {
        let authored = request.authored.ok_or(Unclear)?;
        request.supplied = Some(after(authored, supply)?);
    }
    let mut courses = Vec::new();
    let mut needed = 0;
    for dosage in dosages() {
        if is_as_needed(dosage) {
            needed += 1;
            continue;
        }
        courses.push(course(dosage, &request, day)?);
    }
    // Two at once that leave their times open are hardly for the same times.
    let is_chosen = courses.iter().any(Course::is_at_chosen_times);
    if is_chosen && courses.len() > 1 && !request.is_in_sequence {
        return Err(Unclear);
    }
    match (courses.is_empty(), needed) {
        (true, 0) => Err(Unclear),
        (true, _) => Ok(DoseTimes::AsNeeded),
        (false, _) => Ok(DoseTimes::Known(courses)),
    }
}

fn is_as_needed(dosage: Node<'_>) -> bool {
    let concept = dosage.get("asNeededCodeableConcept");
    concept.exists() || dosage.get("asNeededBoolean").bool() == Some(true)
}

fn course(dosage: Node<'_>, request: &Request, day: &DayTimes) -> Result<Course, Unclear> {
    let timing = dosage.get("timing");
    let repeat = timing.get("repeat");
    understood(dosage, &["timing", "text", "patientInstruction"], |_| true)?;
    understood(timing, &["event", "repeat", "code", "id"], |_| false)?;
    if is_conditional(dosage) || is_conditional_code(timing.get("code")) {
        return Err(Unclear);
    }
    if timing.get("event").exists() {
        return match repeat.exists() || timing.get("code").exists() {
            true => Err(Unclear),
            false => instants(timing.get("event")),
        };
    }
    let known = [
        "id",
        "boundsPeriod",
        "boundsDuration",
        "count",
        "duration",
        "durationUnit",
        "frequency",
        "period",
        "periodUnit",
        "dayOfWeek",
        "timeOfDay",
        "when",
        "offset",
    ];
    understood(repeat, &known, |_| false)?;
    let bounds = bounds(repeat, request)?;
    let count = match repeat.get("count").exists() {
        // Which dose is the first one is not known of a day alone.
        true if !bounds.is_named && !bounds.has_time => return Err(Unclear),
        true => {
            let count = repeat.get("count").u64();
            let count = count.filter(|count| (1..=MOST_DOSES).contains(count));
            Some(usize::try_from(count.ok_or(Unclear)?).map_err(|_| Unclear)?)
        }
        false => None,
    };
    let mut said = words_of(dosage);
    said.extend(timing.get("code").str("text").map(Into::into));
    let (rule, is_chosen) = rule(timing, &bounds, &said, day)?;
    Ok(Course {
        start: bounds.start,
        end: bounds.end,
        count,
        rule,
        is_chosen,
    })
}

/// That there is no member but those that are known; those that only `may` be there are none that change
/// what it says.
fn understood(node: Node<'_>, known: &[&str], may: fn(&str) -> bool) -> Result<(), Unclear> {
    for (key, _) in node.fields() {
        let key = key.text().unwrap_or_default();
        let changes = key == "modifierExtension" || key.starts_with("_timing");
        if changes || !known.contains(&&*key) && !may(&key) {
            return Err(Unclear);
        }
    }
    Ok(())
}

fn is_conditional(dosage: Node<'_>) -> bool {
    words_of(dosage).iter().any(|text| depends(text))
}

/// What a dosage says in words.
fn words_of(dosage: Node<'_>) -> Vec<String> {
    let additional = dosage.get("additionalInstruction").items();
    let additional = additional.filter_map(values::concept).map(Into::into);
    let said = [dosage.str("text"), dosage.str("patientInstruction")];
    let said = said.into_iter().flatten().map(Into::into);
    said.chain(additional).collect()
}

fn is_conditional_code(code: Node<'_>) -> bool {
    code.str("text").is_some_and(|text| depends(&text))
}

fn depends(text: &str) -> bool {
    let mut folded = format!(" {} ", fold(text));
    for time in TIMES {
        folded = folded.replace(time, "");
    }
    CONDITIONS.iter().any(|word| folded.contains(word))
}

/// Instants that are listed.
fn instants(events: Node<'_>) -> Result<Course, Unclear> {
    let mut instants = Vec::new();
    for event in events.items() {
        let text = event.text().filter(|text| text.len() > 10);
        let at = text.and_then(|text| Timestamp::parse_fhir(&text));
        instants.push(at.ok_or(Unclear)?);
    }
    instants.sort_unstable();
    instants.dedup();
    let (first, last) = instants.first().zip(instants.last()).ok_or(Unclear)?;
    Ok(Course {
        start: *first,
        end: last.plus(Duration::from_millis(1)),
        count: None,
        rule: Rule::Instants(instants),
        is_chosen: false,
    })
}

fn bounds(repeat: Node<'_>, request: &Request) -> Result<Bounds, Unclear> {
    let (period, duration) = (repeat.get("boundsPeriod"), repeat.get("boundsDuration"));
    if period.exists() && duration.exists() || request.is_in_sequence && !period.exists() {
        return Err(Unclear);
    }
    if period.exists() {
        understood(period, &["start", "end", "id"], |_| false)?;
        let start = period.str("start");
        let end = period.str("end").map(|end| end_of(&end));
        let named = start.as_deref().map(Timestamp::parse_fhir);
        if start.is_none() && (end.is_none() || request.is_in_sequence) {
            return Err(Unclear);
        }
        let begin = match named {
            Some(named) => named.ok_or(Unclear)?,
            None => request.authored.ok_or(Unclear)?,
        };
        let end = match end {
            Some(end) => end.ok_or(Unclear)?,
            None => request.holds_until(begin),
        };
        let is_named = start.is_some();
        return whole(Bounds {
            start: begin,
            is_named,
            has_time: start.map_or(request.has_time, |start| start.len() > 10),
            end,
        });
    }
    let authored = request.authored.ok_or(Unclear)?;
    let end = match duration.exists() {
        // Whether the first day's doses are still to come is not known of a day alone.
        true if !request.has_time => return Err(Unclear),
        true => after(authored, duration)?,
        false => request.holds_until(authored),
    };
    whole(Bounds {
        start: authored,
        is_named: false,
        has_time: request.has_time,
        end,
    })
}

fn whole(bounds: Bounds) -> Result<Bounds, Unclear> {
    match bounds.start < bounds.end {
        true => Ok(bounds),
        false => Err(Unclear),
    }
}

impl Request {
    /// Until when a course holds that names no end.
    fn holds_until(&self, start: Timestamp) -> Timestamp {
        let longest = start.plus(DAY * u32::try_from(LONGEST_PRESCRIPTION).unwrap_or(0));
        self.supplied.map_or(longest, |end| end.min(longest))
    }
}

/// The first instant after an end that is named: a day, a month, a year belong to it whole.
fn end_of(text: &str) -> Option<Timestamp> {
    let at = Timestamp::parse_fhir(text)?;
    let day = at.vietnam_day();
    let next = match text.len() {
        4 => day.checked_add_months(Months::new(12))?,
        7 => day.checked_add_months(Months::new(1))?,
        10 => day.checked_add_days(Days::new(1))?,
        _ => return Some(at.plus(Duration::from_millis(1))),
    };
    Some(Timestamp::start_of_day(next))
}

/// This instant and a Duration of FHIR.
fn after(start: Timestamp, duration: Node<'_>) -> Result<Timestamp, Unclear> {
    if duration.get("comparator").exists() {
        return Err(Unclear);
    }
    let value = whole_number(duration.get("value")).ok_or(Unclear)?;
    let unit = duration.str("code").or_else(|| duration.str("unit"));
    let days = match unit.as_deref() {
        Some("h") => return Ok(start.plus(Duration::from_secs(u64::from(value) * 3_600))),
        Some("d" | "day" | "days" | "ngày") => value,
        Some("wk" | "week" | "weeks" | "tuần") => value.checked_mul(7).ok_or(Unclear)?,
        Some("mo") => {
            let local = start.in_vietnam().naive_local();
            let end = local.checked_add_months(Months::new(value));
            return Ok(Timestamp::from_vietnam(end.ok_or(Unclear)?));
        }
        _ => return Err(Unclear),
    };
    Ok(start.plus(DAY.checked_mul(days).ok_or(Unclear)?))
}

/// A whole number that is not zero, however it is written.
fn whole_number(node: Node<'_>) -> Option<u32> {
    let number = node.number()?;
    let whole = number.split_once('.').map_or(number, |(whole, rest)| {
        match rest.bytes().all(|digit| digit == b'0') {
            true => whole,
            false => "",
        }
    });
    whole.parse().ok().filter(|number| *number > 0)
}

/// The rule, and whether its times are the person's and not told.
fn rule(
    timing: Node<'_>,
    bounds: &Bounds,
    said: &[String],
    day: &DayTimes,
) -> Result<(Rule, bool), Unclear> {
    let repeat = timing.get("repeat");
    let frequency = optional(repeat.get("frequency"))?;
    let period = optional(repeat.get("period"))?;
    let unit = repeat.str("periodUnit");
    if unit.is_some() != period.is_some() || frequency.is_some() && period.is_none() {
        return Err(Unclear);
    }
    let weekdays = weekdays(repeat.get("dayOfWeek"))?;
    let mut times = times(timing, day)?;
    let code = code(timing.get("code"))?;
    if unit.as_deref() == Some("h") {
        let hours = period.filter(|hours| (2..=72).contains(hours));
        let hours = u64::from(hours.ok_or(Unclear)?);
        let is_exact = bounds.is_named
            && bounds.has_time
            && times.is_empty()
            && weekdays.is_none()
            && code.is_none()
            && frequency.is_none_or(|frequency| frequency == 1);
        return match is_exact {
            true => Ok((Rule::Span(Duration::from_secs(hours * 3_600)), false)),
            false => Err(Unclear),
        };
    }
    let on_days = weekdays.map_or(1, u8::count_ones);
    let is_chosen = times.is_empty();
    // Words that were not understood are words of times, too.
    if is_chosen && !repeat.get("when").exists() && !repeat.get("timeOfDay").exists() {
        let a_day = match (unit.as_deref(), frequency, code) {
            (None, None, Some((_, times))) => times,
            (Some("wk"), Some(frequency), _) if frequency == on_days => 1,
            (Some("d"), Some(frequency), _) if period == Some(1) || frequency == 1 => frequency,
            _ => return Err(Unclear),
        };
        times = chosen::times(a_day, said, day)?;
    }
    let a_day = u32::try_from(times.len()).map_err(|_| Unclear)?;
    if a_day == 0 {
        return Err(Unclear);
    }
    let (every, expected) = match (unit.as_deref(), period, weekdays) {
        // Without a span a code says the days.
        (None, _, None) if is_chosen => (code.map_or(1, |(days, _)| days), a_day),
        (None, _, _) => (1, a_day),
        (Some("d"), Some(1), _) => (1, a_day),
        (Some("d"), Some(days), None) => (days, a_day),
        (Some("wk"), Some(1), Some(_)) => (1, a_day * on_days),
        (Some("wk"), Some(weeks), None) => (weeks.checked_mul(7).ok_or(Unclear)?, a_day),
        _ => return Err(Unclear),
    };
    let fits = frequency.is_none_or(|frequency| frequency == expected)
        && code.is_none_or(|(days, times)| days == every && times == a_day);
    // Which of the days it is follows from the first one only.
    if !fits || every > 1 && !bounds.is_named {
        return Err(Unclear);
    }
    let rule = Rule::Days {
        times,
        every: every.into(),
        weekdays: weekdays.unwrap_or(EVERY_DAY),
    };
    Ok((rule, is_chosen))
}

fn optional(node: Node<'_>) -> Result<Option<u32>, Unclear> {
    match node.exists() {
        true => Ok(Some(whole_number(node).ok_or(Unclear)?)),
        false => Ok(None),
    }
}

/// How many days lie between, and how many times on each, of a code of `GTSAbbreviation`.
fn code(code: Node<'_>) -> Result<Option<(u32, u32)>, Unclear> {
    let Some(code) = code.get("coding").first().str("code") else {
        return Ok(None);
    };
    Ok(Some(match &*code {
        "QD" | "AM" | "PM" | "BED" => (1, 1),
        "BID" => (1, 2),
        "TID" => (1, 3),
        "QID" => (1, 4),
        "QOD" => (2, 1),
        "WK" => (7, 1),
        _ => return Err(Unclear),
    }))
}

fn weekdays(days: Node<'_>) -> Result<Option<u8>, Unclear> {
    let mut mask = 0;
    for day in days.items() {
        let place = WEEK.iter().position(|name| day.is_text(name));
        mask |= 1 << place.ok_or(Unclear)?;
    }
    Ok((mask != 0).then_some(mask))
}

/// The times of a day, in order; none when none is told.
fn times(timing: Node<'_>, day: &DayTimes) -> Result<Vec<NaiveTime>, Unclear> {
    let repeat = timing.get("repeat");
    let (named, when) = (repeat.get("timeOfDay"), repeat.get("when"));
    let offset = match repeat.get("offset").exists() {
        true => {
            let minutes = repeat.get("offset").u64();
            let minutes = minutes.filter(|minutes| *minutes <= 240);
            Some(i64::try_from(minutes.ok_or(Unclear)?).map_err(|_| Unclear)?)
        }
        false => None,
    };
    if named.exists() && when.exists() || offset.is_some() && !when.exists() {
        return Err(Unclear);
    }
    let mut times = Vec::new();
    for time in named.items() {
        let text = time.text().ok_or(Unclear)?;
        times.push(NaiveTime::parse_from_str(&text, "%H:%M:%S").map_err(|_| Unclear)?);
    }
    for code in when.items() {
        times.extend(times_of(&code.text().ok_or(Unclear)?, offset, day)?);
    }
    if times.is_empty() && !repeat.get("frequency").exists() && !repeat.get("period").exists() {
        // A code alone says it all.
        match timing
            .get("code")
            .get("coding")
            .first()
            .str("code")
            .as_deref()
        {
            Some("AM") => times.push(day.morning()),
            Some("PM") => times.push(day.afternoon()),
            Some("BED") => times.push(day.bedtime()),
            _ => {}
        }
    }
    times.sort_unstable();
    times.dedup();
    Ok(times)
}

/// The times of one code of `EventTiming`.
fn times_of(code: &str, offset: Option<i64>, day: &DayTimes) -> Result<Vec<NaiveTime>, Unclear> {
    let meals = day.meals();
    let before = -offset.unwrap_or(ABOUT_A_MEAL);
    let after = offset.unwrap_or(ABOUT_A_MEAL);
    let (events, minutes): (&[NaiveTime], i64) = match code {
        "AC" => (&meals, before),
        "ACM" => (&meals[..1], before),
        "ACD" => (&meals[1..2], before),
        "ACV" => (&meals[2..], before),
        "PC" => (&meals, after),
        "PCM" => (&meals[..1], after),
        "PCD" => (&meals[1..2], after),
        "PCV" => (&meals[2..], after),
        "HS" => (&[day.bedtime()], -offset.unwrap_or(0)),
        "WAKE" => (&[day.waking()], offset.unwrap_or(0)),
        // How far from a time that is none of the clock's is not said.
        _ if offset.is_some() => return Err(Unclear),
        "C" => (&meals, 0),
        "CM" => (&meals[..1], 0),
        "CD" => (&meals[1..2], 0),
        "CV" => (&meals[2..], 0),
        "MORN" => (&[day.morning()], 0),
        "NOON" => (&[day.noon()], 0),
        "AFT" => (&[day.afternoon()], 0),
        "EVE" => (&[day.evening()], 0),
        "NIGHT" => (&[day.night()], 0),
        _ => return Err(Unclear),
    };
    let mut times = Vec::new();
    for event in events {
        let (time, days) = event.overflowing_add_signed(chrono::TimeDelta::minutes(minutes));
        if days != 0 {
            // Another day than the one that is meant.
            return Err(Unclear);
        }
        times.push(time);
    }
    Ok(times)
}
