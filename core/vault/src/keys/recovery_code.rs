//! The recovery code: what a person writes down and keeps apart from the phone.
//!
//! 128 random bits and two bits of a version as 26 symbols of bech32, and a checksum of six (bech32m): up to four
//! wrong symbols are always noticed. Shown as eight groups of four.

use std::fmt;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::Fe32IterExt as _;
use bech32::{Bech32m, Fe32, Hrp};
use sokhoe_domain::ports::Rng;
use zeroize::Zeroizing;

use super::seal::derive;
use super::vault_key::random;
use crate::error::VaultError;

/// Bytes of chance.
const ENTROPY: usize = 16;
/// Symbols without the checksum: 130 bits of five each.
const DATA: usize = 26;
/// Symbols with it.
const SYMBOLS: usize = DATA + 6;
const GROUP: usize = 4;
/// The first two bits.
const VERSION: u8 = 0;
/// Goes into the checksum, and is not shown.
const PREFIX: Hrp = Hrp::parse_unchecked("sokhoe");
const PREFIX_TEXT: &str = "sokhoe1";
const PURPOSE: &[u8] = b"recovery 1";

/// A recovery code. Opens the books together with their files, so it is shown once, to be printed or written down;
/// wiped from memory when it is dropped.
pub struct RecoveryCode(Zeroizing<Vec<u8>>);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// Why a text is no recovery code. Nothing was tried with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecoveryCode {
    /// It is too long or too short.
    #[error("a recovery code has {SYMBOLS} letters and digits, not {found}")]
    Length {
        /// How many letters and digits there are.
        found: usize,
    },
    /// A letter or digit is mistyped: no code holds this one, or the checksum is not right.
    #[error("the recovery code is mistyped")]
    Mistyped,
    /// The code is of a later version: update the app.
    #[error("the recovery code is of a newer app")]
    Newer,
}

impl RecoveryCode {
    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self(random(rng, ENTROPY))
    }

    /// Reads a code as people write it: with or without spaces and dashes, in small letters or large.
    ///
    /// # Errors
    /// [`BadRecoveryCode`]
    pub fn read(text: &str) -> Result<Self, BadRecoveryCode> {
        let mut symbols = Zeroizing::new(String::with_capacity(PREFIX_TEXT.len() + 4 * SYMBOLS));
        symbols.push_str(PREFIX_TEXT);
        let written = text.chars().filter(|c| {
            !c.is_whitespace() && !matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        });
        let mut found = 0;
        for symbol in written {
            found += 1;
            if found <= SYMBOLS {
                symbols.push(symbol.to_ascii_lowercase());
            }
        }
        if found != SYMBOLS {
            return Err(BadRecoveryCode::Length { found });
        }
        let checked =
            CheckedHrpstring::new::<Bech32m>(&symbols).map_err(|_| BadRecoveryCode::Mistyped)?;
        if checked.hrp() != PREFIX {
            return Err(BadRecoveryCode::Mistyped);
        }
        // The version, 128 bits, nothing: shifted in five bits at a time.
        let mut entropy = Zeroizing::new(vec![0_u8; ENTROPY]);
        let mut bit = 0_usize;
        for symbol in checked.fe32_iter::<std::vec::IntoIter<u8>>() {
            for shift in (0..5).rev() {
                let set = (symbol.to_u8() >> shift) & 1;
                match bit {
                    0 | 1 if set != VERSION => return Err(BadRecoveryCode::Newer),
                    0 | 1 => {}
                    _ => {
                        if let Some(byte) = entropy.get_mut((bit - 2) / 8) {
                            *byte = (*byte << 1) | set;
                        }
                    }
                }
                bit += 1;
            }
        }
        Ok(Self(entropy))
    }

    /// The code as it is shown: eight groups of four, with dashes.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let bit = |place: usize| -> u8 {
            let Some(place) = place.checked_sub(2) else {
                return VERSION;
            };
            self.0
                .get(place / 8)
                .map_or(0, |byte| (byte >> (7 - place % 8)) & 1)
        };
        let symbols = (0..DATA).map(|n| {
            let five = (0..5).fold(0, |value, i| (value << 1) | bit(5 * n + i));
            Fe32::try_from(five).unwrap_or(Fe32::Q)
        });
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / GROUP));
        let shown = symbols.with_checksum::<Bech32m>(&PREFIX).chars();
        for (n, symbol) in shown.skip(PREFIX_TEXT.len()).enumerate() {
            if n > 0 && n % GROUP == 0 {
                text.push('-');
            }
            text.push(symbol.to_ascii_uppercase());
        }
        text
    }

    /// The key that wraps the ring key for recovery.
    pub(super) fn key(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        derive(&self.0, PURPOSE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sokhoe_testing::SeededRng;

    use super::*;

    const ALPHABET: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

    #[test]
    fn a_code_reads_as_people_write_it() {
        let code = RecoveryCode::generate(&SeededRng::new(5));
        let text = code.text();
        assert_eq!((text.len(), text.matches('-').count()), (39, 7));
        let written = [
            text.to_string(),
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('-', ""),
            format!("  {}\n", text.replace('-', " – ")),
        ];
        for written in written {
            assert_eq!(RecoveryCode::read(&written).unwrap().0, code.0);
        }
        let found = |text: &str| RecoveryCode::read(text).unwrap_err();
        assert_eq!(found(""), BadRecoveryCode::Length { found: 0 });
        assert_eq!(found(&text[1..]), BadRecoveryCode::Length { found: 31 });
        assert_eq!(
            found(&text.replace(&text[..1], "b")),
            BadRecoveryCode::Mistyped
        );
        assert_eq!(found(&"ữ".repeat(32)), BadRecoveryCode::Mistyped);
        assert_eq!(
            found(&"ữ".repeat(9_000)),
            BadRecoveryCode::Length { found: 9_000 }
        );
        assert!(!format!("{code:?}").contains(&text[..4]));
    }

    #[test]
    fn a_later_version_is_told_from_a_slip() {
        let code = RecoveryCode::generate(&SeededRng::new(6)).text();
        let first = u8::try_from(ALPHABET.find(&code[..1]).unwrap()).unwrap() | 0b01000;
        let rest = code[1..].replace('-', "").to_lowercase();
        let symbols = std::iter::once(Fe32::try_from(first).unwrap())
            .chain(rest.chars().take(25).map(|c| Fe32::from_char(c).unwrap()));
        let text: String = symbols
            .with_checksum::<Bech32m>(&PREFIX)
            .chars()
            .skip(7)
            .collect();
        assert_eq!(
            RecoveryCode::read(&text).unwrap_err(),
            BadRecoveryCode::Newer
        );
    }

    proptest! {
        #[test]
        fn every_code_comes_back(seed: u64) {
            let code = RecoveryCode::generate(&SeededRng::new(seed));
            prop_assert_eq!(&RecoveryCode::read(&code.text()).unwrap().0, &code.0);
        }

        #[test]
        fn up_to_four_wrong_symbols_are_noticed(
            seed: u64,
            slips in prop::collection::btree_map(0_usize..32, 1_usize..32, 1..=4),
        ) {
            let text = RecoveryCode::generate(&SeededRng::new(seed)).text().replace('-', "");
            let mut symbols: Vec<char> = text.chars().collect();
            for (place, by) in slips {
                let symbol = ALPHABET.find(symbols[place]).unwrap();
                symbols[place] = ALPHABET.as_bytes()[(symbol + by) % 32].into();
            }
            let slipped: String = symbols.into_iter().collect();
            prop_assert_eq!(RecoveryCode::read(&slipped).unwrap_err(), BadRecoveryCode::Mistyped);
        }
    }
}
