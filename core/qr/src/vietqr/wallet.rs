use super::account::Account;
use crate::bank::Bin;

/// Electronic wallets that present themselves as VietQR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wallet {
    /// MoMo: its own BIN, or an account `99MM…` at Bản Việt.
    MoMo,
    /// ZaloPay: an account `99ZP…` at Bản Việt.
    ZaloPay,
    /// Viettel Money.
    ViettelMoney,
    /// VNPT Money.
    VnptMoney,
}

impl Wallet {
    pub(crate) fn of(bin: Bin, account: &Account) -> Option<Self> {
        match (bin.number(), account.as_str()) {
            (971_025, _) => Some(Self::MoMo),
            (970_454, account) if account.starts_with("99MM") => Some(Self::MoMo),
            (970_454, account) if account.starts_with("99ZP") => Some(Self::ZaloPay),
            (971_005, _) => Some(Self::ViettelMoney),
            (971_011, _) => Some(Self::VnptMoney),
            _ => None,
        }
    }
}
