//! QR codes in a terminal.

use sokhoe_qr::Matrix;

/// White on black, whatever colours the terminal has: a camera wants dark modules on light.
const COLOURS: &str = "\x1b[38;5;231;48;5;16m";
const PLAIN: &str = "\x1b[0m";

/// The code as lines, in black and white where colours are seen.
pub(crate) fn draw(code: &Matrix, colours: bool) -> Vec<String> {
    let lines = code.to_terminal();
    lines
        .lines()
        .map(|line| {
            if colours {
                format!("{COLOURS}{line}{PLAIN}")
            } else {
                line.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sokhoe_qr::draw::Level;

    use super::*;

    #[test]
    fn two_rows_a_line_and_all_as_wide() {
        let code = Matrix::encode("SK1", Level::Low).unwrap();
        let lines = draw(&code, false);
        assert_eq!(lines.len(), (code.size() + 8).div_ceil(2));
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() == code.size() + 8)
        );
        assert!(
            draw(&code, true)
                .iter()
                .all(|line| line.starts_with(COLOURS) && line.ends_with(PLAIN))
        );
    }
}
