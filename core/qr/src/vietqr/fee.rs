use sokhoe_domain::Vnd;

use crate::emv::Payload;

use super::amount::{can_be_written, read_amount};

/// A tip or fee on top of the amount (tags 55, 56 and 57).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// `01`: the payer is asked.
    Asked,
    /// `02`: a fixed fee.
    Fixed(Vnd),
    /// `03`: hundredths of a percent of the amount, from 1 to 9999.
    Percent(u16),
}

/// What tag 55 may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeeError {
    /// None of `01`, `02`, `03`.
    BadIndicator,
    /// Tags 56 and 57 are not those that tag 55 announces, or malformed.
    Mismatch,
}

impl Fee {
    /// The fee of a code; unset when there is none, or when its tags disagree.
    pub(crate) fn of(payload: &Payload) -> Option<Self> {
        let [indicator, fixed, percent] = [55, 56, 57].map(|tag| payload.get(tag));
        Self::read(indicator, fixed, percent).ok().flatten()
    }

    pub(crate) fn read(
        indicator: Option<&str>,
        fixed: Option<&str>,
        percent: Option<&str>,
    ) -> Result<Option<Self>, FeeError> {
        let mismatch = FeeError::Mismatch;
        match (indicator, fixed, percent) {
            (None, None, None) => Ok(None),
            (Some("01"), None, None) => Ok(Some(Self::Asked)),
            (Some("02"), Some(fixed), None) => read_amount(fixed)
                .map(|fee| Some(Self::Fixed(fee)))
                .map_err(|_| mismatch),
            (Some("03"), None, Some(percent)) => read_percent(percent)
                .map(Self::Percent)
                .map(Some)
                .ok_or(mismatch),
            (None | Some("01" | "02" | "03"), _, _) => Err(mismatch),
            (Some(_), _, _) => Err(FeeError::BadIndicator),
        }
    }

    /// Tag 55, and the tag and value beside it; unset when the fee has no place there.
    pub(super) fn write(self) -> Option<(&'static str, Option<(u8, String)>)> {
        Some(match self {
            Self::Asked => ("01", None),
            Self::Fixed(fee) if can_be_written(fee) => ("02", Some((56, fee.dong().to_string()))),
            Self::Percent(fee @ 1..=9_999) => (
                "03",
                Some((57, format!("{:02}.{:02}", fee / 100, fee % 100))),
            ),
            Self::Fixed(_) | Self::Percent(_) => return None,
        })
    }
}

/// `00.01` to `99.99`; writers also leave out zeros.
fn read_percent(text: &str) -> Option<u16> {
    let (whole, hundredths) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(hundredths) {
        return None;
    }
    let fee = whole.parse::<u16>().ok()? * 100 + format!("{hundredths:0<2}").parse::<u16>().ok()?;
    (fee > 0).then_some(fee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        for fee in [
            Fee::Asked,
            Fee::Fixed(Vnd::new(5_000)),
            Fee::Percent(1),
            Fee::Percent(9_999),
        ] {
            let (indicator, beside) = fee.write().unwrap();
            let value = |tag| {
                beside
                    .as_ref()
                    .filter(|(id, _)| *id == tag)
                    .map(|(_, v)| v.as_str())
            };
            assert_eq!(
                Fee::read(Some(indicator), value(56), value(57)),
                Ok(Some(fee))
            );
        }
        assert_eq!(Fee::Percent(10_000).write(), None);
        assert_eq!(Fee::Fixed(Vnd::new(0)).write(), None);
    }

    #[test]
    fn percents_have_two_digits_on_each_side() {
        for (text, fee) in [("00.01", 1), ("3", 300), ("3.5", 350), ("99.99", 9_999)] {
            assert_eq!(read_percent(text), Some(fee), "{text}");
        }
        for bad in ["", ".5", "0", "00.00", "100", "1.234", "1,5", "5%", "+1"] {
            assert_eq!(read_percent(bad), None, "{bad}");
        }
    }

    #[test]
    fn tags_must_agree() {
        assert_eq!(
            Fee::read(Some("04"), None, None),
            Err(FeeError::BadIndicator)
        );
        for (indicator, fixed, percent) in [
            (None, Some("5"), None),
            (Some("01"), Some("5"), None),
            (Some("02"), None, None),
            (Some("02"), Some("x"), None),
            (Some("03"), Some("5"), None),
            (Some("03"), None, Some("0")),
        ] {
            assert_eq!(
                Fee::read(indicator, fixed, percent),
                Err(FeeError::Mismatch)
            );
        }
    }
}
