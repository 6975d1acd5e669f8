//! A full disk.

use std::process::Command;

use sokhoe_app::{AppError, BookRequest, BookingStatus, SoKhoe};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

/// A small file system of its own, unmounted when dropped. Needs root; CI has it.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(kilobytes: u32) -> Option<Self> {
        let folder = tempfile::TempDir::new().ok()?;
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={kilobytes}k"),
                "sokhoe-test",
            ])
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _busy = Command::new("umount")
            .arg("--lazy")
            .arg(self.0.path())
            .status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_loses_nothing() {
    let disk =
        SmallDisk::mount(2_048).expect("this test mounts a small file system: run it as root");
    let clinic = TestClinic::with_book().await;
    let keys = std::sync::Arc::new(sokhoe_testing::MemoryKeys::default());
    let open = || {
        let ports = sokhoe_tests::real_ports(disk.0.path(), keys.clone());
        SoKhoe::open(sokhoe_tests::config(), ports).unwrap()
    };
    let app = open();
    let person = app
        .enrol(&clinic.enrolment(&[BOOK_PATIENT]))
        .await
        .unwrap()
        .persons
        .remove(0)
        .id;
    let helper = TestPhone::new();
    let helped = helper
        .enrol(&clinic, BOOK_PATIENT)
        .await
        .persons
        .remove(0)
        .id;
    let slot = helper.free_times(&helped, 1).await.remove(0);
    let booking = app
        .book(BookRequest {
            person_id: person.clone(),
            slot: slot.clone(),
            otherwise: None,
        })
        .await
        .unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);

    // The book is several times the disk.
    assert_eq!(app.sync(&person).await.unwrap_err(), AppError::DiskFull);
    drop(app);
    let app = open();
    assert_eq!(
        app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Confirmed,
        "what was acknowledged is there"
    );
    // With room again the same book goes on from where it stood.
    let mut remount = Command::new("mount");
    remount.args(["-o", "remount,size=200m"]).arg(disk.0.path());
    assert!(remount.status().unwrap().success());
    app.sync(&person).await.unwrap();
    let counted: u64 = app
        .sections(&person)
        .unwrap()
        .iter()
        .map(|s| s.entries)
        .sum();
    assert!(counted > 2_000, "{counted}");
}
