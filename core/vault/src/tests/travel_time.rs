//! How long the way to a clinic takes.

use std::time::Duration;

use sokhoe_domain::ClinicId;

use super::Phone;
use crate::AccountVault;

#[test]
fn the_way_to_a_clinic_outlives_a_restart_and_a_rebuilt_account() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let (far, near) = (ClinicId::from("far"), ClinicId::from("near"));
    for (clinic, minutes) in [(&far, 30), (&far, 150), (&near, 10)] {
        let way = Duration::from_mins(minutes);
        account.set_travel_time(clinic, Some(way)).unwrap();
        assert_eq!(account.travel_times().unwrap()[clinic], way);
    }
    account.set_travel_time(&near, None).unwrap();
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let told = account.travel_times().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[&far], Duration::from_mins(150));
    drop(account);
    let account = AccountVault::rebuild(&phone.ports, &crate::PauseSwitch::default()).unwrap();
    assert_eq!(account.travel_times().unwrap(), told);
}
