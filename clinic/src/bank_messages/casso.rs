//! Casso, version 2: the message's time and its JSON, members by their names, signed with HMAC-SHA512.

use http::HeaderMap;
use ring::hmac;
use serde::Deserialize;
use serde_json::Value;
use sokhoe_domain::{Timestamp, Vnd};

use super::transfer::{Transfer, accounts, bank_reference, dong, text};
use super::{CassoKey, NotBelieved, Said, header, is_fresh, unhex};

#[derive(Deserialize)]
struct Message {
    error: i64,
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(deserialize_with = "text")]
    id: String,
    reference: Option<String>,
    description: Option<String>,
    #[serde(deserialize_with = "dong")]
    amount: i64,
    account_number: Option<String>,
    virtual_account_number: Option<String>,
}

pub(super) fn read(
    key: &CassoKey,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Said, NotBelieved> {
    let shown = header(headers, "x-casso-signature").ok_or(NotBelieved::Signature)?;
    let (time, signature) = parts(shown).ok_or(NotBelieved::Signature)?;
    let signature = unhex(signature).ok_or(NotBelieved::Signature)?;
    let message: Value = serde_json::from_slice(body).map_err(|_| NotBelieved::Signature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA512, key.key.as_bytes());
    // Its libraries write the same message in two ways: as JavaScript does, and as PHP does.
    let is_signed = [Writing::JavaScript, Writing::Php].iter().any(|writing| {
        let signed = format!("{time}.{}", writing.of(&message));
        hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
    });
    if !is_signed {
        return Err(NotBelieved::Signature);
    }
    let millis: i64 = time.parse().map_err(|_| NotBelieved::Signature)?;
    if !is_fresh(millis, now) {
        return Err(NotBelieved::NotFresh);
    }
    let Ok(Message { error, data }) = serde_json::from_value(message) else {
        return Ok(Said::Unreadable);
    };
    if error != 0 || data.amount <= 0 {
        return Ok(Said::Nothing);
    }
    Ok(Said::Arrived(Transfer {
        provider: "casso",
        id: data.id,
        accounts: accounts([data.virtual_account_number, data.account_number]),
        bank_reference: bank_reference(data.reference),
        amount: Vnd::new(data.amount),
        text: data.description.unwrap_or_default(),
    }))
}

/// `t=…,v1=…`, each once.
fn parts(shown: &str) -> Option<(&str, &str)> {
    let (mut time, mut signature) = (None, None);
    for part in shown.split(',') {
        let (name, value) = part.trim().split_once('=')?;
        let told = match name {
            "t" => &mut time,
            "v1" => &mut signature,
            _ => continue,
        };
        if told.replace(value).is_some() {
            return None;
        }
    }
    Some((time?, signature?))
}

/// How JSON is written whose members are in the order of their names.
#[derive(Clone, Copy)]
enum Writing {
    JavaScript,
    /// `json_encode`: a slash has a backslash, and what is not ASCII is `\u` and four digits.
    Php,
}

impl Writing {
    fn of(self, value: &Value) -> String {
        let mut out = String::new();
        self.write(value, &mut out);
        out
    }

    fn write(self, value: &Value, out: &mut String) {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                out.push('{');
                for (place, (name, value)) in members.into_iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    self.text(name, out);
                    out.push(':');
                    self.write(value, out);
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for (place, value) in list.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    self.write(value, out);
                }
                out.push(']');
            }
            Value::String(text) => self.text(text, out),
            Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        }
    }

    fn text(self, text: &str, out: &mut String) {
        let written = Value::from(text).to_string();
        match self {
            Self::JavaScript => out.push_str(&written),
            Self::Php => {
                for c in written.chars() {
                    match c {
                        '/' => out.push_str("\\/"),
                        c if c.is_ascii() => out.push(c),
                        c => {
                            let mut units = [0; 2];
                            for unit in c.encode_utf16(&mut units) {
                                out.push_str(&format!("\\u{unit:04x}"));
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, key and signature of Casso's documentation.
    const PUBLISHED: &str = r#"{"error":0,"data":{"id":0,"reference":"MA_GIAO_DICH_THU_NGHIEM","description":"giao dich thu nghiem","amount":599000,"runningBalance":25000000,"transactionDateTime":"2024-10-03 15:06:37","accountNumber":"88888888","bankName":"VPBank","bankAbbreviation":"VPB","virtualAccountNumber":"","virtualAccountName":"","counterAccountName":"NGUYEN VAN A","counterAccountNumber":"8888888888","counterAccountBankId":"970415","counterAccountBankName":"VietinBank"}}"#;
    const SIGNATURE: &str = "ed0a4bd2e826d5cb69988cdb141e6c1a080e21f3b57eb72cd78192220042b9e7dde0868fc667faea8e224900fa7904e7c88dfa098032fb2d6b6996856e8b7ff3";
    const TIME: i64 = 1_727_948_258_788;

    fn key() -> CassoKey {
        CassoKey {
            key: "mgExMrjj4i7a1p8Cs6LmFbpCd8lbw4sSX4LZXPag7TKazeIogtR90tvWYTkwQbvs".to_owned(),
        }
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-casso-signature", signature.parse().unwrap());
        headers
    }

    fn read_at(signature: &str, body: &str, millis: i64) -> Result<Said, NotBelieved> {
        let now = Timestamp::from_millis(millis);
        read(&key(), &headers(signature), body.as_bytes(), now)
    }

    #[test]
    fn the_published_message_is_believed_while_it_is_fresh_and_no_other() {
        let sound = format!("t={TIME},v1={SIGNATURE}");
        let Ok(Said::Arrived(transfer)) = read_at(&sound, PUBLISHED, TIME) else {
            panic!("not believed");
        };
        assert_eq!(transfer.payment(), "casso:0");
        assert_eq!(transfer.amount, Vnd::new(599_000));
        assert_eq!(transfer.accounts, ["88888888"]);
        assert_eq!(
            read_at(&sound, PUBLISHED, TIME + 300_001),
            Err(NotBelieved::NotFresh)
        );
        for (signature, body) in [
            (
                format!("t={},v1={SIGNATURE}", TIME + 1),
                PUBLISHED.to_owned(),
            ),
            (
                format!("t={TIME},v1={}", &SIGNATURE[..126]),
                PUBLISHED.to_owned(),
            ),
            (
                format!("t={TIME},t={TIME},v1={SIGNATURE}"),
                PUBLISHED.to_owned(),
            ),
            (format!("t={TIME}"), PUBLISHED.to_owned()),
            (SIGNATURE.to_owned(), PUBLISHED.to_owned()),
            (sound.clone(), PUBLISHED.replace("599000", "599001")),
            (
                sound.clone(),
                PUBLISHED.replace(r#""error":0"#, r#""error":1"#),
            ),
            (sound.clone(), PUBLISHED.replace(r#""error":0,"#, "")),
            (sound, String::new()),
        ] {
            let said = read_at(&signature, &body, TIME);
            assert_eq!(said, Err(NotBelieved::Signature), "{signature} {body}");
        }
    }

    /// The rule, not a published example: what PHP would have signed.
    #[test]
    fn a_message_is_believed_as_javascript_and_as_php_write_it() {
        let body = r#"{"error":0,"data":{"id":7,"amount":1,"description":"Khám 1/2 😀 \"a\"\n"}}"#;
        let php = r#"{"data":{"amount":1,"description":"Kh\u00e1m 1\/2 \ud83d\ude00 \"a\"\n","id":7},"error":0}"#;
        let script =
            r#"{"data":{"amount":1,"description":"Khám 1/2 😀 \"a\"\n","id":7},"error":0}"#;
        for written in [php, script] {
            let key = hmac::Key::new(hmac::HMAC_SHA512, key().key.as_bytes());
            let tag = hmac::sign(&key, format!("{TIME}.{written}").as_bytes());
            let hex = crate::clinic::hex(tag.as_ref());
            let said = read_at(&format!("t={TIME},v1={hex}"), body, TIME);
            assert!(matches!(said, Ok(Said::Arrived(_))), "{written}");
        }
    }
}
