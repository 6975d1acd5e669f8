//! Who needs what today. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are what app
//! developers read.

use sokhoe_app::{NeedKind, NeedView, PersonView, TodayView};
use sokhoe_domain::Timestamp;

use crate::sokhoe::{Result, SoKhoe};

/// What somebody needs, the most urgent first.
#[uniffi::remote(Enum)]
pub enum NeedKind {
    /// They are called: go there now.
    Called,
    /// A time is kept for them for minutes: take it or decline it.
    OfferedTime,
    /// They have a visit today.
    VisitToday,
    /// Something could not be sent and is kept back.
    KeptBack,
    /// Something happened that must not be missed, e.g. a visit was called off.
    News,
    /// The book of somebody whom this phone helps opens only with a network.
    NeedsNetwork,
    /// A bill is to be paid.
    InvoiceDue,
    /// They have a visit tomorrow.
    VisitTomorrow,
}

/// One thing that somebody needs.
#[uniffi::remote(Record)]
pub struct NeedView {
    /// What it is.
    pub kind: NeedKind,
    /// The booking or the invoice that it is about; unset where it is about none.
    pub subject_id: Option<String>,
    /// When, where that is known.
    pub at: Option<Timestamp>,
    /// The same to read.
    pub text: String,
}

/// What one person needs today.
#[uniffi::remote(Record)]
pub struct TodayView {
    /// Who.
    pub person: PersonView,
    /// What, the most urgent first; empty for somebody who needs nothing.
    pub needs: Vec<NeedView>,
}

#[uniffi::export]
impl SoKhoe {
    /// Everybody on this phone and what they need today, whoever needs something soonest first; then those who need
    /// nothing. Needs no network.
    pub async fn today(&self) -> Result<Vec<TodayView>> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.today()?)).await
    }
}
