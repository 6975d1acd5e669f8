//! Times of the day for a prescription that says how often a day, and not when.
//!
//! The times are the person's own. What the prescription's words say besides must agree with them: a time of
//! the clock, another count, a word that could turn the meaning round, and the prescription is left to the
//! person.

use chrono::NaiveTime;
use sokhoe_domain::text::fold;

use super::DayTimes;
use super::read::Unclear;

/// What people call the parts of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Morning,
    Noon,
    Evening,
    Night,
}

const ONCE: [Part; 1] = [Part::Morning];
const TWICE: [Part; 2] = [Part::Morning, Part::Evening];
const THRICE: [Part; 3] = [Part::Morning, Part::Noon, Part::Evening];
const FOUR_TIMES: [Part; 4] = [Part::Morning, Part::Noon, Part::Evening, Part::Night];

/// Words after which nothing is as the words around them say; folded, with the spaces around them.
const TURNS: [&str; 20] = [
    " khong ",
    " tranh ",
    " tru ",
    " hoac ",
    " hay ",
    " toi da ",
    " toi thieu ",
    " it nhat ",
    " cach ngay ",
    " cach nhau ",
    " hang tuan ",
    " moi tuan ",
    " not ",
    " avoid ",
    " except ",
    " or ",
    " most ",
    " least ",
    " other ",
    " weekly ",
];
/// Words of the clock.
const CLOCK: [&str; 7] = ["gio", "h", "g", "hour", "hours", "hourly", "clock"];
/// After "lần", another span than a day.
const OTHER_SPANS: [&str; 4] = ["gio", "tuan", "thang", "dot"];

/// When something is taken so often a day, whose words are `said`.
pub(super) fn times(
    a_day: u32,
    said: &[String],
    day: &DayTimes,
) -> Result<Vec<NaiveTime>, Unclear> {
    let usual: &[Part] = match a_day {
        1 => &ONCE,
        2 => &TWICE,
        3 => &THRICE,
        4 => &FOUR_TIMES,
        _ => return Err(Unclear),
    };
    let mut named = Vec::new();
    for text in said {
        named.extend(parts(text, a_day)?);
    }
    named.sort_unstable();
    named.dedup();
    let parts = match named.len() {
        0 => usual,
        parts if parts == usual.len() => &named,
        _ => return Err(Unclear),
    };
    let time = |part: &Part| match part {
        Part::Morning => day.morning(),
        Part::Noon => day.noon(),
        Part::Evening => day.evening(),
        Part::Night => day.night(),
    };
    Ok(parts.iter().map(time).collect())
}

/// The parts of a day that a text names.
fn parts(text: &str, a_day: u32) -> Result<Vec<Part>, Unclear> {
    // Light and dark are no times of the day.
    let folded = format!(" {} ", fold(text)).replace(" anh sang ", " ");
    if TURNS.iter().any(|turn| folded.contains(turn)) {
        return Err(Unclear);
    }
    let words: Vec<&str> = folded.split_whitespace().collect();
    let in_the_afternoon = words.contains(&"chieu") || words.contains(&"afternoon");
    let mut parts = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| words.get(place));
        let counted = before.and_then(|word| word.parse::<u32>().ok());
        let is_clock = CLOCK.contains(word)
            || matches!(*word, "am" | "pm") && counted.is_some()
            || word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('h');
        if is_clock {
            return Err(Unclear);
        }
        if matches!(*word, "lan" | "times") {
            let rest = words.get(place + 1..).unwrap_or_default();
            let span = rest
                .iter()
                .find(|word| !matches!(**word, "1" | "mot" | "moi" | "trong" | "tren" | "a"));
            let other = span.is_some_and(|span| OTHER_SPANS.contains(span));
            if counted.is_some_and(|counted| counted != a_day) || other {
                return Err(Unclear);
            }
        }
        parts.extend(match *word {
            "sang" | "morning" | "breakfast" => Some(Part::Morning),
            "trua" | "noon" | "midday" | "lunch" => Some(Part::Noon),
            "chieu" | "afternoon" | "dinner" => Some(Part::Evening),
            // Of four parts, the last one.
            "toi" | "evening" if in_the_afternoon => Some(Part::Night),
            "toi" | "evening" => Some(Part::Evening),
            "dem" | "khuya" | "ngu" | "night" | "bed" | "bedtime" => Some(Part::Night),
            _ => None,
        });
    }
    Ok(parts)
}
