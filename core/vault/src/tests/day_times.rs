//! The times of a person's day.

use sokhoe_fhir::timing::DayTimes;

use super::Phone;
use crate::AccountVault;

#[test]
fn the_times_of_a_day_outlive_a_restart_and_a_rebuilt_account() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.day_times().unwrap(), DayTimes::default());
    let early = DayTimes::new([270, 660, 1_020, 1_200]).unwrap();
    let late = DayTimes::new([480, 780, 1_140, 1_380]).unwrap();
    for day in [late, early] {
        account.set_day_times(day).unwrap();
        assert_eq!(account.day_times().unwrap(), day);
    }
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    assert_eq!(account.day_times().unwrap(), early);
    drop(account);
    let account = AccountVault::rebuild(&phone.ports, &crate::PauseSwitch::default()).unwrap();
    assert_eq!(account.day_times().unwrap(), early);
    // Times that are no day, as nobody here wrote them.
    let noon = r#"UPDATE "day_times" SET "noon" = 5"#;
    account
        .store()
        .write(crate::store::Durability::Full, |tx, _| {
            Ok(tx.execute(noon, [])?)
        })
        .unwrap();
    assert_eq!(account.day_times().unwrap(), DayTimes::default());
}
