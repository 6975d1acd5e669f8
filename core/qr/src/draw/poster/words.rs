/// The language of a sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vietnamese,
    /// English.
    English,
}

impl Language {
    pub(super) fn heading(self) -> &'static str {
        self.pick("Quét mã để thanh toán", "Scan to pay")
    }

    pub(super) fn bank(self) -> &'static str {
        self.pick("Ngân hàng", "Bank")
    }

    pub(super) fn payee(self) -> &'static str {
        self.pick("Người nhận", "Payee")
    }

    pub(super) fn account(self) -> &'static str {
        self.pick("Số tài khoản", "Account")
    }

    pub(super) fn card(self) -> &'static str {
        self.pick("Số thẻ", "Card")
    }

    pub(super) fn amount(self) -> &'static str {
        self.pick("Số tiền", "Amount")
    }

    pub(super) fn purpose(self) -> &'static str {
        self.pick("Nội dung", "Message")
    }

    pub(super) fn advice(self) -> &'static str {
        self.pick(
            "Kiểm tra tên người nhận trước khi chuyển",
            "Check the payee's name before you transfer",
        )
    }

    /// The tag of BCP 47.
    pub(super) fn tag(self) -> &'static str {
        self.pick("vi", "en")
    }

    fn pick(self, vietnamese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Vietnamese => vietnamese,
            Self::English => english,
        }
    }
}
