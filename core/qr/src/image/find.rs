//! Looks for codes in one grey picture, by `rxing`'s port of ZXing-C++.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::{BitMatrix, DetectorRXingResult, GlobalHistogramBinarizer, HybridBinarizer};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR};
use rxing::{Binarizer, Luma8LuminanceSource, Point};

use super::ImageError;
use super::grey::Grey;

/// What looks like a code.
pub(super) struct Seen {
    /// Its middle, in pixels.
    pub(super) middle: (f32, f32),
    pub(super) content: Content,
}

/// What a code says.
pub(super) enum Content {
    Text(String),
    /// Whole, but its bytes are not UTF-8.
    NotText,
    /// More is lost than can be restored.
    Damaged,
}

/// More corners than that are a pattern, not a picture of codes; sorting them out would take long.
const MOST_CORNERS: usize = 300;

/// Every code of a picture, dark on light or light on dark.
pub(super) fn find(picture: &Grey) -> Result<Vec<Seen>, ImageError> {
    // The port says of itself that it can panic where the C++ would read out of bounds. Nothing
    // of it outlives the call, so that a panic costs this one look.
    catch_unwind(AssertUnwindSafe(|| both_ways(picture))).unwrap_or_else(|_| Ok(Vec::new()))
}

fn both_ways(picture: &Grey) -> Result<Vec<Seen>, ImageError> {
    let mut seen = Vec::new();
    for mut modules in [local_threshold(picture), one_threshold(picture)]
        .into_iter()
        .flatten()
    {
        seen.extend(codes(&modules)?);
        modules.flip_self();
        seen.extend(codes(&modules)?);
    }
    Ok(seen)
}

/// Dark is what is darker than its neighbourhood: for uneven light.
fn local_threshold(picture: &Grey) -> Option<BitMatrix> {
    HybridBinarizer::new(source(picture)?)
        .get_black_matrix()
        .ok()
        .cloned()
}

/// Dark is what is darker than the valley in the picture's histogram: for flat light and grain.
fn one_threshold(picture: &Grey) -> Option<BitMatrix> {
    GlobalHistogramBinarizer::new(source(picture)?)
        .get_black_matrix()
        .ok()
        .cloned()
}

fn source(picture: &Grey) -> Option<Luma8LuminanceSource> {
    let width = u32::try_from(picture.width).ok()?;
    let height = u32::try_from(picture.height).ok()?;
    Luma8LuminanceSource::new(picture.pixels.clone(), width, height).ok()
}

fn codes(picture: &BitMatrix) -> Result<Vec<Seen>, ImageError> {
    let mut corners = FindFinderPatterns(picture, true, 0);
    if corners.len() > MOST_CORNERS {
        return Err(ImageError::TooMany);
    }
    let mut used: Vec<Point> = Vec::new();
    let mut seen = Vec::new();
    for set in GenerateFinderPatternSets(&mut corners) {
        let places = [set.tl.p, set.tr.p, set.bl.p];
        if places.iter().any(|place| used.contains(place)) {
            continue;
        }
        let Ok(sampled) = SampleQR(picture, &set) else {
            continue;
        };
        let modules = sampled.getBits();
        let content = match Decode(modules) {
            Ok(decoded) if decoded.isValid() => {
                used.extend(places);
                String::from_utf8(decoded.content().bytes().to_vec())
                    .map_or(Content::NotText, Content::Text)
            }
            Ok(_) | Err(_) if has_timing(modules) => Content::Damaged,
            Ok(_) | Err(_) => continue,
        };
        let [_, right, left] = places;
        seen.push(Seen {
            middle: ((right.x + left.x) / 2.0, (right.y + left.y) / 2.0),
            content,
        });
    }
    Ok(seen)
}

/// Whether light and dark take turns between the corners (ISO/IEC 18004, 6.3.5), but for a fifth.
fn has_timing(modules: &BitMatrix) -> bool {
    let between = 8..modules.width().min(modules.height()).saturating_sub(8);
    let wrong = between
        .clone()
        .flat_map(|at| [(at, 6), (6, at)].map(|(x, y)| modules.get(x, y) != (at % 2 == 0)))
        .filter(|wrong| *wrong)
        .count();
    wrong * 5 <= between.len() * 2
}
