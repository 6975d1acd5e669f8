//! The clinic's pages in real Chromium, against a real clinic with real phones. `cargo xtask test --only browser` brings what they
//! need; pictures are kept in `target/tmp/browser`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![allow(
    clippy::disallowed_methods,
    reason = "how long a browser takes is real time"
)]

mod cashier;
mod chromium;
mod desk;
mod kiosk;
mod staff;

use sokhoe_app::domain::StaffRole;
use sokhoe_clinic::{NewStaff, Password};
use sokhoe_tests::TestClinic;

use chromium::Person;

const PASSWORD: &str = "ba con mèo trên mái";

/// Gives somebody an account.
fn employ(clinic: &TestClinic, login: &str, name: &str, roles: &[StaffRole]) {
    let new = NewStaff {
        login: login.to_owned(),
        name: name.to_owned(),
        roles: roles.to_vec(),
        password: Password::from(PASSWORD.to_owned()),
    };
    clinic.clinic.add_staff(&new).unwrap();
}

/// Signs somebody in.
#[track_caller]
fn signs_in(person: Person<'_>, login: &str) {
    person.opens("/desk");
    person.fills("Tên đăng nhập", login);
    person.fills("Mật khẩu", PASSWORD);
    person.presses("Đăng nhập");
    person.sees("Thoát");
}
