//! Texts and days as they stand on the page.

use sokhoe_domain::Timestamp;
use sokhoe_domain::text::is_visible;

/// A text of a clinic without what cannot be seen: controls, and characters that take no room or turn
/// the line around. Line ends and tabs become spaces.
pub(super) fn readable(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            // No character, says Unicode; no page may hold it, says HTML.
            '\u{fdd0}'..='\u{fdef}' => None,
            c if u32::from(c) & 0xfffe == 0xfffe => None,
            c if is_visible(c) => Some(c),
            _ => None,
        })
        .collect()
}

/// A day: `24/11/2026`.
pub(super) fn day(at: Timestamp) -> String {
    at.vietnam_day().format("%d/%m/%Y").to_string()
}

/// A FHIR date (a year, a month or a day) as it is written in Vietnam.
pub(super) fn date(fhir: &str) -> String {
    let mut parts: Vec<&str> = fhir.splitn(3, '-').collect();
    parts.reverse();
    readable(&parts.join("/"))
}

/// A text as a CSS string: everything but ASCII letters and digits is escaped, so that nothing in it can
/// end the string or the style sheet. A space too: after an escape it would be swallowed.
pub(super) fn css_string(text: &str) -> String {
    let mut css = String::from("\"");
    for c in readable(text).chars() {
        if c.is_ascii_alphanumeric() {
            css.push(c);
        } else {
            css.push_str(&format!("\\{:06x}", u32::from(c)));
        }
    }
    css.push('"');
    css
}

/// A number without needless decimals.
pub(super) fn number(value: f64) -> String {
    if value.abs() >= 1e12 {
        return format!("{value:e}");
    }
    let rounded = (value * 100.0).round() / 100.0;
    if rounded == 0.0 && value != 0.0 {
        return format!("{value}");
    }
    format!("{rounded}")
}

/// A reference range: `3,5 – 5,1`, `≤ 5`, or nothing.
pub(super) fn range(low: Option<f64>, high: Option<f64>, unit: &str) -> String {
    let range = match (low, high) {
        (Some(low), Some(high)) => format!("{} – {}", number(low), number(high)),
        (Some(low), None) => format!("≥ {}", number(low)),
        (None, Some(high)) => format!("≤ {}", number(high)),
        (None, None) => return String::new(),
    };
    readable(&format!("{range} {unit}")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_gone() {
        assert_eq!(
            readable("Nguyễn\u{202e}nôL\u{200b}\u{0}\nx\u{feff}\u{fffe}\u{1ffff}\u{fdd0}"),
            "NguyễnnôL x"
        );
    }

    #[test]
    fn dates_are_written_as_in_vietnam() {
        assert_eq!(date("1958-03-04"), "04/03/1958");
        assert_eq!(date("1958-03"), "03/1958");
        assert_eq!(date("1958"), "1958");
    }

    #[test]
    fn a_css_string_cannot_be_ended_from_within() {
        assert_eq!(css_string("a\"}"), "\"a\\000022\\00007d\"");
        assert_eq!(css_string("ị H"), "\"\\001ecb\\000020H\"");
        let css = css_string("</style><script>\\ đ");
        assert!(!css.contains('<') && !css.contains('/') && css.matches('"').count() == 2);
    }

    #[test]
    fn ranges_are_short() {
        assert_eq!(range(Some(3.5), Some(5.1), "mmol/L"), "3.5 – 5.1 mmol/L");
        assert_eq!(range(None, Some(5.0), ""), "≤ 5");
        assert_eq!(range(None, None, "mmol/L"), "");
        assert_eq!(number(0.001), "0.001");
        assert_eq!(number(2.5e300), "2.5e300");
        assert_eq!(number(12.345), "12.35");
    }
}
