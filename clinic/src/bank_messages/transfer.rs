use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sokhoe_domain::Vnd;

/// Money that arrived, as a provider tells it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Who tells it.
    pub provider: &'static str,
    /// The provider's number of it.
    pub id: String,
    /// The accounts that it says it arrived in: a virtual one, and the one behind it.
    pub accounts: Vec<String>,
    /// The bank's number of it, where there is one.
    pub bank_reference: Option<String>,
    pub amount: Vnd,
    /// What the payer, and the banks between, wrote.
    pub text: String,
}

/// Who paid for what is not for logs.
impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Transfer {
    /// The number by which it counts once.
    pub fn payment(&self) -> String {
        format!("{}:{}", self.provider, self.id)
    }

    /// The account that it is known by, with other transfers of the same account.
    pub fn account(&self) -> String {
        self.accounts.first().cloned().unwrap_or_default()
    }
}

/// An account number as it is compared: letters and digits alone.
pub(crate) fn plain(account: &str) -> String {
    account
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// The accounts that are named.
pub(super) fn accounts<const N: usize>(named: [Option<String>; N]) -> Vec<String> {
    let named = named.into_iter().flatten().map(|account| plain(&account));
    named.filter(|account| !account.is_empty()).collect()
}

/// A bank's number; none where the text is empty.
pub(super) fn bank_reference(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Whole đồng, as a number or a text of digits, also with `.0` or `.00` behind.
pub(super) fn dong<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let told = text(deserializer)?;
    let whole = match told.split_once('.') {
        Some((whole, "0" | "00")) => whole,
        Some(_) => return Err(serde::de::Error::custom("a part of a đồng")),
        None => &told,
    };
    whole.parse().map_err(serde::de::Error::custom)
}

/// A text, or a number as it is written.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("neither text nor number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Told {
        #[serde(deserialize_with = "dong")]
        amount: i64,
    }

    #[test]
    fn an_amount_is_whole() {
        for (told, is) in [
            ("150000", Some(150_000)),
            ("\"150000\"", Some(150_000)),
            ("150000.0", Some(150_000)),
            ("\"150000.00\"", Some(150_000)),
            ("-5", Some(-5)),
            ("0.5", None),
            ("1e3", Some(1_000)),
            ("99999999999999999999", None),
            ("\"150.000\"", None),
            ("null", None),
            ("true", None),
            ("\"\"", None),
        ] {
            let read = serde_json::from_str::<Told>(&format!(r#"{{"amount":{told}}}"#));
            assert_eq!(read.ok().map(|told| told.amount), is, "{told}");
        }
    }

    #[test]
    fn an_account_is_compared_by_its_letters_and_digits() {
        assert_eq!(plain(" 1190-0012 3456 "), "119000123456");
        assert_eq!(plain("vqrq00021vqx6"), "VQRQ00021VQX6");
    }
}
