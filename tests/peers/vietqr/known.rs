//! What is known to differ, and why (README.md, "Known differences").

use sokhoe_qr::VietQr;

use super::case::Case;
use super::ledger::{Finding, Known};

pub static NODE_READS_OURS: &[Known] = &[Known {
    is: "it counts a character beyond U+FFFF, as tag 64 may have it, as two, and refuses or cuts",
    explains: |finding| finding.text.contains('🏥'),
}];

pub static PYTHON_READS_OURS: &[Known] = &[Known {
    is: "it refuses letters outside ASCII, which tag 64 is for",
    explains: |finding| finding.ours == true && is_unicode_error(finding),
}];

pub static NODE_WRITES: &[Known] = &[
    Known {
        is: "it writes a tag 62 of 100 characters and more, with the last two digits of its length; we refuse to write \
             or to read that",
        explains: |finding| {
            ["code", "accepts"].contains(&finding.what) && asked(finding, |case| !case.fits())
        },
    },
    Known {
        is: "it counts a character beyond U+FFFF as two, the standard and we as one: its code is another, which we read too",
        explains: |finding| asked(finding, Case::has_emoji),
    },
    ALWAYS_WRITES_INITIATION,
    Known {
        is: "it writes letters outside ASCII; we fold names, refuse other texts but tag 64, and read all of them",
        explains: |finding| finding.what == "code" && asked(finding, |case| !case.is_ascii()),
    },
    WE_NEED_MORE,
];

pub static PYTHON_WRITES: &[Known] = &[
    Known {
        is: "it refuses letters outside ASCII; we fold names and refuse other texts but tag 64",
        explains: |finding| finding.what == "code" && is_unicode_error(finding),
    },
    ALWAYS_WRITES_INITIATION,
    Known {
        is: "it always writes a service, QRIBFTTA where none is given",
        explains: |finding| {
            finding.what == "service"
                && finding.ours == "QRIBFTTA"
                && asked(finding, |case| case.lacks("service"))
        },
    },
    WE_NEED_MORE,
];

pub static NODE_READS_DAMAGED: &[Known] = &[
    MIXED_CASE_CHECKSUM,
    Known {
        is: "it takes the last four characters for a checksum without looking for tag 63",
        explains: |finding| takes(finding, &["no_crc"]),
    },
    NO_FORMAT,
    CHECKSUM_TWICE,
    TAG_TWICE,
    EMPTY_TEMPLATE,
    NO_PAYEE,
    NO_MEANING,
    Known {
        is: "it takes tags that are no digits, wrong lengths in templates, and up to four characters left over",
        explains: |finding| takes(finding, &["bad_tag", "bad_length", "overrun"]),
    },
    Known {
        is: "it counts a character beyond U+FFFF as two, and refuses or cuts what we take",
        explains: |finding| finding.text.contains('🏥'),
    },
    Known {
        is: "it reads tag 26 as a template in place of tag 38, and calls itself until the stack is full when it is none",
        explains: |finding| {
            let calls_itself =
                finding.ours == true && finding.theirs == "Maximum call stack size exceeded";
            calls_itself
                || (["guid", "service"].contains(&finding.what) && has_tag_26(finding.text))
        },
    },
    AMOUNT_IS_TEXT,
];

pub static PYTHON_READS_DAMAGED: &[Known] = &[
    MIXED_CASE_CHECKSUM,
    NO_FORMAT,
    CHECKSUM_TWICE,
    TAG_TWICE,
    EMPTY_TEMPLATE,
    NO_PAYEE,
    NO_MEANING,
    Known {
        is: "it takes templates with wrong lengths or tags inside, and tells nothing of what they hold",
        explains: |finding| takes(finding, &["bad_tag", "bad_length", "overrun"]),
    },
    Known {
        is: "it refuses characters outside ASCII; we take them with a warning",
        explains: |finding| finding.ours == true && is_unicode_error(finding),
    },
    AMOUNT_IS_TEXT,
];

const ALWAYS_WRITES_INITIATION: Known = Known {
    is: "it always writes tag 01, though it is optional in QRPUSH",
    explains: |finding| finding.what == "init" && asked(finding, |case| case.lacks("init")),
};

const WE_NEED_MORE: Known = Known {
    is: "it writes QRPUSH (or no service) without 52, 59, 60 and QRCASH without 52 = 6011, 62.05, 62.07; we refuse to",
    explains: |finding| {
        let refusal = finding.ours.as_str().unwrap_or_default();
        finding.what == "code" && refusal.starts_with("this service needs")
    },
};

const MIXED_CASE_CHECKSUM: Known = Known {
    is: "it takes a checksum in mixed case; we take it in upper case or in lower case",
    explains: |finding| takes(finding, &["wrong_crc"]) && has_mixed_case_checksum(finding.text),
};

const NO_FORMAT: Known = Known {
    is: "it takes any format in tag 00, and codes that do not begin with it",
    explains: |finding| takes(finding, &["not_emv", "unknown_format"]),
};

const CHECKSUM_TWICE: Known = Known {
    is: "it takes a tag 63 before the end",
    explains: |finding| takes(finding, &["crc_not_last"]),
};

const TAG_TWICE: Known = Known {
    is: "it takes a tag that stands twice, and tells the last; we refuse, since another app may tell the first",
    explains: |finding| takes(finding, &["duplicate_tag"]),
};

const EMPTY_TEMPLATE: Known = Known {
    is: "it takes an empty tag 62, and tags 02 to 25 behind tag 62; we refuse, since its fields would be lost",
    explains: |finding| takes(finding, &["empty_template", "out_of_order"]),
};

const NO_PAYEE: Known = Known {
    is: "it takes codes without tag 38, without NAPAS' GUID, without a bank of six digits, without an account",
    explains: |finding| {
        takes(
            finding,
            &[
                "not_napas",
                "no_beneficiary",
                "bad_bin",
                "no_account",
                "bad_account",
                "service_inside_beneficiary",
            ],
        )
    },
};

const NO_MEANING: Known = Known {
    is: "it takes any initiation, currency, amount and fee, or none",
    explains: |finding| {
        takes(
            finding,
            &[
                "bad_initiation",
                "no_currency",
                "not_vnd",
                "bad_amount",
                "zero_amount",
                "amount_too_large",
                "bad_fee_indicator",
            ],
        )
    },
};

const AMOUNT_IS_TEXT: Known = Known {
    is: "it tells the amount as it stands, with leading zeros or a point at the end",
    explains: |finding| {
        let theirs = finding.theirs.as_str().unwrap_or_default();
        let plain = theirs.trim_start_matches('0').trim_end_matches('.');
        finding.what == "amount" && finding.ours == plain
    },
};

fn asked(finding: &Finding<'_>, is: impl Fn(&Case) -> bool) -> bool {
    finding.asked.is_some_and(is)
}

/// Whether the peer takes a code that we refuse with one of these errors.
fn takes(finding: &Finding<'_>, our_errors: &[&str]) -> bool {
    finding.what == "accepts"
        && finding.theirs == true
        && our_errors.iter().any(|error| finding.ours == *error)
}

fn is_unicode_error(finding: &Finding<'_>) -> bool {
    let theirs = finding.theirs.as_str().unwrap_or_default();
    theirs.starts_with("UnicodeEncodeError")
}

fn has_tag_26(text: &str) -> bool {
    VietQr::read(text).is_ok_and(|reading| reading.code.payload().get(26).is_some())
}

fn has_mixed_case_checksum(text: &str) -> bool {
    let checksum = text.as_bytes().last_chunk::<4>().unwrap();
    checksum.iter().any(u8::is_ascii_lowercase) && checksum.iter().any(u8::is_ascii_uppercase)
}
