//! Cookies that a request carries.

use http::{HeaderMap, header};

use crate::keys::same;

/// Whether a request carries this value in a cookie of one of these names, in time that does not depend on where they differ.
pub(crate) fn carries(headers: &HeaderMap, names: &[&str], value: &str) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(name, it)| names.contains(&name) && same(it.as_bytes(), value.as_bytes()))
}
