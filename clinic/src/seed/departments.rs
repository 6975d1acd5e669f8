//! Departments, their rooms and what they offer. Prices are invented, of the size that provincial hospitals
//! ask.

use sokhoe_domain::VisitMode;

/// A department.
pub(super) struct Department {
    pub code: &'static str,
    pub name: &'static str,
    pub place: &'static str,
    pub services: &'static [Service],
}

/// What one can book.
pub(super) struct Service {
    pub id: &'static str,
    pub name: &'static str,
    pub minutes: u32,
    /// đồng
    pub price: i64,
    /// The price of the insurance's own list; 0 when it pays nothing.
    pub insured_price: i64,
    pub note: &'static str,
    pub mode: VisitMode,
    /// Coming bookings of it that one person may have, where that is not as with the others.
    pub bookings_ahead: Option<u32>,
    /// Minutes before it begins in which the person can change nothing by themselves, where there is such a rule.
    pub change_notice: Option<u32>,
}

const fn visit(id: &'static str, name: &'static str) -> Service {
    Service {
        id,
        name,
        minutes: 15,
        price: 150_000,
        insured_price: 45_000,
        note: "Mang theo căn cước, thẻ bảo hiểm y tế và các giấy tờ khám lần trước.",
        mode: VisitMode::InPerson,
        bookings_ahead: None,
        change_notice: None,
    }
}

/// Every service with its department.
pub(super) fn services() -> impl Iterator<Item = (&'static Department, &'static Service)> {
    DEPARTMENTS.iter().flat_map(|department| {
        department
            .services
            .iter()
            .map(move |service| (department, service))
    })
}

pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        code: "tim-mach",
        name: "Khoa Tim mạch",
        place: "Tầng 2, nhà A",
        services: &[
            visit("kham-tim-mach", "Khám tim mạch theo yêu cầu"),
            Service {
                id: "sieu-am-tim",
                name: "Siêu âm Doppler tim",
                minutes: 30,
                price: 250_000,
                insured_price: 222_000,
                note: "",
                mode: VisitMode::InPerson,
                bookings_ahead: None,
                change_notice: Some(4 * 60),
            },
        ],
    },
    Department {
        code: "noi-tiet",
        name: "Khoa Nội tiết",
        place: "Tầng 2, nhà A",
        services: &[
            visit("kham-noi-tiet", "Khám nội tiết, đái tháo đường"),
            Service {
                id: "tu-van-tu-xa",
                name: "Tư vấn từ xa qua video",
                minutes: 20,
                price: 100_000,
                insured_price: 0,
                note: "Để sẵn đơn thuốc đang dùng và kết quả xét nghiệm gần nhất.",
                mode: VisitMode::Remote,
                bookings_ahead: None,
                change_notice: None,
            },
        ],
    },
    Department {
        code: "mat",
        name: "Khoa Mắt",
        place: "Tầng 1, nhà B",
        services: &[visit("kham-mat", "Khám mắt theo yêu cầu")],
    },
    Department {
        code: "tai-mui-hong",
        name: "Khoa Tai Mũi Họng",
        place: "Tầng 1, nhà B",
        services: &[
            visit("kham-tai-mui-hong", "Khám tai mũi họng theo yêu cầu"),
            Service {
                id: "noi-soi-tai-mui-hong",
                name: "Nội soi tai mũi họng",
                minutes: 20,
                price: 180_000,
                insured_price: 108_000,
                note: "Không ăn no trong hai giờ trước khi nội soi.",
                mode: VisitMode::InPerson,
                bookings_ahead: None,
                change_notice: None,
            },
        ],
    },
    Department {
        code: "nhi",
        name: "Khoa Nhi",
        place: "Tầng 1, nhà C",
        services: &[visit("kham-nhi", "Khám nhi theo yêu cầu")],
    },
    Department {
        code: "san",
        name: "Khoa Phụ sản",
        place: "Tầng 2, nhà C",
        services: &[
            Service {
                id: "kham-thai",
                name: "Khám thai",
                minutes: 20,
                price: 150_000,
                insured_price: 45_000,
                note: "Mang theo sổ khám thai.",
                mode: VisitMode::InPerson,
                bookings_ahead: Some(10),
                change_notice: None,
            },
            Service {
                id: "sieu-am-thai",
                name: "Siêu âm thai",
                minutes: 20,
                price: 200_000,
                insured_price: 49_000,
                note: "",
                mode: VisitMode::InPerson,
                bookings_ahead: None,
                change_notice: None,
            },
        ],
    },
    Department {
        code: "ngoai",
        name: "Khoa Ngoại tổng hợp",
        place: "Tầng 3, nhà A",
        services: &[visit("kham-ngoai", "Khám ngoại theo yêu cầu")],
    },
    Department {
        code: "da-lieu",
        name: "Khoa Da liễu",
        place: "Tầng 1, nhà A",
        services: &[visit("kham-da-lieu", "Khám da liễu theo yêu cầu")],
    },
    Department {
        code: "xet-nghiem",
        name: "Khoa Xét nghiệm",
        place: "Tầng 1, nhà D",
        services: &[Service {
            id: "lay-mau",
            name: "Lấy máu xét nghiệm",
            minutes: 5,
            price: 120_000,
            insured_price: 95_000,
            note: "Nhịn ăn sáng nếu bác sĩ có dặn.",
            mode: VisitMode::InPerson,
            bookings_ahead: None,
            change_notice: None,
        }],
    },
    Department {
        code: "chan-doan-hinh-anh",
        name: "Khoa Chẩn đoán hình ảnh",
        place: "Tầng 2, nhà D",
        services: &[Service {
            id: "sieu-am-bung",
            name: "Siêu âm ổ bụng",
            minutes: 15,
            price: 100_000,
            insured_price: 49_000,
            note: "Nhịn ăn sáu giờ trước khi siêu âm.",
            mode: VisitMode::InPerson,
            bookings_ahead: None,
            change_notice: None,
        }],
    },
    Department {
        code: "than-nhan-tao",
        name: "Khoa Thận nhân tạo",
        place: "Tầng 1, nhà E",
        services: &[Service {
            id: "chay-than",
            name: "Chạy thận nhân tạo",
            minutes: 240,
            price: 590_000,
            insured_price: 558_000,
            note: "Mang theo sổ theo dõi chạy thận.",
            mode: VisitMode::InPerson,
            bookings_ahead: Some(40),
            change_notice: Some(24 * 60),
        }],
    },
];
