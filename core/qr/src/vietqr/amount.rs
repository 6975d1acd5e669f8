use sokhoe_domain::Vnd;

use super::error::Problem;

/// A NAPAS 247 transfer is below this.
pub const TRANSFER_LIMIT: Vnd = Vnd::new(500_000_000);

/// The longest amount in characters.
const LONGEST: usize = 13;

/// Reads tag 54. `50000` and `50000.` are the same amount; đồng have no decimals.
pub(crate) fn read_amount(text: &str) -> Result<Vnd, Problem> {
    let digits = text.strip_suffix('.').unwrap_or(text);
    let well_formed = text.len() <= LONGEST && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(0) => Err(Problem::ZeroAmount),
        Ok(dong) if well_formed => Ok(Vnd::new(dong)),
        _ => Err(Problem::BadAmount),
    }
}

/// Whether an amount has a place in a code: above zero, and at most 13 digits.
pub(crate) fn can_be_written(amount: Vnd) -> bool {
    (1..10_i64.pow(13)).contains(&amount.dong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_dong_only() {
        for (text, dong) in [
            ("1", 1),
            ("50000", 50_000),
            ("50000.", 50_000),
            ("9999999999999", 9_999_999_999_999),
        ] {
            assert_eq!(read_amount(text), Ok(Vnd::new(dong)), "{text}");
        }
        for text in [
            "",
            ".",
            "50 000",
            "50,000",
            "50000.0",
            "50000.5",
            "1..",
            "-5",
            "+5",
            "1e5",
            "12345678901234",
            "٥",
        ] {
            assert_eq!(read_amount(text), Err(Problem::BadAmount), "{text}");
        }
        for text in ["0", "000", "0."] {
            assert_eq!(read_amount(text), Err(Problem::ZeroAmount), "{text}");
        }
    }
}
