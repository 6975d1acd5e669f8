use std::io::Cursor;

use sokhoe_qr::Matrix;
use sokhoe_qr::draw::{DrawError, For, Level};

#[cfg(feature = "poster")]
mod poster;

const TEXT: &str =
    "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443";

fn matrix() -> Matrix {
    Matrix::encode(TEXT, Level::Medium).unwrap()
}

/// The modules with their quiet zone, row by row.
fn framed(matrix: &Matrix) -> Vec<Vec<bool>> {
    let size = matrix.size();
    let mut rows = vec![vec![false; size + 8]; size + 8];
    for (index, dark) in matrix.modules().iter().enumerate() {
        rows[index / size + 4][index % size + 4] = *dark;
    }
    rows
}

#[test]
fn has_the_finder_patterns() {
    let matrix = matrix();
    assert_eq!(matrix.modules().len(), matrix.size() * matrix.size());
    assert_eq!((matrix.size() - 17) % 4, 0);
    assert!(matrix.modules()[..7].iter().all(|dark| *dark));
    assert!(!matrix.modules()[7]);
}

#[test]
fn too_long_is_said() {
    assert_eq!(
        Matrix::encode(&"x".repeat(3_000), Level::Low),
        Err(DrawError)
    );
    assert!(Matrix::encode("", Level::High).is_ok());
}

#[test]
fn the_terminal_shows_every_module() {
    let rows = framed(&matrix());
    let text = matrix().to_terminal();
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    assert_eq!(lines.len(), rows.len().div_ceil(2));
    for (y, row) in rows.iter().enumerate() {
        for (x, dark) in row.iter().enumerate() {
            let light = if y % 2 == 0 { "█▀" } else { "█▄" };
            assert_eq!(!light.contains(lines[y / 2][x]), *dark, "{x} {y}");
        }
    }
}

#[test]
fn the_svg_has_as_many_dark_modules() {
    let svg = matrix().to_svg();
    let runs = svg.split('M').skip(2).map(|part| {
        let (_, run) = part.split_once('h').unwrap();
        run.split_once('v').unwrap().0.parse::<usize>().unwrap()
    });
    assert_eq!(
        runs.sum::<usize>(),
        matrix().modules().iter().filter(|dark| **dark).count()
    );
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
}

/// Width and height, and the pixels row by row; `true` is dark.
fn decode(png: &[u8]) -> (usize, usize, Vec<bool>) {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
    let mut bits = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bits).unwrap();
    assert_eq!(info.bit_depth, png::BitDepth::One);
    assert_eq!(info.color_type, png::ColorType::Grayscale);
    let width = usize::try_from(info.width).unwrap();
    let rows = bits.chunks(info.line_size);
    let pixels = rows.flat_map(|row| (0..width).map(|x| row[x / 8] & (0x80 >> (x % 8)) == 0));
    (
        width,
        usize::try_from(info.height).unwrap(),
        pixels.collect(),
    )
}

#[test]
fn the_png_shows_every_module() {
    let rows = framed(&matrix());
    for scale in [1, 3, 8, 40] {
        let (width, height, pixels) = decode(&matrix().to_png(scale));
        let scale = usize::from(scale);
        assert_eq!((width, height), (rows.len() * scale, rows.len() * scale));
        for (i, dark) in pixels.into_iter().enumerate() {
            let (x, y) = (i % width, i / width);
            assert_eq!(dark, rows[y / scale][x / scale], "{x} {y}");
        }
    }
}

#[test]
fn the_png_fits_with_whole_pixels() {
    let matrix = matrix();
    let modules = u32::try_from(matrix.size() + 8).unwrap();
    assert_eq!(matrix.to_png_within(modules - 1), None);
    assert_eq!(matrix.to_png_within(modules), Some(matrix.to_png(1)));
    assert_eq!(
        matrix.to_png_within(9 * modules - 1),
        Some(matrix.to_png(8))
    );
    assert_eq!(matrix.to_png_within(u32::MAX), Some(matrix.to_png(40)));
}

#[test]
fn a_use_gets_at_least_its_level_for_the_same_size() {
    for wanted in [For::Screen, For::Poster] {
        for length in 1..200 {
            let text = "7".repeat(length);
            let least = Matrix::encode(&text, wanted.level()).unwrap();
            let drawn = Matrix::encode_for(&text, wanted).unwrap();
            assert_eq!(drawn.size(), least.size());
            let better = [Level::High, Level::Quartile, wanted.level()]
                .map(|level| Matrix::encode(&text, level).unwrap())
                .into_iter()
                .find(|code| code.size() == least.size());
            assert_eq!(Some(drawn), better);
        }
    }
    assert_eq!(
        Matrix::encode_for(&"x".repeat(3_000), For::Screen),
        Err(DrawError)
    );
}

#[test]
fn vietnamese_stays_bytes() {
    // In Shift JIS, E1 BB is a Kanji: a denser code, and another text.
    let kanji = "\u{1ec7}n".repeat(40);
    let bytes = "~ab~".repeat(40);
    assert_eq!(kanji.len(), bytes.len());
    assert_eq!(
        Matrix::encode(&kanji, Level::Low).unwrap().size(),
        Matrix::encode(&bytes, Level::Low).unwrap().size()
    );
    assert_eq!(
        Matrix::encode(&"đ".repeat(2_000), Level::Low),
        Err(DrawError)
    );
}
