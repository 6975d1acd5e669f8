//! Classic bugs of programs that synchronise, planted one at a time to show that the simulator finds them.
//!
//! Nothing that is shipped has them: without the feature `planted-bugs` [`is_planted`] is always false, and
//! `cargo xtask test --only style` lets no manifest but that of the tests turn the feature on.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The phone stores where it stands in the feed before it stores what came.
    CursorBeforeData,
    /// The phone takes a resource that it has for the same, whatever its version.
    UpdatesIgnored,
    /// The phone leaves what a clinic deleted.
    DeletionsIgnored,
    /// The phone asks again under another id.
    RetryWithNewId,
    /// The phone takes silence for a no.
    SilenceIsRefusal,
    /// The phone takes silence for a yes.
    SilenceIsConfirmation,
    /// The phone takes an intent out of its outbox when it sends it.
    ForgottenWhenSent,
    /// The phone says that something is kept before it is on disk.
    NothingDurable,
    /// The clinic lets two have one seat.
    TwoInOneSeat,
    /// The clinic does not remember what it answered to an intent.
    AnswersForgotten,
    /// The phone asks another's server for what is newer (`gt`) than the newest that it saw.
    OnlyNewerThanSeen,
    /// The phone never compares what it has with what a server lists.
    NeverCompared,
    /// Elements of arrays are taken for the same by their places.
    MergedByPlace,
    /// The phone writes over whatever version there is.
    WrittenOverUnseen,
    /// The phone keeps what a clinic took away.
    AccessEndedIgnored,
    /// The clinic calls people who are through.
    CalledAgain,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::CursorBeforeData,
        Self::UpdatesIgnored,
        Self::DeletionsIgnored,
        Self::RetryWithNewId,
        Self::SilenceIsRefusal,
        Self::SilenceIsConfirmation,
        Self::ForgottenWhenSent,
        Self::NothingDurable,
        Self::TwoInOneSeat,
        Self::AnswersForgotten,
        Self::OnlyNewerThanSeen,
        Self::NeverCompared,
        Self::MergedByPlace,
        Self::WrittenOverUnseen,
        Self::AccessEndedIgnored,
        Self::CalledAgain,
    ];
}

/// Whether this bug is planted in this process.
#[cfg(not(feature = "planted-bugs"))]
#[inline]
#[must_use]
pub const fn is_planted(_: Bug) -> bool {
    false
}

/// One more than the planted bug as a number; 0 for none.
#[cfg(feature = "planted-bugs")]
static PLANTED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Whether this bug is planted in this process.
#[cfg(feature = "planted-bugs")]
#[must_use]
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.load(std::sync::atomic::Ordering::Relaxed) == bug as usize + 1
}

/// Plants a bug in this process, in the place of the one before.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    let planted = bug.map_or(0, |bug| bug as usize + 1);
    PLANTED.store(planted, std::sync::atomic::Ordering::Relaxed);
}
