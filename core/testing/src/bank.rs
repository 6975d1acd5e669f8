//! Messages as payOS, SePay and Casso send them, signed with the keys that test clinics have.

use ring::hmac;
use serde_json::{Value, json};

/// The key of all providers in tests.
pub const BANK_KEY: &str = "key-of-the-bank-messages";

/// Who tells of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BankProvider {
    /// payOS.
    Payos,
    /// SePay, signed with a secret.
    Sepay,
    /// Casso, version 2.
    Casso,
}

impl BankProvider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Payos, Self::Sepay, Self::Casso];

    /// Its name in the clinic's addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payos => "payos",
            Self::Sepay => "sepay",
            Self::Casso => "casso",
        }
    }
}

/// A transfer that a provider tells of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankTransfer {
    /// The provider's number; payOS has only the bank's.
    pub id: u64,
    /// The bank's number.
    pub bank_reference: String,
    /// Where it arrived.
    pub account: String,
    /// In đồng.
    pub amount: i64,
    /// What the payer, and the banks between, wrote.
    pub text: String,
}

/// A message as it is sent: path, headers, body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankMessage {
    /// Where it goes.
    pub path: String,
    /// What is said of it.
    pub headers: Vec<(&'static str, String)>,
    /// What it says.
    pub body: String,
}

impl BankMessage {
    /// The headers as they are sent.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (*name, &**value)).collect()
    }
}

fn hex(tag: hmac::Tag) -> String {
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl BankTransfer {
    /// As this provider tells it, signed with this key at this time in milliseconds since 1970.
    pub fn told_by(&self, provider: BankProvider, key: &str, millis: i64) -> BankMessage {
        let path = format!("/bank-messages/{}", provider.name());
        let sha256 = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let sha512 = hmac::Key::new(hmac::HMAC_SHA512, key.as_bytes());
        match provider {
            BankProvider::Payos => {
                let data = json!({
                    "orderCode": self.id, "amount": self.amount, "description": self.text,
                    "accountNumber": self.account, "reference": self.bank_reference,
                    "transactionDateTime": "2026-11-23 06:00:00", "currency": "VND",
                    "paymentLinkId": "p", "code": "00", "desc": "Thành công",
                    "counterAccountName": null, "virtualAccountNumber": "",
                });
                let mut parts: Vec<String> = data
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| match value {
                        Value::String(text) => format!("{name}={text}"),
                        Value::Null => format!("{name}="),
                        other => format!("{name}={other}"),
                    })
                    .collect();
                parts.sort_unstable();
                let signature = hex(hmac::sign(&sha256, parts.join("&").as_bytes()));
                let body = json!({
                    "code": "00", "desc": "success", "success": true, "data": data,
                    "signature": signature,
                });
                BankMessage {
                    path,
                    headers: Vec::new(),
                    body: body.to_string(),
                }
            }
            BankProvider::Sepay => {
                let body = json!({
                    "id": self.id, "gateway": "VietinBank", "transactionDate": "2026-11-23 06:00:00",
                    "accountNumber": self.account, "code": null, "content": self.text,
                    "transferType": "in", "transferAmount": self.amount, "accumulated": 0,
                    "subAccount": null, "referenceCode": self.bank_reference, "description": "",
                })
                .to_string();
                let seconds = millis.div_euclid(1_000);
                let signed = format!("{seconds}.{body}");
                let signature = hex(hmac::sign(&sha256, signed.as_bytes()));
                BankMessage {
                    path,
                    headers: vec![
                        ("X-SePay-Timestamp", seconds.to_string()),
                        ("X-SePay-Signature", format!("sha256={signature}")),
                    ],
                    body,
                }
            }
            BankProvider::Casso => {
                // The members stand in the order of their names as they are.
                let body = json!({"data": {
                    "accountNumber": self.account, "amount": self.amount, "description": self.text,
                    "id": self.id, "reference": self.bank_reference,
                    "transactionDateTime": "2026-11-23 06:00:00",
                }, "error": 0})
                .to_string();
                let signed = format!("{millis}.{body}");
                let signature = hex(hmac::sign(&sha512, signed.as_bytes()));
                BankMessage {
                    path,
                    headers: vec![("X-Casso-Signature", format!("t={millis},v1={signature}"))],
                    body,
                }
            }
        }
    }
}
