//! Passwords of staff: Argon2id (RFC 9106) with the parameters of OWASP's Password Storage Cheat Sheet, 19 MiB and two passes.

use std::fmt;
use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use sokhoe_domain::ports::Rng;
use sokhoe_domain::text;
use zeroize::Zeroizing;

/// Letters of a password (NIST SP 800-63B, 3.1.1.2, wants eight at least, of one that stands alone fifteen; these stand behind
/// five attempts in a quarter of an hour).
const SHORTEST: usize = 10;
/// Nobody types more.
const LONGEST: usize = 200;
/// Different letters of a password.
const LETTERS: usize = 5;

/// Passwords that are tried first, folded.
const COMMON: &[&str] = &[
    "1234567890",
    "0123456789",
    "12345678910",
    "123456789a",
    "a123456789",
    "1234554321",
    "1q2w3e4r5t",
    "1qaz2wsx3edc",
    "qwertyuiop",
    "qwerty12345",
    "qwerty123456",
    "asdfghjkl1",
    "abcd123456",
    "abc1234567",
    "abcdefghij",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "iloveyou12",
    "admin12345",
    "admin123456",
    "administrator",
    "welcome123",
    "matkhau123",
    "matkhau1234",
    "matkhau12345",
    "benhvien123",
    "benhvien1234",
    "bacsi12345",
    "khongbiet1",
    "khongcogi1",
    "anhyeuem123",
    "emyeuanh123",
    "vietnam123",
    "vietnam1234",
    "vietnam2026",
    "hanoi12345",
    "saigon12345",
    "sokhoe12345",
];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too few letters, or too many.
    #[error("a password has 10 to 200 letters")]
    Length,
    /// One that is tried first.
    #[error(
        "this password is among the first that are tried: take some words that do not belong together"
    )]
    Guessable,
    /// It could not be hashed.
    #[error("the password could not be hashed; nothing was changed")]
    Hash,
}

/// A password as somebody typed it. Gone from memory with it; in no log.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

impl From<String> for Password {
    fn from(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }
}

/// A password's hash, in the PHC string format.
#[derive(Clone)]
pub(crate) struct Hash(String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash").finish_non_exhaustive()
    }
}

impl Hash {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Password {
    /// Whether it may be somebody's.
    pub(super) fn is_hard_to_guess(&self, login: &str, name: &str) -> Result<(), BadPassword> {
        if !(SHORTEST..=LONGEST).contains(&self.0.chars().count()) {
            return Err(BadPassword::Length);
        }
        let letters: std::collections::BTreeSet<char> = self.0.chars().collect();
        let folded = Zeroizing::new(text::fold(&self.0).replace(' ', ""));
        let is_theirs = |of: &str| {
            let of = text::fold(of).replace(' ', "");
            !of.is_empty()
                && (folded.as_str() == of || folded.strip_prefix(&of).is_some_and(is_tail))
        };
        let is_common = COMMON.contains(&folded.as_str());
        if letters.len() < LETTERS || is_common || is_theirs(login) || is_theirs(name) {
            return Err(BadPassword::Guessable);
        }
        Ok(())
    }

    /// Its hash, with a new salt. Takes some tens of milliseconds and 19 MiB.
    pub(super) fn hash(&self, rng: &dyn Rng) -> Result<Hash, BadPassword> {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let hash = Argon2::default().hash_password_with_salt(self.0.as_bytes(), &salt);
        hash.map(|hash| Hash(hash.to_string()))
            .map_err(|_| BadPassword::Hash)
    }

    /// Whether it is the one of a hash. Takes as long where there is none.
    pub(super) fn is_of(&self, hash: Option<&str>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| nobodys());
        let Ok(hash) = PasswordHash::new(hash) else {
            return false;
        };
        let is_same = Argon2::default().verify_password(self.0.as_bytes(), &hash);
        is_same.is_ok() && known
    }
}

/// A year, some digits: what people put behind their name.
fn is_tail(tail: &str) -> bool {
    tail.len() <= 4 && tail.chars().all(|c| c.is_ascii_digit())
}

/// A hash like any other, that nobody has.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hash = Argon2::default().hash_password_with_salt(b"nobody's", &[0; 16]);
        hash.map(|hash| hash.to_string()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRng;

    fn password(typed: &str) -> Password {
        Password::from(typed.to_owned())
    }

    #[test]
    fn what_is_tried_first_is_not_taken() {
        let check = |typed: &str| password(typed).is_hard_to_guess("hoa.nt", "Nguyễn Thị Hoa");
        assert_eq!(check("ba con mèo"), Ok(()));
        assert_eq!(check("đường về nhà xa lắm"), Ok(()));
        for (typed, why) in [
            ("ngắn", BadPassword::Length),
            (&*"x".repeat(201), BadPassword::Length),
            ("aaaaaaaaaaaa", BadPassword::Guessable),
            ("ababababababab", BadPassword::Guessable),
            ("Mật khẩu 123", BadPassword::Guessable),
            ("PASSWORD123", BadPassword::Guessable),
            ("nguyen thi hoa", BadPassword::Guessable),
            ("Nguyễn Thị Hoa 1990", BadPassword::Guessable),
        ] {
            assert_eq!(check(typed), Err(why), "{typed}");
        }
    }

    #[test]
    fn a_hash_is_of_one_password_and_shows_nothing() {
        let one = password("ba con mèo");
        let hash = one.hash(&SystemRng::default()).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(one.is_of(Some(hash.as_str())));
        assert!(!password("ba con meo").is_of(Some(hash.as_str())));
        for other in [None, Some(""), Some("$argon2id$broken")] {
            assert!(!one.is_of(other));
        }
        assert!(!password("nobody's").is_of(None), "nobody has it");
        assert_ne!(
            one.hash(&SystemRng::default()).unwrap().as_str(),
            hash.as_str()
        );
        assert!(!format!("{one:?}{hash:?}").contains("mèo"));
    }
}
