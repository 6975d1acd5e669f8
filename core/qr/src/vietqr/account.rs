use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::LastFour;

/// The longest number that tag 38.01.01 holds.
const LONGEST: usize = 19;

/// The number of a payee at its bank: account, card, wallet or merchant. `Debug` shows four digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account {
    text: [u8; LONGEST],
    length: u8,
}

/// A text that cannot be a payee's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an account number has 1 to 19 letters and digits")]
pub struct AccountError;

impl Account {
    /// The whole number.
    pub fn as_str(&self) -> &str {
        self.text
            .get(..self.length.into())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// The last digits, as screens show them beside the bank.
    pub fn last_four(&self) -> &str {
        let text = self.as_str();
        text.get(text.len().saturating_sub(4)..).unwrap_or_default()
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let well_formed = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        let mut account = Self {
            text: [0; LONGEST],
            length: u8::try_from(text.len()).map_err(|_| AccountError)?,
        };
        account
            .text
            .get_mut(..text.len())
            .filter(|_| well_formed)
            .ok_or(AccountError)?
            .copy_from_slice(text.as_bytes());
        Ok(account)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account")
            .field(&LastFour(self.as_str()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_to_nineteen_letters_and_digits() {
        for good in ["1", "PSP123456789000000", "1234567890123456789", "a-b_c.d"] {
            let account: Account = good.parse().unwrap();
            assert_eq!(account.as_str(), good);
        }
        for bad in ["", "12345678901234567890", "11 33", "sốtk", "1\n"] {
            assert_eq!(bad.parse::<Account>(), Err(AccountError), "{bad}");
        }
        let account: Account = "113366668888".parse().unwrap();
        assert_eq!(account.last_four(), "8888");
        assert_eq!(format!("{account:?}"), "Account(…8888)");
    }
}
