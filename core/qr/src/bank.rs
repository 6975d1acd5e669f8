//! Banks and wallets by BIN, as data with a date.
//!
//! Sources are named in each row of `data/banks.csv`: the State Bank's letter 1589/NHNN-TT (2024)
//! and public bank lists. Short codes conflict between sources, so the BIN is the only key.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;

use crate::text::is_digits;

/// The month in which the table was last compared with its sources.
pub const AS_OF: &str = "2026-10";

static TABLE: LazyLock<Vec<Bank>> = LazyLock::new(|| {
    include_str!("../data/banks.csv")
        .lines()
        .skip(1)
        .filter_map(row)
        .collect()
});

/// Numbers from 970000 to 971999 are NAPAS' own.
const NAPAS_FIRST: u32 = 970_000;
const NAPAS_NUMBERS: u32 = 2_000;

/// Where in the table the bank of each of them stands.
static PLACES: LazyLock<Vec<Option<u8>>> = LazyLock::new(|| {
    (NAPAS_FIRST..NAPAS_FIRST + NAPAS_NUMBERS)
        .map(|number| {
            let place = TABLE.binary_search_by_key(&Bin(number), |bank| bank.bin);
            u8::try_from(place.ok()?).ok()
        })
        .collect()
});

/// The six digits that name a bank or wallet in NAPAS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bin(u32);

/// A text that is not six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a bank identification number has six digits")]
pub struct BinError;

/// A bank or wallet that takes part in NAPAS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bank {
    /// The key.
    pub bin: Bin,
    /// A short code; not unique between sources.
    pub code: &'static str,
    /// The name people use.
    pub short_name: &'static str,
    /// The registered name, in Vietnamese.
    pub name: &'static str,
    /// The SWIFT code, where known.
    pub swift: Option<&'static str>,
    /// Whether an account's holder can be looked up; unset when unknown.
    pub lookup: Option<bool>,
    /// Whether VietQR transfers reach it; unset when unknown.
    pub transfer: Option<bool>,
}

impl Bin {
    /// The bank of this BIN, if the table knows it.
    pub fn bank(self) -> Option<&'static Bank> {
        let place = match self.0.checked_sub(NAPAS_FIRST) {
            // Most have a number of NAPAS' own: those are found without searching.
            Some(offset @ 0..NAPAS_NUMBERS) => {
                PLACES.get(usize::try_from(offset).ok()?)?.map(usize::from)
            }
            _ => TABLE.binary_search_by_key(&self, |bank| bank.bin).ok(),
        };
        TABLE.get(place?)
    }

    /// The bank's short name; its number when the table does not know it.
    pub fn short_name(self) -> Cow<'static, str> {
        match self.bank() {
            Some(bank) => bank.short_name.into(),
            None => self.to_string().into(),
        }
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

impl FromStr for Bin {
    type Err = BinError;

    fn from_str(text: &str) -> Result<Self, BinError> {
        if text.len() == 6 && is_digits(text) {
            text.parse().map(Self).map_err(|_| BinError)
        } else {
            Err(BinError)
        }
    }
}

impl fmt::Display for Bin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for Bin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bin({self})")
    }
}

/// Every known bank, ordered by BIN.
pub fn all() -> &'static [Bank] {
    &TABLE
}

fn row(line: &'static str) -> Option<Bank> {
    let mut fields = CsvFields(Some(line));
    let bin = fields.next()?.parse().ok()?;
    let (code, short_name, name) = (fields.next()?, fields.next()?, fields.next()?);
    let swift = Some(fields.next()?).filter(|swift| !swift.is_empty());
    let (lookup, transfer) = (flag(fields.next()?), flag(fields.next()?));
    Some(Bank {
        bin,
        code,
        short_name,
        name,
        swift,
        lookup,
        transfer,
    })
}

fn flag(field: &str) -> Option<bool> {
    match field {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// Fields of one CSV line; quotes may hold commas, but no quotes.
struct CsvFields(Option<&'static str>);

impl Iterator for CsvFields {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        let rest = self.0.take()?;
        let (field, rest) = match rest
            .strip_prefix('"')
            .and_then(|quoted| quoted.split_once('"'))
        {
            Some((field, rest)) => (field, rest.strip_prefix(',')),
            None => match rest.split_once(',') {
                Some((field, rest)) => (field, Some(rest)),
                None => (rest, None),
            },
        };
        self.0 = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank(bin: &str) -> &'static Bank {
        bin.parse::<Bin>().unwrap().bank().unwrap()
    }

    #[test]
    fn every_row_is_read_and_ordered() {
        assert_eq!(all().len(), 72);
        assert!(all().is_sorted_by(|a, b| a.bin < b.bin));
    }

    #[test]
    fn knows_the_banks_that_matter() {
        assert_eq!(bank("970415").short_name, "VietinBank");
        assert_eq!(bank("970415").swift, Some("ICBVVNVX"));
        assert_eq!(bank("971005").transfer, Some(false));
        assert_eq!(bank("971025").short_name, "MoMo");
        assert_eq!(
            bank("533948").name,
            "Ngân hàng Citibank, N.A. - Chi nhánh Hà Nội"
        );
        assert_eq!(bank("970468").lookup, None);
        assert_eq!("970000".parse::<Bin>().unwrap().bank(), None);
    }

    #[test]
    fn a_bin_has_six_digits() {
        for bad in ["", "97041", "9704155", "97041a", "+97041", "９７０４１５"] {
            assert_eq!(bad.parse::<Bin>(), Err(BinError), "{bad}");
        }
        assert_eq!("000042".parse::<Bin>().unwrap().to_string(), "000042");
    }
}
