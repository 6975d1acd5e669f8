use super::{Matrix, QUIET_ZONE};

impl Matrix {
    /// A picture of any size: dark runs as one path on white.
    pub fn to_svg(&self) -> String {
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">"#,
                r##"<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>"##
            ),
            size = self.outer_size(),
            path = self.path(QUIET_ZONE)
        )
    }

    /// The dark runs as the data of a path; a module is one by one, `margin` of them come before.
    pub(super) fn path(&self, margin: usize) -> String {
        // Byte by byte: `write!` would take longer than all else about a code.
        let mut path = Vec::with_capacity(self.modules().len() * 5);
        for (row, column, length) in self.runs() {
            path.push(b'M');
            number(&mut path, column + margin);
            path.push(b' ');
            number(&mut path, row + margin);
            path.push(b'h');
            number(&mut path, length);
            path.extend_from_slice(b"v1h-");
            number(&mut path, length);
            path.push(b'z');
        }
        String::from_utf8(path).expect("only ASCII was written")
    }
}

/// Appends a number below 1,000.
fn number(path: &mut Vec<u8>, number: usize) {
    let digit = |number: usize| b"0123456789"[number % 10];
    if number >= 100 {
        path.push(digit(number / 100));
    }
    if number >= 10 {
        path.push(digit(number / 10));
    }
    path.push(digit(number));
}
