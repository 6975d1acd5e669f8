//! What we draw is read by code that is not ours, whatever happened to it on the way.

mod picture;
mod set;

use crc::{CRC_32_ISO_HDLC, Crc};
use image::{GrayImage, ImageFormat, Luma, LumaA, Rgb};
use proptest::prelude::*;
use qrcode::{EcLevel, QrCode};
use sokhoe_qr::draw::Level;
use sokhoe_qr::image::{ImageError, LONGEST_SIDE, read};
use sokhoe_qr::{Matrix, Scanned, scan};

use self::picture::Picture;
use self::set::{KINDS, TEXTS};
use crate::cards;

#[test]
fn every_picture_of_the_set_is_read() {
    let mut missed = Vec::new();
    for kind in KINDS {
        for (index, (text, level)) in TEXTS.into_iter().enumerate() {
            for (number, bytes) in (kind.make)(text, level).iter().enumerate() {
                let texts = read(bytes);
                if texts.as_deref() != Ok(&[text.to_owned()]) {
                    missed.push((kind.name, index, number, texts));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_photo_of_12_million_pixels() {
    let (text, level) = TEXTS[0];
    let corners = [
        (1500.0, 1200.0),
        (1830.0, 1225.0),
        (1800.0, 1560.0),
        (1480.0, 1530.0),
    ];
    let photo = Picture::of(text, level, 8).laid_into(&Picture::desk(4000, 3000, 5), corners);
    assert_eq!(read(&photo.jpeg(80)).unwrap(), [text]);
}

#[test]
fn our_largest_code_and_our_smallest() {
    let longest = "x".repeat(2_953);
    for text in ["", "1", &longest] {
        for scale in [2, 40] {
            let png = Matrix::encode(text, Level::Low).unwrap().to_png(scale);
            assert_eq!(read(&png).unwrap(), [text], "{scale}");
        }
    }
}

#[test]
fn a_citizen_card_keeps_its_letters() {
    let png = Matrix::encode(cards::SEVEN, Level::Medium)
        .unwrap()
        .to_png(3);
    let texts = read(&png).unwrap();
    assert_eq!(texts, [cards::SEVEN]);
    assert!(matches!(scan(&texts[0]), Scanned::CitizenCard(_)));
}

#[test]
fn several_codes_in_the_order_of_their_places() {
    let [a, b, c] = [0, 1, 3].map(|index| TEXTS[index]);
    let left = Picture::of(a.0, a.1, 6).rotated(10.0);
    let right = Picture::of(b.0, b.1, 7).inverted();
    let below = Picture::of(c.0, c.1, 4);
    let picture = left.beside(&right).above(&below);
    assert_eq!(read(&picture.png()).unwrap(), [a.0, b.0, c.0]);
    let twice = left.beside(&left);
    assert_eq!(read(&twice.jpeg(50)).unwrap(), [a.0]);
}

#[test]
fn every_format_and_colour() {
    let (text, level) = TEXTS[1];
    let code = Picture::of(text, level, 3);
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ] {
        let coloured = image::DynamicImage::from(code.0.clone()).into_rgb8();
        assert_eq!(
            read(&picture::written(&coloured, format)).unwrap(),
            [text],
            "{format:?}"
        );
    }
    let red_on_white = image::RgbImage::from_fn(code.0.width(), code.0.height(), |x, y| {
        let light = code.0.get_pixel(x, y).0[0];
        Rgb([light.max(180), light, light])
    });
    let on_nothing = image::GrayAlphaImage::from_fn(code.0.width(), code.0.height(), |x, y| {
        LumaA([0, 255 - code.0.get_pixel(x, y).0[0]])
    });
    let deep = image::DynamicImage::from(code.0).into_luma16();
    assert_eq!(
        read(&picture::written(&red_on_white, ImageFormat::Png)).unwrap(),
        [text]
    );
    assert_eq!(
        read(&picture::written(&on_nothing, ImageFormat::Png)).unwrap(),
        [text]
    );
    assert_eq!(
        read(&picture::written(&deep, ImageFormat::Png)).unwrap(),
        [text]
    );
}

#[test]
fn what_is_no_picture() {
    let png = Picture::of("x", Level::Low, 2).png();
    let bmp = *b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";
    for bytes in [
        &b""[..],
        b"0002010102",
        &png[..8],
        &png[..png.len() / 2],
        &bmp,
    ] {
        assert_eq!(read(bytes), Err(ImageError::NotAnImage));
    }
}

/// A PNG that says of itself that it is that large and ends there.
fn png_header(width: u32, height: u32, depth: u8, colours: u8) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([depth, colours, 0, 0, 0]);
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&chunk);
    let png = [
        b"\x89PNG\r\n\x1a\n\0\0\0\x0d",
        &chunk[..],
        &crc.to_be_bytes(),
    ]
    .concat();
    [&png[..], b"\0\0\0\0IDAT\x35\xaf\x06\x1e"].concat()
}

#[test]
fn what_is_too_large_is_refused_before_it_is_unpacked() {
    const GREY: u8 = 0;
    const COLOUR_WITH_ALPHA: u8 = 6;
    for (width, height, depth, colours) in [
        (LONGEST_SIDE + 1, 10, 1, GREY),
        (10, u32::MAX / 2, 1, GREY),
        (10_000, 10_000, 1, GREY),
        (7_000, 7_000, 16, COLOUR_WITH_ALPHA),
    ] {
        let header = png_header(width, height, depth, colours);
        assert_eq!(read(&header), Err(ImageError::TooLarge), "{width} {height}");
    }
    assert_eq!(
        read(&png_header(7_000, 7_000, 8, GREY)),
        Err(ImageError::NotAnImage),
        "not too large, but nothing follows"
    );
    let gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;";
    assert_eq!(read(gif), Err(ImageError::TooLarge));
}

#[test]
fn where_no_code_is() {
    let tiny = Picture(GrayImage::new(1, 1));
    let white = Picture(GrayImage::from_pixel(200, 300, Luma([255])));
    let noise = white.peppered(1.0, 1);
    for picture in [tiny, white, noise, Picture::desk(800, 600, 9)] {
        assert_eq!(read(&picture.png()), Err(ImageError::NoCode));
    }
}

#[test]
fn a_pattern_of_corners_is_given_up() {
    let corners = Picture(GrayImage::from_fn(400, 400, |x, y| {
        let (x, y) = (x % 10, y % 10);
        let ring = x.abs_diff(3).max(y.abs_diff(3));
        Luma([if ring == 3 || ring < 2 { 0 } else { 255 }])
    }));
    assert_eq!(read(&corners.png()), Err(ImageError::TooMany));
}

#[test]
fn a_code_with_a_torn_side_is_damaged() {
    let (text, level) = TEXTS[1];
    let mut torn = Picture::of(text, level, 4);
    let (width, height) = torn.0.dimensions();
    for y in height / 4..height / 4 * 3 {
        for x in width / 3..width - 16 {
            torn.0
                .put_pixel(x, y, Luma([if (x / 8) % 2 == 0 { 0 } else { 255 }]));
        }
    }
    assert_eq!(read(&torn.png()), Err(ImageError::Damaged));
}

#[test]
fn a_code_of_bytes_is_no_text() {
    let code = QrCode::with_error_correction_level(b"Nguy\xea\xff\x80 V\xc3", EcLevel::M).unwrap();
    let side = u32::try_from(code.width() * 4 + 32).unwrap();
    let dark = |place: u32| usize::try_from(place / 4).unwrap().checked_sub(4);
    let picture = Picture(GrayImage::from_fn(side, side, |x, y| {
        let is_dark = matches!(
            (dark(x), dark(y)),
            (Some(x), Some(y)) if x < code.width() && y < code.width() && code[(x, y)] == qrcode::Color::Dark
        );
        Luma([if is_dark { 0 } else { 255 }])
    }));
    assert_eq!(read(&picture.png()), Err(ImageError::NotText));
}

fn files() -> Vec<Vec<u8>> {
    let code = Picture::of("khám bệnh", Level::Low, 2);
    [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ]
    .map(|format| {
        picture::written(
            &image::DynamicImage::from(code.0.clone()).into_rgb8(),
            format,
        )
    })
    .into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        for start in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"RIFF\x40\0\0\0WEBPVP8 ", b"GIF89a"] {
            let _ = read(&[start, &bytes].concat());
        }
    }

    #[test]
    fn broken_files_have_an_answer(
        file in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = files().swap_remove(file);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = read(&bytes);
    }

    #[test]
    fn any_picture_has_an_answer(width in 1..80_u32, height in 1..80_u32, seed: u64, share in 0.0..1.0) {
        let noise = Picture(GrayImage::from_pixel(width, height, Luma([255]))).peppered(share, seed);
        let _ = read(&noise.png());
        let code = Picture::of("1", Level::Low, 2).peppered(share / 2.0, seed).skewed(share / 2.0);
        let _ = read(&code.png());
    }
}
