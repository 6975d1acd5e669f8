//! What insurance pays, as an estimate: it decides for itself when the visit is over.

use sokhoe_domain::Vnd;
use sokhoe_domain::insurance::{InsuranceCover, InsuredVisit, estimate};
use sokhoe_fhir::{IdentifierKind, PatientView};

use super::invoice::Visit;
use crate::store::{StoreError, Tx, params};

/// The level of those of whose card only the number is known: that of most people, the lowest.
const USUAL_LEVEL: u8 = 4;

/// What insurance pays of a visit; never more than the price asked. Whoever needs a referral is expected to bring it, and
/// the card to be valid: the counter sees both.
pub(super) fn insurance_pays(
    tx: &Tx<'_>,
    patient: &PatientView,
    visit: &Visit<'_>,
) -> Result<Vnd, StoreError> {
    let Some(level) = patient.identifier(IdentifierKind::Bhyt).map(level_of_card) else {
        return Ok(Vnd::default());
    };
    let percent: Option<u8> = tx.sql().first(
        "SELECT percent FROM insurance_level WHERE level = ?1",
        params![level],
        |row| row.get(0),
    )?;
    let percent = percent.unwrap_or(0);
    let (price, tariff) = (visit.service.price, visit.service.insured_price);
    let Some(insurance) = visit.insurance else {
        return Ok(tariff.min(price).percent(percent).unwrap_or_default());
    };
    let cover = InsuranceCover {
        benefit_percent: percent,
        from: None,
        to: None,
        facility: None,
        five_years_from: None,
        exempt_from: None,
    };
    let visit = InsuredVisit {
        day: visit.day,
        price,
        tariff: Some(tariff),
        has_referral: true,
        is_emergency: false,
    };
    let estimate = estimate(&insurance.terms, &cover, &visit);
    Ok(estimate.map(|it| it.pays).unwrap_or_default())
}

/// The benefit level: the third character of a number of 15; the new numbers do not show it.
fn level_of_card(number: &str) -> u8 {
    match number.as_bytes() {
        [_, _, level @ b'1'..=b'5', ..] if number.len() == 15 => level - b'0',
        _ => USUAL_LEVEL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_stands_on_old_cards() {
        assert_eq!(level_of_card("DN4010123456789"), 4);
        assert_eq!(level_of_card("TE1790000000001"), 1);
        assert_eq!(level_of_card("0123456789"), 4);
        assert_eq!(level_of_card("001087123456"), 4);
        assert_eq!(level_of_card(""), 4);
    }
}
