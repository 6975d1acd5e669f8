//! A few people, all invented; numbers of cards are of the right form and belong to nobody.

use super::FACILITY;

/// A patient.
pub(super) struct Person {
    pub id: &'static str,
    pub name: &'static str,
    pub born: &'static str,
    pub gender: &'static str,
    pub citizen: &'static str,
    pub insurance: &'static str,
    /// What else the hospital knows of the card.
    pub card: Option<Card>,
}

/// An insurance card.
pub(super) struct Card {
    pub level: u8,
    pub from: &'static str,
    pub to: &'static str,
    /// Where the person is first registered.
    pub facility: &'static str,
    pub five_years_from: &'static str,
}

const fn card(level: u8, facility: &'static str) -> Option<Card> {
    Some(Card {
        level,
        from: "2026-01-01",
        to: "2035-12-31",
        facility,
        five_years_from: "2025-01-01",
    })
}

/// A commune's station of the province.
const STATION: &str = "11034";

pub(super) const PATIENTS: &[Person] = &[
    Person {
        id: "bn-000001",
        name: "Quàng Thị Mai",
        born: "1956-03-12",
        gender: "female",
        citizen: "011156000123",
        insurance: "HT3110112345678",
        card: card(3, FACILITY),
    },
    Person {
        id: "bn-000002",
        name: "Quàng Văn Thịnh",
        born: "1984-09-02",
        gender: "male",
        citizen: "011084000456",
        insurance: "DN4110123456789",
        card: None,
    },
    Person {
        id: "bn-000003",
        name: "Nguyễn Thị Ngọc Ánh",
        born: "1991-11-20",
        gender: "female",
        citizen: "011191000789",
        insurance: "0123456789",
        card: card(4, STATION),
    },
    Person {
        id: "bn-000004",
        name: "Trần Minh Đức",
        born: "1978-05-30",
        gender: "male",
        citizen: "001078000321",
        insurance: "",
        card: None,
    },
    Person {
        id: "bn-000005",
        name: "Đặng Gia Hân",
        born: "2021-01-15",
        gender: "female",
        citizen: "011321000654",
        insurance: "TE1110100000001",
        card: card(1, STATION),
    },
    Person {
        id: "bn-000006",
        name: "Vàng A Páo",
        born: "1969",
        gender: "male",
        citizen: "011069000987",
        insurance: "DK2110198765432",
        card: None,
    },
];
