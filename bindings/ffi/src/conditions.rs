//! What the phone tells of itself, what metered networks may carry, and what support hears.

use std::time::Duration;

use sokhoe_app::{
    DataView, HeldBack, NetworkKind, PersonSyncView, SyncConditions, SyncView, WindowView,
};

use crate::sokhoe::{Result, SoKhoe};

/// What network a phone has.
#[uniffi::remote(Enum)]
pub enum NetworkKind {
    /// None, as far as the phone knows.
    None,
    /// One that somebody pays for by the byte, e.g. mobile data.
    Metered,
    /// One that costs nothing more, e.g. Wi-Fi.
    Unmetered,
}

/// What a phone tells of itself.
#[uniffi::remote(Record)]
pub struct SyncConditions {
    /// The network.
    pub network: NetworkKind,
    /// Whether the battery is low, or the phone saves power.
    pub battery_low: bool,
    /// Whether a screen of the app is open.
    pub foreground: bool,
}

/// Why something waits that could be fetched.
#[uniffi::remote(Enum)]
pub enum HeldBack {
    /// The phone has no network.
    NoNetwork,
    /// It waits for a network that costs nothing.
    Metered,
    /// It waits for the battery to be charged.
    BatteryLow,
    /// What metered networks may carry is used up: it waits for another network, or the next day or month.
    DataUsedUp,
    /// The time that the phone gave is over.
    TimeUp,
}

/// What metered networks may carry and carried, in bytes both ways together. Counted are heads and bodies as they
/// travel, and some 5,000 bytes for a new connection with TLS; not the frames of TCP and TLS below, some 5 %.
#[uniffi::remote(Record)]
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

/// What a window did for one person.
#[uniffi::remote(Record)]
pub struct PersonSyncView {
    /// Who.
    pub person_id: String,
    /// What it did, all turns together; nothing when the time was up before, or when it failed.
    pub synced: Option<SyncView>,
    /// What happened, what was kept and what can be done, when it failed.
    pub trouble_text: Option<String>,
}

/// What a window did for everybody.
#[uniffi::remote(Record)]
pub struct WindowView {
    /// Everybody with a clinic, in the order in which they were served.
    pub persons: Vec<PersonSyncView>,
    /// Whether everything went out and everything is here, for everybody.
    pub finished: bool,
}

#[uniffi::export]
impl SoKhoe {
    /// Like `sync_by_schedule`, for everybody on this phone within one window: what a background job calls. What anybody
    /// decided goes out first; then come the books, the one first that was in step longest ago. What fails for one person
    /// is told with them and stops nobody else.
    pub async fn sync_all_by_schedule(&self, window_seconds: Option<u32>) -> Result<WindowView> {
        let core = self.core.clone();
        let window = window_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        self.workers
            .run(async move { Ok(core.sync_all_by_schedule(window).await?) })
            .await
    }

    /// Tells what network and power the phone has and whether a screen is open; again at every change, and before
    /// `sync_by_schedule`. As long as nothing is told, nothing is held back. Instant.
    pub fn set_conditions(&self, conditions: SyncConditions) {
        self.core.set_conditions(conditions);
    }

    /// Like `sync`, for a regular time at which nobody waits, as a background job has it. A clinic that gave no answer
    /// the last time is left alone for longer (`Busy`, with the seconds until the next try), and what network and power
    /// do not allow waits, which the answer says.
    ///
    /// `window_seconds` is the time that the phone gives; everything ends a second before, what waits to be sent goes
    /// first, and the answer says whether it is `finished`.
    pub async fn sync_by_schedule(
        &self,
        person_id: String,
        window_seconds: Option<u32>,
    ) -> Result<SyncView> {
        let core = self.core.clone();
        let window = window_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        self.workers
            .run(async move { Ok(core.sync_by_schedule(&person_id, window).await?) })
            .await
    }

    /// What metered networks may carry, and what they carried.
    pub async fn data(&self) -> Result<DataView> {
        let core = self.core.clone();
        self.workers.read(move || Ok(core.data()?)).await
    }

    /// Sets what metered networks may carry, in bytes a day and a calendar month; no limit where unset. When it is used
    /// up, what a person decides and writes still goes out, and the rest waits.
    pub async fn set_data_limit(
        &self,
        a_day: Option<u64>,
        a_month: Option<u64>,
    ) -> Result<DataView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.set_data_limit(a_day, a_month)?))
            .await
    }

    /// Lets metered networks carry so many bytes more today: when the person says so.
    pub async fn allow_more_data(&self, bytes: u64) -> Result<DataView> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.allow_more_data(bytes)?))
            .await
    }

    /// How this phone stands, in short lines to be read aloud to support. Holds nothing of a person or of what is in a
    /// book. Needs no network. `app_version` is that of the app, e.g. `2.1 (341)`: up to 20 letters, digits, `. - + ( )`.
    /// The last line has how many lines come before it, and a code of what they say: support knows by it that it heard
    /// the whole.
    pub async fn support_report(&self, app_version: Option<String>) -> Result<String> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.support_report(app_version.as_deref())?))
            .await
    }
}
