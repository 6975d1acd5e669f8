//! The first morning: the administrator's account, the receptionist's, and whose record she may see.

use sokhoe_app::domain::StaffRole;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

use crate::chromium::Chromium;
use crate::{PASSWORD, employ, signs_in};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_morning() {
    let clinic = TestClinic::start().await;
    let chromium = Chromium::start(&clinic.url);
    let nam = chromium.person("nam");
    let key = clinic
        .desk_url()
        .strip_prefix(&clinic.url)
        .unwrap()
        .to_owned();
    nam.opens("/desk");
    nam.sees("Quầy đang khóa");
    nam.keeps_picture("locked");
    nam.opens(&key);
    nam.sees("Trực tuyến");
    nam.keeps_picture("desk-by-key");
    nam.follows("Tạo tài khoản cho nhân viên");
    nam.fills("Họ và tên", "Lò Văn Nam");
    nam.fills("Tên đăng nhập", "nam");
    nam.fills("Mật khẩu", "1234567890");
    nam.presses("Thêm");
    nam.sees("Mật khẩu này dễ đoán");
    nam.fills("Họ và tên", "Lò Văn Nam");
    nam.fills("Tên đăng nhập", "nam");
    nam.fills("Mật khẩu", PASSWORD);
    nam.presses("Thêm");
    // The key of the run is over with it.
    nam.sees("Đăng nhập quầy");
    nam.keeps_picture("sign-in");
    nam.fills("Tên đăng nhập", "nam");
    nam.fills("Mật khẩu", "không phải thế");
    nam.presses("Đăng nhập");
    nam.sees("không đúng");
    signs_in(nam, "nam");
    nam.opens("/desk/staff");
    let new = "Thêm nhân viên";
    nam.fills_at(new, "Họ và tên", "Nguyễn Thị Hoa");
    nam.fills_at(new, "Tên đăng nhập", "hoa");
    nam.ticks_at(new, "Tiếp đón");
    nam.fills_at(new, "Mật khẩu", PASSWORD);
    nam.presses_at(new, "Thêm");
    nam.sees("Nguyễn Thị Hoa");
    nam.keeps_picture("staff");

    let hoa = chromium.person("hoa");
    signs_in(hoa, "hoa");
    hoa.sees("Trực tuyến");
    assert_eq!(hoa.opens("/desk/staff"), 403);
    hoa.sees("Không thuộc việc của bạn");
    hoa.keeps_picture("not-hers");
    chromium.complains_of_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_opens_for_a_reason() {
    let clinic = TestClinic::start().await;
    employ(&clinic, "hoa", "Nguyễn Thị Hoa", &[StaffRole::Reception]);
    let chromium = Chromium::start(&clinic.url);
    let hoa = chromium.person("hoa");
    signs_in(hoa, "hoa");
    let enrolled = TestPhone::new().enrol(&clinic, EMPTY_PATIENT).await;
    let name = enrolled.persons[0].name.clone();
    let words: Vec<_> = name.split(' ').collect();
    // One word of a name lists nobody.
    hoa.fills("Tìm người bệnh", words[0]);
    hoa.sees("Gõ ít nhất hai chữ");
    hoa.fills("Tìm người bệnh", &name);
    hoa.follows(&name);
    hoa.sees("Vì sao mở hồ sơ này?");
    hoa.keeps_picture("reason");
    hoa.ticks("Có người gọi điện");
    hoa.presses("Mở hồ sơ");
    hoa.sees("Lần xem này được ghi lại");
    hoa.keeps_picture("person");
    hoa.presses("English");
    hoa.sees("This look is recorded");
    hoa.keeps_picture("person-english");
    chromium.complains_of_nothing();
}
