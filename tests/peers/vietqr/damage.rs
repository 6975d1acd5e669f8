//! Codes that were misread, cut off, or written wrongly.

use sokhoe_qr::emv::crc16;

use super::dice::Dice;

const CRC_DIGITS: usize = 4;

/// A code of ASCII with one thing wrong. What is damaged before its checksum is made anew shows what a reader checks
/// beside the checksum.
pub fn damaged(text: &str, dice: &Dice) -> String {
    let (body, _) = text.split_at(text.len() - CRC_DIGITS);
    match dice.below(10) {
        0 => changed(text, dice),
        1 => format!("{body}{:04X}", dice.below(0x1_0000)),
        2 => text[..dice.index(text.len())].to_owned(),
        3 => format!(
            "{body}{}",
            in_some_case(&format!("{:04x}", crc16(body.as_bytes())), dice)
        ),
        4 => signed(&format!("{}6304", &body[..dice.index(body.len() - 4)])),
        5 => signed(&without_one(body, dice)),
        6 => signed(&another_tag(body, dice)),
        7 => signed(&padded_amount(body).unwrap_or_else(|| changed(body, dice))),
        8 => signed(&emptied(body).unwrap_or_else(|| changed(body, dice))),
        _ => signed(&changed(body, dice)),
    }
}

fn signed(body: &str) -> String {
    format!("{body}{:04X}", crc16(body.as_bytes()))
}

fn in_some_case(checksum: &str, dice: &Dice) -> String {
    let upper = |digit: char| {
        if dice.one_in(4) {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    };
    checksum.chars().map(upper).collect()
}

/// Mostly a digit instead of a character, since most of a code is digits.
fn changed(text: &str, dice: &Dice) -> String {
    let place = dice.index(text.len());
    let new = if dice.one_in(4) {
        *dice.pick(&['A', 'z', ' ', '+', '-', '.', 'Ạ', '🏥'])
    } else {
        char::from_digit(u32::try_from(dice.below(10)).unwrap(), 10).unwrap()
    };
    format!("{}{new}{}", &text[..place], &text[place + 1..])
}

fn without_one(text: &str, dice: &Dice) -> String {
    let place = dice.index(text.len());
    format!("{}{}", &text[..place], &text[place + 1..])
}

/// Another tag for one of the objects at the root.
fn another_tag(text: &str, dice: &Dice) -> String {
    let place = *dice.pick(&objects(text));
    let tag = dice.pick(&["01", "26", "38", "54", "58", "62", "64", "63", "80"]);
    format!("{}{tag}{}", &text[..place], &text[place + 2..])
}

/// Additional data whose length is given as none, so that they stand at the root.
fn emptied(text: &str) -> Option<String> {
    let place = objects(text)
        .into_iter()
        .find(|place| text[*place..].starts_with("62"))?;
    Some(format!("{}6200{}", &text[..place], &text[place + 4..]))
}

/// Where the objects at the root begin.
fn objects(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut place = 0;
    while let Some(length) = text.get(place + 2..place + 4) {
        places.push(place);
        place += 4 + length.parse::<usize>().unwrap();
    }
    places
}

/// The amount with a zero before it.
fn padded_amount(text: &str) -> Option<String> {
    let (before, amount) = text.split_once("530370454")?;
    let (length, amount) = amount.split_at_checked(2)?;
    let length = length.parse::<usize>().ok()? + 1;
    Some(format!("{before}530370454{length:02}0{amount}"))
}
