//! payOS: what `data` says, its members by their names as `key=value&…`, signed with HMAC-SHA256 under the channel's checksum key.
//! What is signed does not say when: an old message is one that was counted.

use std::collections::BTreeMap;

use ring::hmac;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sokhoe_domain::Vnd;

use super::transfer::{Transfer, accounts, bank_reference, dong};
use super::{NotBelieved, PayosKey, Said, unhex};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(deserialize_with = "dong")]
    amount: i64,
    description: String,
    account_number: Option<String>,
    virtual_account_number: Option<String>,
    reference: String,
    code: String,
}

pub(super) fn read(key: &PayosKey, body: &[u8]) -> Result<Said, NotBelieved> {
    let Ok(message) = serde_json::from_slice::<Message<'_>>(body) else {
        return Err(NotBelieved::Signature);
    };
    // The members as they were written: what is verified is what is read.
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(message.data.get())
    else {
        return Err(NotBelieved::Signature);
    };
    let signed = signed(&members).ok_or(NotBelieved::Signature)?;
    let signature = unhex(&message.signature).ok_or(NotBelieved::Signature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.checksum_key.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &signature).map_err(|_| NotBelieved::Signature)?;
    let Ok(data) = serde_json::from_str::<Data>(message.data.get()) else {
        return Ok(Said::Unreadable);
    };
    if data.code != "00" || data.amount <= 0 {
        return Ok(Said::Nothing);
    }
    let Some(reference) = bank_reference(Some(data.reference)) else {
        return Ok(Said::Unreadable);
    };
    Ok(Said::Arrived(Transfer {
        provider: "payos",
        id: reference.clone(),
        accounts: accounts([data.virtual_account_number, data.account_number]),
        bank_reference: Some(reference),
        amount: Vnd::new(data.amount),
        text: data.description,
    }))
}

/// As its library has it: members by name, nothing for null, lists as JSON.
fn signed(members: &BTreeMap<String, &RawValue>) -> Option<String> {
    let mut parts = Vec::with_capacity(members.len());
    for (name, raw) in members {
        let value = match serde_json::from_str(raw.get()).ok()? {
            Value::Null => String::new(),
            Value::String(text) if matches!(&*text, "null" | "undefined") => String::new(),
            Value::String(text) => text,
            Value::Array(list) => Value::Array(list).to_string(),
            // Numbers and truth values as they were written; a script would write another object otherwise, and none has any.
            Value::Object(_) => return None,
            Value::Number(_) | Value::Bool(_) => raw.get().to_owned(),
        };
        parts.push(format!("{name}={value}"));
    }
    Some(parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, key and signature of payOS's documentation.
    const PUBLISHED: &str = r#"{"code":"00","desc":"success","success":true,"data":{"orderCode":123,"amount":3000,
        "description":"VQRIO123","accountNumber":"12345678","reference":"TF230204212323","transactionDateTime":"2023-02-04 18:25:00",
        "currency":"VND","paymentLinkId":"124c33293c43417ab7879e14c8d9eb18","code":"00","desc":"Thành công","counterAccountBankId":"",
        "counterAccountBankName":"","counterAccountName":"","counterAccountNumber":"","virtualAccountName":"","virtualAccountNumber":""},
        "signature":"412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03"}"#;

    fn key() -> PayosKey {
        PayosKey {
            checksum_key: "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
                .to_owned(),
        }
    }

    #[test]
    fn the_published_message_is_believed_and_no_other() {
        let Ok(Said::Arrived(transfer)) = read(&key(), PUBLISHED.as_bytes()) else {
            panic!("not believed");
        };
        assert_eq!(transfer.payment(), "payos:TF230204212323");
        assert_eq!(transfer.amount, Vnd::new(3_000));
        assert_eq!(transfer.text, "VQRIO123");
        assert_eq!(transfer.accounts, ["12345678"]);
        // Null is written as nothing.
        let nulls = PUBLISHED.replace(
            r#""virtualAccountNumber":"""#,
            r#""virtualAccountNumber":null"#,
        );
        assert!(matches!(
            read(&key(), nulls.as_bytes()),
            Ok(Said::Arrived(_))
        ));
        for (what, instead) in [
            ("3000", "30000"),
            ("3000", "3000.0"),
            ("VQRIO123", "VQRIO124"),
            ("412e91", "412e90"),
            (r#""signature":"4"#, r#""signature":"g"#),
            ("TF230204212323", "TF230204212324"),
            (r#""currency":"VND","#, ""),
            (r#""currency":"VND""#, r#""currency":"VND","more":1"#),
            (r#""currency":"VND""#, r#""currency":{"is":"VND"}"#),
        ] {
            let altered = PUBLISHED.replacen(what, instead, 1);
            assert_ne!(altered, PUBLISHED, "{what}");
            let said = read(&key(), altered.as_bytes());
            assert_eq!(said, Err(NotBelieved::Signature), "{what}: {instead}");
        }
        let other = PayosKey {
            checksum_key: "another".to_owned(),
        };
        assert!(read(&other, PUBLISHED.as_bytes()).is_err());
        assert!(read(&key(), b"").is_err());
    }
}
