//! Whose messages a clinic takes, and by which keys it knows them.

use std::fmt;

use serde::Deserialize;

use super::transfer::plain;

/// Who tells a clinic what arrived in its account. As JSON it is what `sokhoe clinic serve --bank-messages FILE` reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BankMessages {
    /// Account numbers that are the clinic's besides the one on its invoices: virtual ones that a provider gave.
    pub accounts: Vec<String>,
    /// payOS (`POST /bank-messages/payos`).
    pub payos: Option<PayosKey>,
    /// SePay (`POST /bank-messages/sepay`).
    pub sepay: Option<SepayKeys>,
    /// Casso, webhooks of version 2 (`POST /bank-messages/casso`).
    pub casso: Option<CassoKey>,
}

/// By what a message of payOS is known.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayosKey {
    /// The payment channel's checksum key.
    pub checksum_key: String,
}

/// By what a message of SePay is known: where both are there, by both.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SepayKeys {
    /// The secret of `HMAC-SHA256`, which SePay recommends.
    pub secret: Option<String>,
    /// The key of `API Key`, which does not show that nothing was altered on the way.
    pub api_key: Option<String>,
}

/// By what a message of Casso is known.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CassoKey {
    /// The webhook's key.
    pub key: String,
}

macro_rules! hides {
    ($($name:ident),*) => {$(
        /// Keys are not for logs.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

hides!(PayosKey, SepayKeys, CassoKey);

/// A configuration that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBankMessages {
    /// It is not the JSON that is read here.
    #[error("not a configuration of bank messages, in line {line}")]
    NotJson {
        /// Where it cannot be read.
        line: usize,
    },
    /// A provider has no key, or one that anybody guesses.
    #[error("each provider needs its key, of at least 16 characters")]
    Key,
    /// No provider is named.
    #[error("name payos, sepay or casso")]
    Nobody,
    /// An account number is empty.
    #[error("an account number has letters and digits")]
    Account,
}

/// A shorter key can be guessed.
const SHORTEST_KEY: usize = 16;

/// Whose message it is, with the keys.
#[derive(Debug, Clone)]
pub(crate) enum Sender {
    Payos(PayosKey),
    Sepay(SepayKeys),
    Casso(CassoKey),
}

impl BankMessages {
    /// Reads a configuration and looks whether it is sound.
    ///
    /// # Errors
    /// [`BadBankMessages`]
    pub fn from_json(json: &str) -> Result<Self, BadBankMessages> {
        let read: Self = serde_json::from_str(json)
            .map_err(|error| BadBankMessages::NotJson { line: error.line() })?;
        read.check()?;
        Ok(read)
    }

    /// Whether it is sound.
    pub(crate) fn check(&self) -> Result<(), BadBankMessages> {
        let mut keys = Vec::new();
        keys.extend(self.payos.iter().map(|key| &key.checksum_key));
        keys.extend(self.casso.iter().map(|key| &key.key));
        if let Some(sepay) = &self.sepay {
            let known: Vec<_> = sepay.secret.iter().chain(&sepay.api_key).collect();
            if known.is_empty() {
                return Err(BadBankMessages::Key);
            }
            keys.extend(known);
        }
        if keys.is_empty() {
            return Err(BadBankMessages::Nobody);
        }
        if keys.iter().any(|key| key.len() < SHORTEST_KEY) {
            return Err(BadBankMessages::Key);
        }
        match self
            .accounts
            .iter()
            .any(|account| plain(account).is_empty())
        {
            true => Err(BadBankMessages::Account),
            false => Ok(()),
        }
    }

    /// The sender of this name, where the clinic takes its messages.
    pub(crate) fn sender(&self, name: &str) -> Option<Sender> {
        match name {
            "payos" => self.payos.clone().map(Sender::Payos),
            "sepay" => self.sepay.clone().map(Sender::Sepay),
            "casso" => self.casso.clone().map(Sender::Casso),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_sound_or_says_what_is_missing() {
        let sound = r#"{"accounts": ["VQRQ00021"], "payos": {"checksum_key": "0123456789abcdef"},
            "sepay": {"api_key": "0123456789abcdef"}, "casso": {"key": "0123456789abcdef"}}"#;
        let read = BankMessages::from_json(sound).unwrap();
        assert!(read.sender("payos").is_some() && read.sender("momo").is_none());
        assert!(!format!("{read:?}").contains("0123456789abcdef"));
        for (json, error) in [
            ("{}", BadBankMessages::Nobody),
            ("\n{", BadBankMessages::NotJson { line: 2 }),
            (r#"{"momo": {}}"#, BadBankMessages::NotJson { line: 1 }),
            (r#"{"sepay": {}}"#, BadBankMessages::Key),
            (r#"{"casso": {"key": "short"}}"#, BadBankMessages::Key),
            (
                r#"{"accounts": ["-"], "casso": {"key": "0123456789abcdef"}}"#,
                BadBankMessages::Account,
            ),
        ] {
            assert_eq!(BankMessages::from_json(json), Err(error), "{json}");
        }
    }
}
