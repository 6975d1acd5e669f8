//! The pictures that reading is measured on.

use sokhoe_qr::draw::Level;

use super::picture::Picture;

const VIETQR_SHORT: &str =
    "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443";
const VIETQR_LONG: &str = "00020101021238570010A00000072701270006970436011300110012345670208QRIBFTTA530370454061500005802VN5912PHONG KHAM A6005HANOI62360107PK8F3K20821PK8F3K2 KHAM BENH TQ6304A1B2";
const CITIZEN: &str = "001087123456|012345678|Nguyễn Văn Mẫu|15031987|Nam|Số 1, Phố Mẫu, Phường Ba Đình, Hà Nội|10052021";
const DIGITS: &str = "0079304000123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678";

/// What is drawn: a text and how much of its code may be lost.
pub const TEXTS: [(&str, Level); 4] = [
    (VIETQR_SHORT, Level::Medium),
    (VIETQR_LONG, Level::Medium),
    (CITIZEN, Level::Medium),
    (DIGITS, Level::Quartile),
];

/// A kind of harm, and the pictures that it makes of every text.
pub struct Kind {
    pub name: &'static str,
    pub make: fn(&str, Level) -> Vec<Vec<u8>>,
}

const ANGLES: [f64; 10] = [
    7.0, 15.0, 30.0, 45.0, 61.0, 90.0, 133.0, 180.0, 225.0, 270.0,
];

macro_rules! kinds {
    ($($name:literal: $make:expr,)*) => { &[$(Kind { name: $name, make: $make }),*] };
}

/// Every kind.
pub const KINDS: &[Kind] = kinds! {
    "plain, 3 to 20 pixels a module": |text, level| {
        [3, 4, 8, 12, 20].map(|scale| Picture::of(text, level, scale).png()).into()
    },
    "2 pixels a module": |text, level| {
        let small = Picture::of(text, level, 2);
        vec![small.png(), small.rotated(90.0).png(), small.jpeg(80)]
    },
    "rotated, 5 pixels a module": |text, level| {
        ANGLES.map(|angle| Picture::of(text, level, 5).rotated(angle).png()).into()
    },
    "rotated, 3 pixels a module": |text, level| {
        ANGLES.map(|angle| Picture::of(text, level, 3).rotated(angle).png()).into()
    },
    "dimmed to 40..90": |text, level| {
        [3, 8].map(|scale| Picture::of(text, level, scale).dimmed(40, 90).png()).into()
    },
    "dimmed to 110..130": |text, level| {
        [3, 8].map(|scale| Picture::of(text, level, scale).dimmed(110, 130).png()).into()
    },
    "perspective": |text, level| {
        [0.1, 0.2, 0.3].map(|share| Picture::of(text, level, 8).skewed(share).png()).into()
    },
    "JPEG quality 30 and 10": |text, level| {
        let code = Picture::of(text, level, 4);
        vec![code.jpeg(30), code.rotated(20.0).jpeg(30), code.jpeg(10)]
    },
    "blurred by half a module": |text, level| {
        [4, 8].map(|scale| {
            Picture::of(text, level, scale).blurred(f64::from(scale) / 2.0).png()
        }).into()
    },
    "on a desk in uneven light": |text, level| {
        let code = Picture::of(text, level, 8);
        [1_u32, 2, 3].map(|n| {
            let moved = f64::from(n) * 40.0;
            let corners = [(300.0, 200.0), (690.0, 230.0), (650.0, 610.0), (270.0, 570.0)];
            code.laid_into(&Picture::desk(1200, 900, n.into()), corners.map(|(x, y)| (x + moved, y + moved / 2.0)))
                .unevenly_lit(0.3)
                .blurred(0.8)
                .grainy(0.02, n.into())
                .jpeg(70)
        }).into()
    },
    "15 % salt and pepper": |text, level| {
        [3_u8, 4, 5, 8].map(|scale| {
            Picture::of(text, level, scale).peppered(0.15, scale.into()).png()
        }).into()
    },
    "15 % Gaussian noise": |text, level| {
        [3_u8, 4, 5, 8].map(|scale| {
            Picture::of(text, level, scale).grainy(0.15, scale.into()).png()
        }).into()
    },
    "rotated, dimmed, 15 % salt and pepper": |text, level| {
        ANGLES.map(|angle| {
            Picture::of(text, level, 6).rotated(angle).dimmed(40, 90).peppered(0.15, 5).png()
        }).into()
    },
    "rotated, dimmed, 15 % Gaussian noise of the range": |text, level| {
        ANGLES.map(|angle| {
            Picture::of(text, level, 6).rotated(angle).grainy(0.15, 6).dimmed(40, 90).png()
        }).into()
    },
    "15 % of the pixels flipped": |text, level| {
        [6_u8, 10].map(|scale| {
            // Black or white at random is a flip every other time.
            Picture::of(text, level, scale).rotated(12.0).peppered(0.3, scale.into()).png()
        }).into()
    },
    "rotated, 3 pixels a module, 15 % of either noise": |text, level| {
        ANGLES.iter().flat_map(|&angle| {
            let code = Picture::of(text, level, 3).rotated(angle);
            [code.peppered(0.15, 8).png(), code.grainy(0.15, 9).png()]
        }).collect()
    },
    "perspective, 15 % of either noise": |text, level| {
        let code = Picture::of(text, level, 6).skewed(0.2);
        vec![code.peppered(0.15, 8).png(), code.grainy(0.15, 9).png()]
    },
    "inverted": |text, level| {
        let code = Picture::of(text, level, 4);
        vec![code.inverted().png(), code.rotated(33.0).inverted().png()]
    },
};
