use std::io::Read as _;

use flate2::read::ZlibDecoder;
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::{DrawError, Level};

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

#[test]
fn the_png_shows_every_module() {
    for scale in [1, 3, 8, 40] {
        let png = matrix().to_png(scale);
        let scale = usize::from(scale);
        let rows = framed(&matrix());
        let side = rows.len() * scale;
        assert_eq!(png[16..20], u32::try_from(side).unwrap().to_be_bytes());
        let length = usize::try_from(u32::from_be_bytes(png[33..37].try_into().unwrap())).unwrap();
        assert_eq!(&png[37..41], b"IDAT");
        let mut pixels = Vec::new();
        ZlibDecoder::new(&png[41..41 + length])
            .read_to_end(&mut pixels)
            .unwrap();
        let stride = 1 + side.div_ceil(8);
        assert_eq!(pixels.len(), stride * side);
        for (y, line) in pixels.chunks(stride).enumerate() {
            for x in 0..side {
                let white = line[1 + x / 8] & (0x80 >> (x % 8)) != 0;
                assert_eq!(!white, rows[y / scale][x / scale], "{x} {y}");
            }
        }
    }
}
