//! What the phone's network and power allow: the one place of these rules.
//!
//! What a person asks for goes at once, and what they decided goes out whenever there is a network, since
//! a booking is small and matters. The rest waits for a network that costs nothing and a battery that lasts.

use crate::pace::Cause;

/// What network a phone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// None, as far as the phone knows.
    None,
    /// One that somebody pays for by the byte, e.g. mobile data.
    Metered,
    /// One that costs nothing more, e.g. Wi-Fi.
    Unmetered,
}

/// What a phone tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncConditions {
    /// The network.
    pub network: NetworkKind,
    /// Whether the battery is low, or the phone saves power.
    pub battery_low: bool,
    /// Whether a screen of the app is open.
    pub foreground: bool,
}

impl Default for SyncConditions {
    /// Nothing in the way: as long as a phone says nothing, nothing is held back.
    fn default() -> Self {
        Self {
            network: NetworkKind::Unmetered,
            battery_low: false,
            foreground: true,
        }
    }
}

/// Why something waits that could be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How much may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Nothing.
    Nothing,
    /// What is looked for first, and what changed since the last time as far as it is little.
    Little,
    /// Everything.
    Everything,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether what a person decided and wrote goes out.
    pub send: bool,
    /// How much may be fetched.
    pub fetch: Fetch,
    /// Why not more.
    pub held_back: Option<HeldBack>,
}

impl Allowance {
    /// Everything goes.
    pub const EVERYTHING: Self = Self {
        send: true,
        fetch: Fetch::Everything,
        held_back: None,
    };

    const fn only_sending(why: HeldBack) -> Self {
        Self {
            send: true,
            fetch: Fetch::Nothing,
            held_back: Some(why),
        }
    }

    /// What may be done for this cause. `data_left` is how many bytes metered networks may still carry;
    /// unset when nobody set a limit.
    #[must_use]
    pub const fn of(cause: Cause, phone: SyncConditions, data_left: Option<u64>) -> Self {
        let is_watched = match cause {
            Cause::Person | Cause::Decided => true,
            Cause::Watching => phone.foreground,
            Cause::Again | Cause::Schedule => false,
        };
        match phone.network {
            // A phone's word on its network may be wrong: whoever asks is not sent away for it.
            NetworkKind::None if is_watched => Self::EVERYTHING,
            NetworkKind::None => Self {
                send: false,
                fetch: Fetch::Nothing,
                held_back: Some(HeldBack::NoNetwork),
            },
            NetworkKind::Metered if matches!(data_left, Some(0)) => {
                Self::only_sending(HeldBack::DataUsedUp)
            }
            _ if is_watched => Self::EVERYTHING,
            _ if phone.battery_low => Self::only_sending(HeldBack::BatteryLow),
            NetworkKind::Metered => Self {
                send: true,
                fetch: Fetch::Little,
                held_back: Some(HeldBack::Metered),
            },
            NetworkKind::Unmetered => Self::EVERYTHING,
        }
    }
}

impl SyncConditions {
    /// Whether a connection may stay open on which clinics tell news as they come.
    #[must_use]
    pub const fn may_stay_connected(self) -> bool {
        self.foreground && !self.battery_low && !matches!(self.network, NetworkKind::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Fetch::{Everything, Little, Nothing};
    use HeldBack::{BatteryLow, DataUsedUp, NoNetwork};
    use NetworkKind::{Metered, None as Offline, Unmetered};

    const NETWORKS: [NetworkKind; 3] = [Offline, Metered, Unmetered];
    const CAUSES: [Cause; 5] = [
        Cause::Person,
        Cause::Decided,
        Cause::Again,
        Cause::Watching,
        Cause::Schedule,
    ];

    fn phone(network: NetworkKind, battery_low: bool, foreground: bool) -> SyncConditions {
        SyncConditions {
            network,
            battery_low,
            foreground,
        }
    }

    #[test]
    fn the_rules_are_these() {
        use HeldBack::Metered as Costs;
        // In the background: network, battery low, bytes left; sent, fetched, why not more.
        let regular = [
            (Offline, false, None, false, Nothing, Some(NoNetwork)),
            (Offline, true, Some(0), false, Nothing, Some(NoNetwork)),
            (Metered, false, None, true, Little, Some(Costs)),
            (Metered, false, Some(1), true, Little, Some(Costs)),
            (Metered, false, Some(0), true, Nothing, Some(DataUsedUp)),
            (Metered, true, None, true, Nothing, Some(BatteryLow)),
            (Metered, true, Some(0), true, Nothing, Some(DataUsedUp)),
            (Unmetered, false, None, true, Everything, None),
            (Unmetered, false, Some(0), true, Everything, None),
            (Unmetered, true, None, true, Nothing, Some(BatteryLow)),
        ];
        for (network, battery_low, left, send, fetch, held_back) in regular {
            let expected = Allowance {
                send,
                fetch,
                held_back,
            };
            for cause in [Cause::Schedule, Cause::Again, Cause::Watching] {
                let phone = phone(network, battery_low, false);
                let allowed = Allowance::of(cause, phone, left);
                assert_eq!(allowed, expected, "{cause:?} {phone:?} {left:?}");
            }
        }
    }

    #[test]
    fn what_a_person_asks_for_goes_at_once_but_for_their_own_limit() {
        for network in NETWORKS {
            for battery_low in [false, true] {
                for (cause, foreground) in [
                    (Cause::Person, true),
                    (Cause::Person, false),
                    (Cause::Watching, true),
                ] {
                    let phone = phone(network, battery_low, foreground);
                    for left in [None, Some(1)] {
                        let allowed = Allowance::of(cause, phone, left);
                        assert_eq!(allowed, Allowance::EVERYTHING, "{cause:?} {phone:?}");
                    }
                    let none_left = Allowance::of(cause, phone, Some(0));
                    assert!(none_left.send);
                    assert_eq!(none_left.fetch == Nothing, network == Metered);
                }
            }
        }
    }

    #[test]
    fn what_was_decided_goes_out_on_every_network() {
        for network in [Metered, Unmetered] {
            for battery_low in [false, true] {
                for foreground in [false, true] {
                    for cause in CAUSES {
                        let phone = phone(network, battery_low, foreground);
                        assert!(Allowance::of(cause, phone, Some(0)).send, "{phone:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn whatever_is_held_back_has_its_reason() {
        for network in NETWORKS {
            for (battery_low, foreground) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                for cause in CAUSES {
                    for left in [None, Some(0), Some(1)] {
                        let allowed =
                            Allowance::of(cause, phone(network, battery_low, foreground), left);
                        assert_eq!(allowed.held_back.is_none(), allowed.fetch == Everything);
                    }
                }
            }
        }
    }

    #[test]
    fn a_connection_stays_open_only_for_an_open_screen_and_a_good_battery() {
        assert!(phone(Unmetered, false, true).may_stay_connected());
        assert!(phone(Metered, false, true).may_stay_connected());
        assert!(!phone(Unmetered, true, true).may_stay_connected());
        assert!(!phone(Unmetered, false, false).may_stay_connected());
        assert!(!phone(Offline, false, true).may_stay_connected());
    }
}
