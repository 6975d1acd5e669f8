//! Numbers and spans of time as the language writes them.

use std::time::Duration;

use sokhoe_domain::Vnd;

use crate::words::{Lang, Words};

/// Writes numbers for one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    thousands: char,
    decimal: char,
    seconds: &'static str,
}

impl Numbers {
    /// As the language of these words writes them.
    pub fn of(words: &Words) -> Self {
        match words.lang() {
            Lang::Vi => Self {
                thousands: '.',
                decimal: ',',
                seconds: "giây",
            },
            Lang::En => Self {
                thousands: ',',
                decimal: '.',
                seconds: "s",
            },
        }
    }

    /// A whole number: `5.789`.
    pub fn whole(self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(self.thousands);
            }
            text.push(digit);
        }
        text
    }

    /// How long something took: `0,4 ms`, `412 ms`, `1,24 giây`.
    pub fn span(self, span: Duration) -> String {
        let millis = span.as_secs_f64() * 1000.0;
        let text = if millis < 10.0 {
            format!("{millis:.1} ms")
        } else if millis < 1000.0 {
            format!("{millis:.0} ms")
        } else {
            format!("{:.2} {}", span.as_secs_f64(), self.seconds)
        };
        text.replace('.', &self.decimal.to_string())
    }

    /// Bytes: `8,2 MB`.
    pub fn bytes(self, bytes: u64) -> String {
        #[expect(
            clippy::cast_precision_loss,
            reason = "one digit after the point is shown"
        )]
        let megabytes = bytes as f64 / 1_000_000.0;
        format!("{megabytes:.1} MB").replace('.', &self.decimal.to_string())
    }
}

/// A measured value as clinics write it, with at most four digits after the point and none that say
/// nothing: `5.4`.
pub(crate) fn plain(number: f64) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Reads an amount as people type it: `150000` or `150.000`.
///
/// # Errors
/// What an amount looks like.
pub(crate) fn parse_dong(text: &str) -> Result<Vnd, String> {
    let mut groups = text.split('.');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<_> = groups.collect();
    let grouped = rest.is_empty() || first.len() <= 3 && rest.iter().all(|group| group.len() == 3);
    let digits = format!("{first}{}", rest.concat());
    let is_number =
        grouped && !first.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let dong = is_number
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|dong| *dong > 0);
    dong.map(Vnd::new)
        .ok_or_else(|| "an amount is whole đồng, for example 150000 or 150.000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let (vi, en) = (
            Numbers::of(&Words::new(Lang::Vi)),
            Numbers::of(&Words::new(Lang::En)),
        );
        assert_eq!(
            (vi.whole(5_789), en.whole(1_234_567), vi.whole(12)),
            ("5.789".to_owned(), "1,234,567".to_owned(), "12".to_owned())
        );
        assert_eq!(vi.bytes(8_240_000), "8,2 MB");
    }

    #[test]
    fn spans_are_short() {
        let vi = Numbers::of(&Words::new(Lang::Vi));
        assert_eq!(vi.span(Duration::from_micros(430)), "0,4 ms");
        assert_eq!(vi.span(Duration::from_millis(412)), "412 ms");
        assert_eq!(vi.span(Duration::from_millis(1_239)), "1,24 giây");
    }

    #[test]
    fn an_amount_is_read_as_typed_or_not_at_all() {
        for text in ["150000", "150.000"] {
            assert_eq!(parse_dong(text), Ok(Vnd::new(150_000)));
        }
        for bad in [
            "",
            "0",
            "-5",
            "1.5",
            "150,000",
            "1500.000",
            "1.000.00",
            ".000",
            "x",
            "99999999999999999999",
        ] {
            assert!(parse_dong(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_keep_what_says_something() {
        for (value, text) in [
            (5.4, "5.4"),
            (100.0, "100"),
            (0.12345, "0.1235"),
            (-0.00001, "0"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(plain(value), text);
        }
    }
}
