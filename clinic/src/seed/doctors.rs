//! Doctors and technicians, and when they see people. All are invented.

/// Somebody with a schedule.
pub(super) struct Doctor {
    pub id: &'static str,
    /// With the title, as on the door.
    pub name: &'static str,
    /// Code of the department.
    pub department: &'static str,
    pub room: &'static str,
    /// Ids of services.
    pub services: &'static [&'static str],
    /// Weekdays (Monday is 1) of mornings and of afternoons.
    pub mornings: &'static [u32],
    pub afternoons: &'static [u32],
    /// People at the same time.
    pub seats: u32,
    /// What they speak, as codes of BCP 47; none when the hospital does not tell.
    pub languages: &'static [&'static str],
}

/// Minutes of the day.
pub(super) const MORNING: (i64, i64) = (7 * 60, 11 * 60 + 30);
pub(super) const AFTERNOON: (i64, i64) = (13 * 60 + 30, 16 * 60 + 30);

const WEEK: &[u32] = &[1, 2, 3, 4, 5];
const SIX: &[u32] = &[1, 2, 3, 4, 5, 6];
const ODD: &[u32] = &[1, 3, 5];
const EVEN: &[u32] = &[2, 4];

const fn doctor(
    id: &'static str,
    name: &'static str,
    department: &'static str,
    room: &'static str,
    services: &'static [&'static str],
    mornings: &'static [u32],
    afternoons: &'static [u32],
) -> Doctor {
    Doctor {
        id,
        name,
        department,
        room,
        services,
        mornings,
        afternoons,
        seats: 1,
        languages: &["vi"],
    }
}

/// Speaks Vietnamese and another language.
const fn also(doctor: Doctor, languages: &'static [&'static str]) -> Doctor {
    Doctor {
        languages,
        ..doctor
    }
}

const AND_ENGLISH: &[&str] = &["vi", "en"];
/// Black Thai, spoken by many in the north-west.
const AND_THAI: &[&str] = &["vi", "blt"];
const AND_HMONG: &[&str] = &["vi", "hmn"];

pub(super) const DOCTORS: &[Doctor] = &[
    also(
        doctor(
            "bs-cam-van-toan",
            "BSCKII. Cầm Văn Toản",
            "tim-mach",
            "P.201",
            &["kham-tim-mach"],
            WEEK,
            ODD,
        ),
        AND_THAI,
    ),
    also(
        doctor(
            "bs-nguyen-thu-ha",
            "ThS.BS. Nguyễn Thu Hà",
            "tim-mach",
            "P.202",
            &["kham-tim-mach", "sieu-am-tim"],
            SIX,
            WEEK,
        ),
        AND_ENGLISH,
    ),
    doctor(
        "bs-do-quang-vinh",
        "BS. Đỗ Quang Vinh",
        "tim-mach",
        "P.203",
        &["sieu-am-tim"],
        EVEN,
        EVEN,
    ),
    doctor(
        "bs-le-thi-minh-chau",
        "BSCKI. Lê Thị Minh Châu",
        "noi-tiet",
        "P.205",
        &["kham-noi-tiet"],
        WEEK,
        WEEK,
    ),
    also(
        doctor(
            "bs-tong-van-hai",
            "BS. Tòng Văn Hải",
            "noi-tiet",
            "P.206",
            &["kham-noi-tiet"],
            SIX,
            EVEN,
        ),
        AND_THAI,
    ),
    doctor(
        "bs-pham-duc-long",
        "BSCKI. Phạm Đức Long",
        "mat",
        "P.111",
        &["kham-mat"],
        SIX,
        WEEK,
    ),
    doctor(
        "bs-hoang-thi-yen",
        "BS. Hoàng Thị Yến",
        "mat",
        "P.112",
        &["kham-mat"],
        ODD,
        ODD,
    ),
    doctor(
        "bs-bui-trong-nghia",
        "BSCKI. Bùi Trọng Nghĩa",
        "tai-mui-hong",
        "P.115",
        &["kham-tai-mui-hong", "noi-soi-tai-mui-hong"],
        WEEK,
        WEEK,
    ),
    doctor(
        "bs-vu-thi-lan",
        "BS. Vũ Thị Lan",
        "tai-mui-hong",
        "P.116",
        &["kham-tai-mui-hong"],
        EVEN,
        ODD,
    ),
    also(
        doctor(
            "bs-lo-thi-phuong",
            "BSCKI. Lò Thị Phương",
            "nhi",
            "P.101",
            &["kham-nhi"],
            SIX,
            WEEK,
        ),
        AND_THAI,
    ),
    doctor(
        "bs-dang-huu-phuoc",
        "BS. Đặng Hữu Phước",
        "nhi",
        "P.102",
        &["kham-nhi"],
        WEEK,
        EVEN,
    ),
    doctor(
        "bs-trinh-thi-ngan",
        "BSCKII. Trịnh Thị Ngân",
        "san",
        "P.211",
        &["kham-thai", "sieu-am-thai"],
        WEEK,
        ODD,
    ),
    also(
        doctor(
            "bs-luong-thi-xuan",
            "BS. Lường Thị Xuân",
            "san",
            "P.212",
            &["kham-thai"],
            SIX,
            WEEK,
        ),
        AND_THAI,
    ),
    doctor(
        "bs-ha-manh-cuong",
        "ThS.BS. Hà Mạnh Cường",
        "ngoai",
        "P.301",
        &["kham-ngoai"],
        ODD,
        WEEK,
    ),
    also(
        doctor(
            "bs-giang-a-su",
            "BSCKI. Giàng A Sử",
            "ngoai",
            "P.302",
            &["kham-ngoai"],
            WEEK,
            EVEN,
        ),
        AND_HMONG,
    ),
    doctor(
        "bs-duong-bao-ngoc",
        "BS. Dương Bảo Ngọc",
        "da-lieu",
        "P.105",
        &["kham-da-lieu"],
        SIX,
        WEEK,
    ),
    Doctor {
        seats: 4,
        languages: &[],
        ..doctor(
            "ktv-lay-mau",
            "KTV. Phòng lấy máu",
            "xet-nghiem",
            "P.D01",
            &["lay-mau"],
            SIX,
            WEEK,
        )
    },
    doctor(
        "bs-ngo-tuan-kiet",
        "BSCKI. Ngô Tuấn Kiệt",
        "chan-doan-hinh-anh",
        "P.D21",
        &["sieu-am-bung"],
        SIX,
        WEEK,
    ),
    // Four hours each, beginning at seven.
    Doctor {
        seats: 8,
        ..doctor(
            "dd-lo-thi-ngan",
            "ĐD. Lò Thị Ngân",
            "than-nhan-tao",
            "P.E01",
            &["chay-than"],
            SIX,
            &[],
        )
    },
    // By video, when the rooms are quiet.
    also(
        doctor(
            "bs-sung-thi-may",
            "BSCKI. Sùng Thị Mây",
            "noi-tiet",
            "P.207",
            &["tu-van-tu-xa"],
            &[],
            &[6],
        ),
        AND_HMONG,
    ),
];
