//! SePay: the body with its time before it, signed with HMAC-SHA256; or a key that stands in a header.

use http::{HeaderMap, header::AUTHORIZATION};
use ring::hmac;
use serde::Deserialize;
use sokhoe_domain::{Timestamp, Vnd};

use super::transfer::{Transfer, accounts, bank_reference, dong, text};
use super::{NotBelieved, Said, SepayKeys, header, is_fresh, unhex};
use crate::keys::same;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(deserialize_with = "text")]
    id: String,
    account_number: Option<String>,
    sub_account: Option<String>,
    content: Option<String>,
    code: Option<String>,
    transfer_type: String,
    #[serde(deserialize_with = "dong")]
    transfer_amount: i64,
    reference_code: Option<String>,
}

pub(super) fn read(
    keys: &SepayKeys,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Said, NotBelieved> {
    if let Some(secret) = &keys.secret {
        is_signed(secret, headers, body, now)?;
    }
    if let Some(key) = &keys.api_key {
        let shown = header(headers, AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Apikey "))
            .ok_or(NotBelieved::Signature)?;
        if !same(shown.as_bytes(), key.as_bytes()) {
            return Err(NotBelieved::Signature);
        }
    }
    let Ok(message) = serde_json::from_slice::<Message>(body) else {
        return Ok(Said::Unreadable);
    };
    if message.transfer_type != "in" || message.transfer_amount <= 0 {
        return Ok(Said::Nothing);
    }
    // The payment code that SePay found, and all that the bank wrote.
    let text: Vec<String> = message.code.into_iter().chain(message.content).collect();
    Ok(Said::Arrived(Transfer {
        provider: "sepay",
        id: message.id,
        accounts: accounts([message.sub_account, message.account_number]),
        bank_reference: bank_reference(message.reference_code),
        amount: Vnd::new(message.transfer_amount),
        text: text.join(" "),
    }))
}

fn is_signed(
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), NotBelieved> {
    let time = header(headers, "x-sepay-timestamp").ok_or(NotBelieved::Signature)?;
    let signature = header(headers, "x-sepay-signature")
        .and_then(|value| value.strip_prefix("sha256="))
        .and_then(unhex)
        .ok_or(NotBelieved::Signature)?;
    let signed = [time.as_bytes(), b".", body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, &signed, &signature).map_err(|_| NotBelieved::Signature)?;
    let seconds: i64 = time.parse().map_err(|_| NotBelieved::Signature)?;
    match is_fresh(seconds.saturating_mul(1_000), now) {
        true => Ok(()),
        false => Err(NotBelieved::NotFresh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: i64 = 1_795_312_800;
    const BODY: &str = r#"{"id":92704,"gateway":"VietinBank","transactionDate":"2026-11-22 09:00:00","accountNumber":"113366668888","code":"PK8F3K2","content":"PK8F3K2 kham benh","transferType":"in","transferAmount":150000,"accumulated":0,"subAccount":null,"referenceCode":"FT26326000001","description":""}"#;
    const SIGNATURE: &str =
        "sha256=3cc2af392ab38a2a275627f75d95e38743d81648d633ae538cbefd61270405bc";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn keys() -> SepayKeys {
        SepayKeys {
            secret: Some("test-secret".to_owned()),
            api_key: None,
        }
    }

    fn headers(time: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-sepay-timestamp", time.parse().unwrap());
        headers.insert("x-sepay-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn a_signed_message_is_believed_for_five_minutes() {
        let sound = headers("1795312800", SIGNATURE);
        let read_at = |seconds| read(&keys(), &sound, BODY.as_bytes(), at(seconds));
        let Ok(Said::Arrived(transfer)) = read_at(TIME) else {
            panic!("not believed");
        };
        assert_eq!(transfer.payment(), "sepay:92704");
        assert_eq!(transfer.bank_reference.as_deref(), Some("FT26326000001"));
        assert!(transfer.text.contains("PK8F3K2 kham benh"));
        for (seconds, is_believed) in [(-300, true), (300, true), (-301, false), (301, false)] {
            let expected = if is_believed {
                None
            } else {
                Some(NotBelieved::NotFresh)
            };
            assert_eq!(read_at(TIME + seconds).err(), expected, "{seconds}");
        }
        for (time, signature, body) in [
            ("1795312801", SIGNATURE, BODY.to_owned()),
            (
                "1795312800",
                &SIGNATURE.replace("3cc2", "3cc3"),
                BODY.to_owned(),
            ),
            ("1795312800", &SIGNATURE[7..], BODY.to_owned()),
            ("1795312800", "sha256=", BODY.to_owned()),
            ("1795312800", SIGNATURE, BODY.replace("150000", "950000")),
            ("1795312800", SIGNATURE, format!("{BODY} ")),
        ] {
            let said = read(
                &keys(),
                &headers(time, signature),
                body.as_bytes(),
                at(TIME),
            );
            assert_eq!(said, Err(NotBelieved::Signature));
        }
        let mut twice = headers("1795312800", SIGNATURE);
        twice.append("x-sepay-timestamp", "1795312800".parse().unwrap());
        assert!(read(&keys(), &twice, BODY.as_bytes(), at(TIME)).is_err());
        assert!(read(&keys(), &HeaderMap::new(), BODY.as_bytes(), at(TIME)).is_err());
    }

    #[test]
    fn a_key_in_the_header_is_compared_whole() {
        let keys = SepayKeys {
            secret: None,
            api_key: Some("the-key-of-the-clinic".to_owned()),
        };
        for (shown, is_it) in [
            ("Apikey the-key-of-the-clinic", true),
            ("Apikey the-key-of-the-clini", false),
            ("Apikey ", false),
            ("Bearer the-key-of-the-clinic", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, shown.parse().unwrap());
            let said = read(&keys, &headers, BODY.as_bytes(), at(0));
            assert_eq!(said.is_ok(), is_it, "{shown}");
            // Where there is a secret besides, a key alone is not enough.
            let both = SepayKeys {
                secret: Some("test-secret".to_owned()),
                ..keys.clone()
            };
            assert!(read(&both, &headers, BODY.as_bytes(), at(0)).is_err());
        }
    }

    #[test]
    fn money_that_goes_out_is_none_that_came() {
        let keys = SepayKeys {
            secret: None,
            api_key: Some("k".to_owned()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Apikey k".parse().unwrap());
        let said = |body: &str| read(&keys, &headers, body.as_bytes(), at(0)).unwrap();
        assert_eq!(said(&BODY.replace("\"in\"", "\"out\"")), Said::Nothing);
        assert_eq!(said(&BODY.replace("150000", "-150000")), Said::Nothing);
        assert_eq!(said("{}"), Said::Unreadable);
    }
}
