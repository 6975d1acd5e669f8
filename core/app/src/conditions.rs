//! What the phone tells of itself, and what metered networks may carry.

use sokhoe_domain::Timestamp;
use sokhoe_sync::{Allowance, Bounds, Cause, NetworkKind, SyncConditions};
use sokhoe_vault::{DataLimit, DataUse};

use crate::error::AppError;
use crate::session::{Session, SoKhoe};

/// Bytes that may be counted in memory alone: a crash forgets them.
const UNSAVED: u64 = 32 << 10;

/// What metered networks may carry and carried, in bytes both ways together. Counted are heads and
/// bodies as they travel, and some 5,000 bytes for a new connection with TLS; not the frames of TCP and
/// TLS below, some 5 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataView {
    /// What they may carry in a day; no limit when unset.
    pub limit_a_day: Option<u64>,
    /// What they may carry in a calendar month; no limit when unset.
    pub limit_a_month: Option<u64>,
    /// What they carried today.
    pub today: u64,
    /// What they carried this month.
    pub this_month: u64,
    /// What was allowed on top, today.
    pub more_today: u64,
    /// What they may still carry today; unset when there is no limit.
    pub left: Option<u64>,
}

impl From<DataUse> for DataView {
    fn from(used: DataUse) -> Self {
        Self {
            limit_a_day: used.limit.a_day,
            limit_a_month: used.limit.a_month,
            today: used.today,
            this_month: used.this_month,
            more_today: used.more_today,
            left: used.left(),
        }
    }
}

/// How far the transport's count was taken over.
#[derive(Default)]
pub(crate) struct DataCount {
    /// Of the transport's total.
    seen: u64,
    /// Of what metered networks carried, what is not stored yet.
    unsaved: u64,
}

impl SoKhoe {
    /// Tells what network and power the phone has and whether a screen is open; again at every change, and
    /// before [`SoKhoe::sync_by_schedule`]. As long as nothing is told, nothing is held back. Instant.
    pub fn set_conditions(&self, conditions: SyncConditions) {
        let session = &*self.inner;
        // What came until now came over the network that was.
        session.take_over_traffic();
        let before = session.conditions.send_replace(conditions);
        if before.network == NetworkKind::None && conditions.network != NetworkKind::None {
            self.network_is_back();
        }
    }

    /// What metered networks may carry, and what they carried.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn data(&self) -> Result<DataView, AppError> {
        Ok(self.inner.data_use()?.into())
    }

    /// Sets what metered networks may carry, in bytes a day and a calendar month of Vietnam; no limit where
    /// unset. When it is used up, what a person decides and writes still goes out, and the rest waits for
    /// another network or the next day.
    ///
    /// # Errors
    /// [`AppError::DiskFull`], what opening the account may give; the old limit stays then.
    pub fn set_data_limit(
        &self,
        a_day: Option<u64>,
        a_month: Option<u64>,
    ) -> Result<DataView, AppError> {
        let account = self.inner.account()?;
        account.set_data_limit(DataLimit { a_day, a_month })?;
        self.data()
    }

    /// Lets metered networks carry so many bytes more today, whatever the limit: when the person says so.
    ///
    /// # Errors
    /// [`AppError::DiskFull`], what opening the account may give; nothing more is allowed then.
    pub fn allow_more_data(&self, bytes: u64) -> Result<DataView, AppError> {
        let account = self.inner.account()?;
        account.allow_more_data(self.inner.now(), bytes)?;
        self.data()
    }
}

impl Session {
    /// What may be done for this cause now.
    pub(crate) fn allowance(&self, cause: Cause) -> Allowance {
        let conditions = *self.conditions.borrow();
        let left = match conditions.network {
            // An account that cannot be read now says so elsewhere.
            NetworkKind::Metered => self.data_use().ok().and_then(|used| used.left()),
            NetworkKind::None | NetworkKind::Unmetered => None,
        };
        Allowance::of(cause, conditions, left)
    }

    fn take_over_traffic(&self) -> u64 {
        let total = self.ports.transport.traffic().total();
        let is_metered = self.conditions.borrow().network == NetworkKind::Metered;
        let mut data = self.data_count();
        if is_metered {
            let came = total.saturating_sub(data.seen);
            data.unsaved = data.unsaved.saturating_add(came);
        }
        data.seen = total;
        data.unsaved
    }

    /// What metered networks carried until now.
    pub(crate) fn data_use(&self) -> Result<DataUse, AppError> {
        if self.take_over_traffic() >= UNSAVED {
            self.store_data_use()?;
        }
        let mut used = self.account()?.data_use(self.now())?;
        let unsaved = self.data_count().unsaved;
        used.today = used.today.saturating_add(unsaved);
        used.this_month = used.this_month.saturating_add(unsaved);
        Ok(used)
    }

    /// Stores what metered networks carried: after what made them carry it.
    pub(crate) fn store_data_use(&self) -> Result<(), AppError> {
        if self.take_over_traffic() == 0 {
            return Ok(());
        }
        let account = self.account()?;
        let mut data = self.data_count();
        let bytes = std::mem::take(&mut data.unsaved);
        if let Err(error) = account.add_data_use(self.now(), bytes) {
            data.unsaved = bytes;
            return Err(error.into());
        }
        Ok(())
    }
}

impl SoKhoe {
    /// How far a synchronisation for this cause may go: asked anew before every page.
    pub(crate) fn bounds(&self, cause: Cause, until: Option<Timestamp>) -> Bounds {
        let core = self.clone();
        Bounds::new(move || core.inner.allowance(cause)).until(until)
    }
}

#[cfg(test)]
mod tests;
