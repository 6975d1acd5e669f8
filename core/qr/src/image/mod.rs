//! QR codes in pictures: a photo of a bill, a screenshot.
//!
//! Behind the feature `image`: a phone reads through its camera, the command line and the clinic
//! read files. Pure as the rest: bytes in, texts out. What is drawn by [`Matrix`](crate::Matrix)
//! is read here by code of other people (`rxing`, a port of ZXing-C++).
//!
//! A picture is looked at as it is, then smaller, cleaned of noise, larger and sharper, until a
//! code can be read. Against bombs there are limits: [`LONGEST_SIDE`], [`MOST_PIXELS`] and
//! [`LARGEST_MEMORY`]; and codes are looked for in at most 4 million pixels.
//!
//! ```
//! use sokhoe_qr::{Matrix, draw::Level, image};
//!
//! let picture = Matrix::encode("khám bệnh", Level::Medium)?.to_png(4);
//! assert_eq!(image::read(&picture)?, ["khám bệnh"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod find;
mod grey;
mod open;

use thiserror::Error;

use find::{Content, Seen, find};
use grey::Grey;

/// The longest side of a picture, in pixels.
pub const LONGEST_SIDE: u32 = 16_384;

/// The most pixels of a picture: above what telephones take (50 million) and what
/// [`Matrix::to_png`](crate::Matrix::to_png) draws (55 million).
pub const MOST_PIXELS: u64 = 64_000_000;

/// The most bytes that the decoded pixels may take.
pub const LARGEST_MEMORY: u64 = 256 << 20;

/// A larger picture is shrunk first; a page of A4 still has some 200 pixels an inch.
const MOST_PIXELS_LOOKED_AT: usize = 4_000_000;

/// A larger one is not cleaned: shrinking takes noise out as well.
const MOST_PIXELS_CLEANED: usize = 1_500_000;

/// The smallest code has 21 modules.
const SHORTEST_SIDE: usize = 21;

/// Codes whose middles lie in one of so many bands of the picture stand in one line.
const BANDS: f32 = 8.0;

/// Why no text came out of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Not a PNG, JPEG, WebP or GIF, or a broken one.
    #[error("not a picture that can be read: PNG, JPEG, WebP or GIF")]
    NotAnImage,
    /// Above one of the limits.
    #[error("the picture is too large")]
    TooLarge,
    /// More than a hundred codes, or a pattern that looks like as many.
    #[error("too many QR codes in the picture")]
    TooMany,
    /// No QR code is in the picture.
    #[error("no QR code found in the picture")]
    NoCode,
    /// What looks like a QR code cannot be read.
    #[error("a QR code is in the picture but cannot be read: take it sharper and nearer")]
    Damaged,
    /// The code was read, but its bytes are not UTF-8.
    #[error("the QR code in the picture holds no text")]
    NotText,
}

/// The texts of all QR codes in a PNG, JPEG, WebP or GIF (its first frame).
///
/// Each text once, in the order of their places: lines of codes from top to bottom, each from left
/// to right. When one code can be read, others that cannot are left out. Texts are as they stand in
/// the code, which must hold UTF-8; [`scan`](crate::scan()) says what they are.
pub fn read(bytes: &[u8]) -> Result<Vec<String>, ImageError> {
    let picture = open::open(bytes)?;
    let height = picture.height;
    let sizes = sizes(picture);
    let mut found = Found::default();
    look(&sizes, Grey::clone, &mut found)?;
    let small = sizes
        .iter()
        .position(|(_, size)| size.area() <= MOST_PIXELS_CLEANED);
    let small = small.and_then(|at| sizes.get(at..)).unwrap_or_default();
    for prepare in CLEANINGS {
        if !found.texts.is_empty() {
            break;
        }
        look(small, prepare, &mut found)?;
    }
    found.into_texts(height)
}

/// What helps when a picture as it is does not: found by trying all chains of up to four steps on
/// the pictures of `tests/it/image/set.rs`, the one that helps most often first.
const CLEANINGS: [fn(&Grey) -> Grey; 5] = [
    Grey::median,
    |size| size.median().doubled(),
    |size| size.softened().doubled(),
    |size| size.sharpened().doubled(),
    |size| size.doubled().median().median().softened(),
];

/// The picture with how many times smaller it is: the first one just small enough to look at,
/// each next one half as large.
fn sizes(picture: Grey) -> Vec<(usize, Grey)> {
    let mut factor = 1;
    while picture.area() / (factor * factor) > MOST_PIXELS_LOOKED_AT {
        factor += 1;
    }
    std::iter::successors(Some(factor), |factor| Some(factor * 2))
        .take_while(|factor| picture.shorter_side() / factor >= SHORTEST_SIDE)
        .map(|factor| (factor, picture.shrunk(factor)))
        .collect()
}

fn look(
    sizes: &[(usize, Grey)],
    prepare: fn(&Grey) -> Grey,
    found: &mut Found,
) -> Result<(), ImageError> {
    for (factor, size) in sizes {
        let view = prepare(size).stretched();
        let scale = (size.width * factor) as f32 / view.width as f32;
        for seen in find(&view)? {
            found.add(seen, scale);
        }
    }
    Ok(())
}

/// What was found so far; texts with the places of their codes in the whole picture.
#[derive(Default)]
struct Found {
    texts: Vec<(f32, f32, String)>,
    not_text: bool,
    damaged: bool,
}

impl Found {
    fn add(&mut self, seen: Seen, scale: f32) {
        match seen.content {
            Content::Text(text) => {
                if self.texts.iter().all(|(_, _, known)| *known != text) {
                    let (x, y) = seen.middle;
                    self.texts.push((x * scale, y * scale, text));
                }
            }
            Content::NotText => self.not_text = true,
            Content::Damaged => self.damaged = true,
        }
    }

    fn into_texts(mut self, height: usize) -> Result<Vec<String>, ImageError> {
        if self.texts.is_empty() {
            return Err(match (self.not_text, self.damaged) {
                (true, _) => ImageError::NotText,
                (false, true) => ImageError::Damaged,
                (false, false) => ImageError::NoCode,
            });
        }
        let band = |y: f32| (y * BANDS / height as f32).floor();
        self.texts.sort_by(|(left, upper, _), (right, lower, _)| {
            let lines = band(*upper).total_cmp(&band(*lower));
            lines.then(left.total_cmp(right))
        });
        Ok(self.texts.into_iter().map(|(_, _, text)| text).collect())
    }
}
