use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::LastFour;

/// The number of a payee at its bank: account, card, wallet or merchant. `Debug` shows four digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account(String);

/// A text that cannot be a payee's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an account number has 1 to 19 letters and digits")]
pub struct AccountError;

impl Account {
    /// The whole number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last digits, as screens show them beside the bank.
    pub fn last_four(&self) -> &str {
        self.0
            .get(self.0.len().saturating_sub(4)..)
            .unwrap_or_default()
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let well_formed = (1..=19).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountError)
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&LastFour(&self.0)).finish()
    }
}
