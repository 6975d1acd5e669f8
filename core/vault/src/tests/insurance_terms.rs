//! How clinics stand to the health insurance.

use sokhoe_domain::ClinicId;

use super::Phone;
use crate::AccountVault;

#[test]
fn what_a_clinic_told_outlives_a_restart_and_a_rebuilt_account() {
    let phone = Phone::new();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let (one, other) = (ClinicId::from("one"), ClinicId::from("other"));
    for (clinic, terms) in [(&one, "a"), (&one, "b"), (&other, "c")] {
        account.set_insurance_terms(clinic, Some(terms)).unwrap();
        let kept = account.insurance_terms(clinic).unwrap();
        assert_eq!(kept.as_deref(), Some(terms));
    }
    account.set_insurance_terms(&other, None).unwrap();
    drop(account);
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let told = || {
        let of = |clinic| account.insurance_terms(clinic).unwrap();
        (of(&one), of(&other))
    };
    assert_eq!(told(), (Some("b".to_owned()), None));
    drop(account);
    let account = AccountVault::rebuild(&phone.ports, &crate::PauseSwitch::default()).unwrap();
    let kept = account.insurance_terms(&one).unwrap();
    assert_eq!(kept.as_deref(), Some("b"));
}
