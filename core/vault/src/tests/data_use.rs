//! What metered networks carried.

use sokhoe_domain::Timestamp;

use super::Phone;
use crate::{AccountVault, DataLimit, DataUse};

fn at(day: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("2026-{day}T23:59:00+07:00")).unwrap()
}

#[test]
fn days_and_months_are_counted_and_outlive_a_restart() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.data_use(at("11-29")).unwrap(), DataUse::default());
    assert_eq!(account.data_use(at("11-29")).unwrap().left(), None);
    let limit = DataLimit {
        a_day: Some(100),
        a_month: Some(250),
    };
    account.set_data_limit(limit).unwrap();
    for (day, bytes) in [("11-28", 90), ("11-29", 30), ("11-29", 30)] {
        account.add_data_use(at(day), bytes).unwrap();
    }
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let used = account.data_use(at("11-29")).unwrap();
    assert_eq!((used.limit, used.today, used.this_month), (limit, 60, 150));
    assert_eq!(used.left(), Some(40));
    account.add_data_use(at("11-29"), 70).unwrap();
    assert_eq!(account.data_use(at("11-29")).unwrap().left(), Some(0));
    // The next day has its own, as far as the month goes; the next month begins anew.
    assert_eq!(account.data_use(at("11-30")).unwrap().left(), Some(30));
    assert_eq!(account.data_use(at("12-01")).unwrap().left(), Some(100));
    // A minute after midnight in Vietnam it is still yesterday in Greenwich.
    let after_midnight = Timestamp::parse_fhir("2026-12-01T00:01:00+07:00").unwrap();
    assert_eq!(account.data_use(after_midnight).unwrap().left(), Some(100));
    account.allow_more_data(at("11-29"), 50).unwrap();
    assert_eq!(account.data_use(at("11-29")).unwrap().left(), Some(20));
    // What was allowed more in a day is not spent on the next one.
    assert_eq!(account.data_use(at("11-30")).unwrap().left(), Some(80));
    account.set_data_limit(DataLimit::default()).unwrap();
    assert_eq!(account.data_use(at("11-29")).unwrap().left(), None);
}

#[test]
fn no_number_is_too_large_and_old_days_are_forgotten() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    account.add_data_use(at("01-01"), 5).unwrap();
    for _ in 0..3 {
        account.add_data_use(at("11-29"), u64::MAX).unwrap();
        account.allow_more_data(at("11-29"), u64::MAX).unwrap();
    }
    let limit = DataLimit {
        a_day: Some(u64::MAX),
        a_month: None,
    };
    account.set_data_limit(limit).unwrap();
    assert!(account.data_use(at("11-29")).unwrap().left().is_some());
    assert_eq!(account.data_use(at("01-01")).unwrap().today, 0);
}
