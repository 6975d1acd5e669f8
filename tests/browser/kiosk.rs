//! From the kiosk to the doctor's door: a ticket from a phone without a network, a card, the board that everybody sees.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sokhoe_app::domain::ports::Clock;
use sokhoe_app::domain::{StaffRole, Timestamp};
use sokhoe_app::{FindSlotsRequest, TicketState};
use sokhoe_testing::Cut;
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

use crate::chromium::Chromium;
use crate::{employ, signs_in};

/// Books the first time of that morning.
async fn books(
    phone: &TestPhone,
    clinic: &TestClinic,
    patient: &str,
    morning: Timestamp,
) -> (String, String, String) {
    let enrolment = phone.enrol(clinic, patient).await;
    let person = &enrolment.persons[0];
    let request = FindSlotsRequest {
        person_id: person.id.clone(),
        clinic_id: enrolment.clinic.id.clone(),
        service_id: Some("kham-mat".to_owned()),
        from: morning,
        to: morning.plus(Duration::from_secs(8 * 3_600)),
        limit: 1,
        criteria: None,
        has_referral: false,
    };
    let slots = phone.app.find_slots(request).await.unwrap();
    let booked = phone
        .book(&person.id, slots.into_iter().next().unwrap())
        .await
        .unwrap();
    phone.app.sync(&person.id).await.unwrap();
    (person.id.clone(), booked.id, person.name.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_and_a_card_become_numbers_that_the_board_calls() {
    let clock = Arc::new(ShiftedClock::at("2026-11-24T07:30:00+07:00"));
    let clinic = TestClinic::start_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    employ(&clinic, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    let [son, neighbour] =
        [(); 2].map(|()| TestPhone::new_at(Arc::clone(&clock) as Arc<dyn Clock>));
    let (person, booking, name) = books(&son, &clinic, EMPTY_PATIENT, clock.now()).await;
    let (_, _, other) = books(&neighbour, &clinic, NEIGHBOUR, clock.now()).await;

    let chromium = Chromium::start(&clinic.url);
    let (kiosk, board, hoa) = (
        chromium.person("kiosk"),
        chromium.person("board"),
        chromium.person("hoa"),
    );
    for (screen, button) in [(kiosk, "kiosk"), (board, "bảng gọi số")] {
        signs_in(screen, "hoa");
        screen.follows("Màn hình");
        screen.sees("Màn hình đứng riêng");
        screen.presses(button);
    }
    kiosk.has_screen(1080, 1920);
    kiosk.sees("Quét phiếu khám");
    kiosk.keeps_picture("kiosk");
    board.sees("Chưa có ai chờ khám");
    // A kiosk is nobody's desk.
    assert_eq!(kiosk.opens("/desk"), 403);
    assert_eq!(kiosk.opens("/desk/kiosk"), 200);

    // The ticket is on a phone without a network.
    son.network.cut(Cut::NoNetwork);
    // Started anew it goes by its own clock, not by the machine's that the clinic's answers name.
    let son = son.restarted_under(Arc::clone(&clock) as Arc<dyn Clock>);
    let ticket = son.app.ticket(&person, &booking).unwrap();
    assert_eq!(ticket.state, TicketState::Open, "{}", ticket.text);
    kiosk.keys_in(&ticket.code.unwrap().payload);
    let took = kiosk.enters();
    kiosk.sees("Số thứ tự của bạn");
    println!("from the scan to the number: {took} ms");
    let number = kiosk.reads("#number");
    assert_eq!(
        kiosk.counts(&format!("text={name}")),
        0,
        "others see this screen"
    );
    kiosk.keeps_picture("kiosk-number");
    kiosk.follows("Xong");
    kiosk.sees("Quét phiếu khám");
    // The same ticket again says which number it has.
    let again = son.app.ticket(&person, &booking).unwrap();
    kiosk.types(&again.code.unwrap().payload);
    kiosk.sees(&format!("Số của bạn là {number}"));

    // A citizen's card: whoever it is says yes.
    let card = clinic.citizen_number(NEIGHBOUR);
    kiosk.types(&card);
    kiosk.sees("Có phải là bạn?");
    kiosk.sees(&card[card.len() - 3..]);
    assert_eq!(kiosk.counts(&format!("text={other}")), 0);
    kiosk.keeps_picture("kiosk-who");
    kiosk.presses("Khám mắt");
    kiosk.sees("Trước bạn còn 1 người");
    kiosk.follows("Xong");
    kiosk.sees("Quét phiếu khám");
    kiosk.types("001099999999");
    kiosk.sees("Không thấy lịch khám hôm nay");
    kiosk.keeps_picture("kiosk-refused");

    // The desk calls, the board shows it.
    signs_in(hoa, "hoa");
    hoa.sees(&name);
    hoa.presses("Gọi tiếp");
    hoa.sees(&format!("mời số {number}"));
    let at = Instant::now();
    board.sees(&number);
    board.sees("Tiếp theo");
    println!(
        "on the board {} ms after the desk showed it",
        at.elapsed().as_millis()
    );
    assert_eq!(board.counts(&format!("text={name}")), 0);
    board.keeps_picture("board");
    hoa.keeps_picture("desk-queue");
    chromium.complains_of_nothing();
}
