//! Cookies that a request carries.

use http::{HeaderMap, header};

use crate::keys::same;

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Whether a request carries this value in a cookie of one of these names, in time that does not depend on where they differ.
pub(crate) fn carries(headers: &HeaderMap, names: &[&str], value: &str) -> bool {
    pairs(headers).any(|(name, it)| names.contains(&name) && same(it.as_bytes(), value.as_bytes()))
}

/// The value of a cookie; nothing where there is none, or another one of the same name, which somebody else may have put there.
pub(crate) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut of_name = pairs(headers).filter(|(it, _)| *it == name);
    let (_, value) = of_name.next()?;
    of_name.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_is_nobodys() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; b=2".parse().unwrap());
        assert_eq!(
            (
                read(&headers, "a"),
                read(&headers, "b"),
                read(&headers, "c")
            ),
            (Some("1"), Some("2"), None)
        );
        headers.append(header::COOKIE, "b=3".parse().unwrap());
        assert_eq!(
            (read(&headers, "a"), read(&headers, "b")),
            (Some("1"), None)
        );
        assert!(carries(&headers, &["b"], "3"));
    }
}
