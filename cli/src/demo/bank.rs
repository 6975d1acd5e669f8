//! The bank of the demo: tells the clinic what arrived, as SePay does, signed with a secret that both have.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ring::hmac;
use ring::rand::SystemRandom;
use serde_json::json;
use sokhoe_app::domain::Vnd;
use sokhoe_app::domain::ports::{Clock as _, Limits, Transport};
use sokhoe_clinic::system::SystemClock;
use sokhoe_clinic::{BankMessages, Payee, SepayKeys};

use crate::failure::Failure;

/// The number that the bank gives the transfer.
const TRANSFER: &str = "FT-DEMO-0001";
const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(10),
    max_body: 64 * 1024,
};

pub(super) struct Bank {
    secret: String,
}

impl Bank {
    /// One that has a secret with a clinic, and what the clinic is to know of it.
    pub fn new() -> Result<(Self, BankMessages), Failure> {
        let random: [u8; 16] = ring::rand::generate(&SystemRandom::new())
            .map_err(|_| Failure::said("failure-fault"))?
            .expose();
        let bank = Self {
            secret: hex(&random),
        };
        let messages = BankMessages {
            sepay: Some(SepayKeys {
                secret: Some(bank.secret.clone()),
                api_key: None,
            }),
            ..BankMessages::default()
        };
        Ok((bank, messages))
    }

    /// Tells the clinic that so much arrived in its account with this text.
    pub async fn tells(
        &self,
        network: &dyn Transport,
        clinic_url: &str,
        amount: Vnd,
        text: &str,
    ) -> Result<(), Failure> {
        let body = json!({
            "id": 1, "gateway": "VietinBank", "accountNumber": Payee::default().account,
            "code": null, "content": text, "transferType": "in", "transferAmount": amount.dong(),
            "accumulated": 0, "subAccount": null, "referenceCode": TRANSFER, "description": "",
        })
        .to_string();
        let seconds = SystemClock.now().as_millis().div_euclid(1_000);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
        let request = http::Request::post(format!("{clinic_url}/bank-messages/sepay"))
            .header(CONTENT_TYPE, "application/json")
            .header("X-SePay-Timestamp", seconds)
            .header(
                "X-SePay-Signature",
                format!("sha256={}", hex(signature.as_ref())),
            )
            .body(Bytes::from(body))
            .map_err(|_| Failure::said("failure-fault"))?;
        let answer = network.send(request, LIMITS).await;
        match answer.is_ok_and(|answer| answer.status().is_success()) {
            true => Ok(()),
            false => Err(Failure::said("demo-not-applied")),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
