//! HAPI FHIR's validator judges what the clinic and the phone put on the wire.

use std::process::Command;
use std::sync::{Arc, Mutex};

use sokhoe_app::domain::GrantScope;
use sokhoe_app::domain::ports::{BoxFuture, Limits, Ports, Transport, TransportError};
use sokhoe_app::{BookingStatus, SoKhoe};
use sokhoe_testing::{Cut, CuttableTransport, MemoryKeys};
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

use crate::filter::{ask, folder, prepared};

/// Writes down every FHIR body that goes either way.
#[derive(Clone)]
struct Tap {
    real: Arc<dyn Transport>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Transport for Tap {
    fn send(
        &self,
        request: http::Request<bytes::Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
        let keep = |body: &bytes::Bytes| {
            let text = String::from_utf8_lossy(body).into_owned();
            if text.contains("\"resourceType\"") && text.starts_with("{\"resourceType\"") {
                self.bodies.lock().unwrap().push(text);
            }
        };
        keep(request.body());
        Box::pin(async move {
            let response = self.real.send(request, limits).await?;
            keep(response.body());
            Ok(response)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_on_the_wire_is_valid_fhir_r4() {
    let clinic = TestClinic::start().await;
    let mut phone = TestPhone::new();
    let folder_of_phone = tempfile::TempDir::new().unwrap();
    let ports = sokhoe_tests::real_ports(folder_of_phone.path(), Arc::new(MemoryKeys::default()));
    let cut = CuttableTransport::new(Arc::clone(&ports.transport));
    let tap = Tap {
        real: Arc::new(cut.clone()),
        bodies: Arc::default(),
    };
    phone.app = SoKhoe::open(
        sokhoe_tests::config(),
        Ports {
            transport: Arc::new(tap.clone()),
            ..ports
        },
    )
    .unwrap();

    let person = phone
        .enrol(&clinic, EMPTY_PATIENT)
        .await
        .persons
        .remove(0)
        .id;
    let clinic_id = phone.app.clinics().unwrap().remove(0).id;
    phone.app.services(&clinic_id).await.unwrap();
    let slots = phone.free_times(&person, 10).await;
    let booking = phone.book(&person, slots[0].clone()).await.unwrap();
    let other = TestPhone::new();
    let neighbour = other.enrol(&clinic, NEIGHBOUR).await.persons.remove(0).id;
    other.book(&neighbour, slots[1].clone()).await.unwrap();
    // A refusal with other free times.
    phone.book(&person, slots[1].clone()).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    let invoice = phone.app.invoices(&person).unwrap().remove(0);
    clinic
        .clinic
        .record_payment(&invoice.reference, invoice.amount, "bank-9")
        .unwrap();
    phone.app.sync(&person).await.unwrap();
    phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    phone.app.sync(&person).await.unwrap();
    // A grant, in force and taken back.
    let offered = clinic.invites_a_helper(EMPTY_PATIENT, &GrantScope::ALL);
    other.app.enrol(&offered.code.text).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    assert_eq!(clinic.clinic.end_grant(&offered.consent).unwrap(), 1);
    phone.app.sync(&person).await.unwrap();
    // Who looked, as AuditEvents: reads, queries, writes, and what was denied.
    let log = phone.app.access_log(&person, &clinic_id).await.unwrap();
    assert!(log.mismatch.is_none() && log.entries.len() > 5, "{log:?}");

    let metadata = get(&tap, &format!("{}/fhir/metadata", clinic.url)).await;
    assert!(metadata.contains("CapabilityStatement"));
    let mut bodies = tap.bodies.lock().unwrap().clone();
    assert!(bodies.len() >= 12, "{} bodies", bodies.len());
    for status in ["active", "inactive"] {
        let consent = r#""resourceType":"Consent""#;
        let status = format!(r#""status":"{status}""#);
        let is_there = |body: &String| body.contains(consent) && body.contains(&status);
        assert!(bodies.iter().any(is_there), "no Consent that is {status}");
    }

    for action in ["C", "R", "U", "E"] {
        let event = format!(r#""action":"{action}""#);
        let is_there = |body: &String| body.contains("IHE.BasicAudit") && body.contains(&event);
        assert!(bodies.iter().any(is_there), "no AuditEvent {action}");
    }

    // What leaves the phone in a file, with a booking and a cancellation that no clinic has.
    // Times beside one that is taken may be taken, too.
    let (waits, others) = slots[2..].split_last().unwrap();
    let mut kept = None;
    for slot in others {
        let booking = phone.book(&person, slot.clone()).await.unwrap();
        if booking.status == BookingStatus::Confirmed {
            kept = Some(booking);
            break;
        }
    }
    let kept = kept.expect("a free time");
    phone.app.sync(&person).await.unwrap();
    cut.cut(Cut::NoNetwork);
    phone.book(&person, waits.clone()).await.unwrap();
    phone.app.cancel_booking(&person, &kept.id).await.unwrap();
    let mut bundle = Vec::new();
    phone.app.export_fhir(&person, &mut bundle).unwrap();
    let bundle = String::from_utf8(bundle).unwrap().replace('\n', " ");
    for made_here in ["\"proposed\"", "\"Task\""] {
        assert!(bundle.contains(made_here), "{made_here}");
    }
    bodies.push(bundle);

    let jars = prepared("SOKHOE_PEERS_HAPI");
    let classes = tempfile::TempDir::new().unwrap();
    let jar_path = format!("{}/*", jars.display());
    let compiled = Command::new("javac")
        .args(["-nowarn", "-cp", &jar_path, "-d"])
        .arg(classes.path())
        .arg(folder().join("hapi/Validate.java"))
        .status();
    assert!(compiled.unwrap().success(), "Validate.java compiles");
    let mut java = Command::new("java");
    java.args([
        "-Xmx1500m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        &format!("{}:{jar_path}", classes.path().display()),
        "Validate",
    ]);
    let answers = ask(&mut java, &bodies);
    let wrong: Vec<String> = answers
        .iter()
        .zip(&bodies)
        .filter(|(answer, _)| answer["valid"] != true)
        .map(|(answer, body)| {
            format!(
                "{answer}\n  in {}",
                body.chars().take(600).collect::<String>()
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} are not valid:\n{}",
        wrong.len(),
        bodies.len(),
        wrong.join("\n")
    );
}

async fn get(tap: &Tap, url: &str) -> String {
    let request = http::Request::get(url).body(bytes::Bytes::new()).unwrap();
    let limits = Limits {
        timeout: std::time::Duration::from_secs(10),
        max_body: 4 << 20,
    };
    String::from_utf8(
        tap.send(request, limits)
            .await
            .unwrap()
            .into_body()
            .to_vec(),
    )
    .unwrap()
}
