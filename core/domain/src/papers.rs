//! What to take along to a visit.

/// What kind of visit it is, as whoever goes there knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VisitKind {
    /// For something new, of their own accord.
    First,
    /// Asked to come again by the same clinic.
    FollowUp,
    /// Sent by another clinic.
    Referred,
    /// By telephone or video: what to have at hand.
    Remote,
}

/// Something to take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paper {
    /// Citizen card, or VNeID.
    Identity,
    /// Insurance card, or what counts as one.
    InsuranceCard,
    /// The referral slip of the clinic that sends somebody.
    Referral,
    /// The slip by which a clinic asks somebody to come again.
    ReexaminationSlip,
    /// Results, letters and images of before.
    EarlierResults,
    /// What is being taken, or its prescription.
    Medicines,
}

/// What to take along, what the counter asks for first.
#[must_use]
pub const fn papers(kind: VisitKind) -> &'static [Paper] {
    match kind {
        VisitKind::First => &[
            Paper::Identity,
            Paper::InsuranceCard,
            Paper::EarlierResults,
            Paper::Medicines,
        ],
        VisitKind::FollowUp => &[
            Paper::Identity,
            Paper::InsuranceCard,
            Paper::ReexaminationSlip,
            Paper::EarlierResults,
            Paper::Medicines,
        ],
        VisitKind::Referred => &[
            Paper::Identity,
            Paper::InsuranceCard,
            Paper::Referral,
            Paper::EarlierResults,
            Paper::Medicines,
        ],
        VisitKind::Remote => &[Paper::Identity, Paper::EarlierResults, Paper::Medicines],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_taken_along_where_there_is_one_and_nothing_twice() {
        for (kind, referral, slip) in [
            (VisitKind::First, false, false),
            (VisitKind::FollowUp, false, true),
            (VisitKind::Referred, true, false),
            (VisitKind::Remote, false, false),
        ] {
            let papers = papers(kind);
            assert_eq!(papers.first(), Some(&Paper::Identity), "{kind:?}");
            assert_eq!(papers.contains(&Paper::Referral), referral, "{kind:?}");
            assert_eq!(papers.contains(&Paper::ReexaminationSlip), slip, "{kind:?}");
            let each: std::collections::HashSet<_> = papers.iter().collect();
            assert_eq!(each.len(), papers.len(), "{kind:?}");
        }
    }
}
