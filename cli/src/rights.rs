//! What people ask of what is kept of them, as it is written on the command line.

use clap::ValueEnum;
use sokhoe_app::domain::rights::RightsRequest;

/// What is asked.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// The consent is taken back
    Withdraw,
    /// What no law says must be kept is to be erased
    Erase,
    /// A copy is wanted
    Copy,
    /// Something is to be corrected
    Correct,
    /// The use is to be restricted
    Restrict,
    /// The record is to be given to somebody else
    Disclose,
}

impl What {
    pub(crate) const fn request(self) -> RightsRequest {
        match self {
            Self::Withdraw => RightsRequest::Withdraw,
            Self::Erase => RightsRequest::Erase,
            Self::Copy => RightsRequest::Copy,
            Self::Correct => RightsRequest::Correct,
            Self::Restrict => RightsRequest::Restrict,
            Self::Disclose => RightsRequest::Disclose,
        }
    }
}
