//! The rows of a health book.

use serde::{Deserialize, Serialize};

use crate::{ResourceKey, Timestamp};

/// A part of the health book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Section {
    /// Laboratory and other results.
    Results = 1,
    /// Medicines.
    Medicines = 2,
    /// Visits and stays.
    Visits = 3,
    /// X-ray, CT, ultrasound.
    Images = 4,
    /// Vaccines.
    Vaccines = 5,
    /// Pressure, sugar at home, weight.
    Measurements = 6,
    /// Discharge letters, slips, plans, reports.
    Documents = 7,
    /// Allergies and conditions.
    AllergiesAndConditions = 8,
    /// Appointments.
    Appointments = 9,
    /// Invoices.
    Invoices = 10,
    /// Operations and treatments.
    Procedures = 11,
}

impl Section {
    /// Every section, in the order of a book's table of contents.
    pub const ALL: [Self; 11] = [
        Self::Results,
        Self::Medicines,
        Self::Visits,
        Self::Images,
        Self::Vaccines,
        Self::Measurements,
        Self::Documents,
        Self::AllergiesAndConditions,
        Self::Appointments,
        Self::Invoices,
        Self::Procedures,
    ];

    /// The number a store keeps; never changed once released.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The section of a stored number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// One thing a person would look at: what a list shows without opening the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The resource it was read from.
    pub resource: ResourceKey,
    /// Where it belongs.
    pub section: Section,
    /// What it is, in the clinic's words or in Vietnamese where the code is known.
    pub title: String,
    /// What stands beside the title, e.g. a value with its unit; may be empty.
    pub detail: String,
    /// When it was so, for the person.
    pub when: Option<Timestamp>,
    /// The FHIR status, e.g. `final`, `booked`; may be empty.
    pub status: String,
    /// How to read the value.
    pub kind: EntryKind,
    /// The code whose points make its trend, as `system|code`.
    pub trend: Option<String>,
    /// Everything search looks at, folded ([`crate::text::fold`]).
    pub folded: String,
}

/// How an entry stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EntryKind {
    /// Nothing to point out.
    #[default]
    Plain = 0,
    /// Above the reference range.
    High = 1,
    /// Below the reference range.
    Low = 2,
    /// Outside what is normal, direction not said.
    Abnormal = 3,
}

impl EntryKind {
    /// The number a store keeps; never changed once released.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a stored number; an unknown one is plain.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::High,
            2 => Self::Low,
            3 => Self::Abnormal,
            _ => Self::Plain,
        }
    }
}

/// One number of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What was measured, as `system|code`.
    pub code: String,
    /// When.
    pub at: Timestamp,
    /// The value in `unit`.
    pub value: f64,
    /// The unit as the clinic wrote it.
    pub unit: String,
    /// The reference range the clinic gave with this value.
    pub range: ReferenceRange,
}

/// A reference range; either end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ReferenceRange {
    /// The lowest usual value.
    pub low: Option<f64>,
    /// The highest usual value.
    pub high: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back() {
        for section in Section::ALL {
            assert_eq!(Section::from_code(section.code()), Some(section));
        }
        assert_eq!(Section::from_code(0), None);
    }
}
