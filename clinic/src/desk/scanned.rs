//! What a scanner typed: the number on a citizen's or insurance card, or in its code; a ticket; what somebody typed instead.

use sokhoe_qr::{Scanned, scan};

/// What was scanned, as far as the clinic can look for somebody by it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// A ticket: its text as it came.
    Ticket(String),
    /// A number that is somebody's: of a card, or a telephone.
    Number(String),
    /// Something else: words of a name, or a code of no use here.
    Other,
}

/// Digits of the shortest number that is somebody's.
const DIGITS: usize = 9;

/// Reads what came.
pub(super) fn read(text: &str) -> Scan {
    let text = text.trim();
    match scan(text) {
        Scanned::Ticket(_) => Scan::Ticket(text.to_owned()),
        Scanned::CitizenCard(reading) => Scan::Number(reading.card.number.as_str().to_owned()),
        Scanned::CitizenNumber(number) => Scan::Number(number.as_str().to_owned()),
        Scanned::InsuranceCard(reading) => Scan::Number(reading.card.number.as_str().to_owned()),
        Scanned::InsuranceNumber(number) => Scan::Number(number.as_str().to_owned()),
        _ => {
            let number: String = text.split_whitespace().collect();
            let is_digit = |c: char| c.is_ascii_digit() || "+.-".contains(c);
            let digits = number.chars().filter(char::is_ascii_digit).count();
            match number.chars().all(is_digit) && digits >= DIGITS {
                true => Scan::Number(number),
                false => Scan::Other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_types_cards_and_people_type_numbers() {
        let citizen = "001059012345|011234567|Quàng Thị Mai|12041959|Nữ|Bản Mường, xã Thanh Nưa, Điện Biên|01052021";
        let number = |text: &str| Scan::Number(text.to_owned());
        assert_eq!(read(citizen), number("001059012345"));
        assert_eq!(read(" 001059012345\r"), number("001059012345"));
        assert_eq!(read("0912 345 678"), number("0912345678"));
        assert_eq!(read("GD4110123456789"), number("GD4110123456789"));
        for other in ["", "quàng thị mai", "12345", "https://evil.example", "SK1T"] {
            assert_eq!(read(other), Scan::Other, "{other}");
        }
    }
}
