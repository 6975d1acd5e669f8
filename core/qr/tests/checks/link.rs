use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sokhoe_qr::HealthLink;

use super::{assert_error_hides, shown};

/// Any text as a SMART Health Link, and as the JSON inside of one.
pub fn health_link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let around = format!("shlink:/{}", URL_SAFE_NO_PAD.encode(data));
    let in_viewer = format!("https://viewer.example/#{around}");
    assert!(HealthLink::read(&in_viewer) == HealthLink::read(&around));
    for link in [text.as_ref(), &around] {
        match HealthLink::read(link) {
            Ok(link) => {
                let expires = link.expires;
                assert_eq!(
                    shown(&link),
                    format!(
                        "HealthLink {{ url: (hidden), key: (hidden), expires: {expires:?}, .. }}"
                    )
                );
                assert!(
                    HealthLink::read(&link.to_text()).as_ref() == Ok(&link),
                    "another link comes back"
                );
            }
            Err(error) => assert_error_hides(&text, &error),
        }
    }
}
