use url::{Host, Url};

/// Whether a phone may talk to a clinic at this address: [`is_safe`], without query and fragment.
pub(super) fn is_allowed(text: &str) -> bool {
    safe(text).is_some_and(|url| url.query().is_none() && url.fragment().is_none())
}

/// Whether something may be fetched from this address: https, or http on this very machine, and no
/// user or password.
pub(crate) fn is_safe(text: &str) -> bool {
    safe(text).is_some()
}

fn safe(text: &str) -> Option<Url> {
    // The parser repairs much: a repaired address is not the one that people saw.
    if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains('\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_as_written = url
        .as_str()
        .strip_prefix(text)
        .is_some_and(|rest| matches!(rest, "" | "/"));
    if !is_as_written || url.port() == Some(0) {
        return None;
    }
    let scheme = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(&url),
        _ => false,
    };
    (scheme && url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_allowed, is_safe};

    #[test]
    fn https_or_this_machine() {
        for good in [
            "https://benhvien.example/fhir",
            "https://10.0.0.5:8443",
            "http://127.0.0.1:8080/",
            "http://localhost:3000/fhir",
            "http://[::1]:8080",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "",
            "benhvien.example",
            "http://benhvien.example",
            "http://192.168.1.4",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://127.0.0.1@evil.example",
            "https://user@benhvien.example",
            "https://user:pw@benhvien.example",
            "https://benhvien.example?next=x",
            "https://benhvien.example#x",
            "https://benhvien.example\\@evil.example",
            "https://benhvien.exa\tmple",
            "https://",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ftp://benhvien.example",
            "http://[::2]",
            "https:evil.example",
            "https:///evil.example",
            "https://@evil.example",
            "https://b%65nh.example",
            "https://benhvien.example%2eevil.example",
            "https://0x7f.1",
            "https://evil.example:0",
            "HTTPS://benhvien.example",
            "https://bệnhviện.example",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
        assert!(is_safe("https://benhvien.example/shl?id=1#x"));
        assert!(!is_safe("https://user@benhvien.example/shl?id=1"));
    }
}
