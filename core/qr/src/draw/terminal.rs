use super::Matrix;

impl Matrix {
    /// Unicode half blocks, two rows in a line. Light modules are the blocks, so that the code is
    /// right on a dark terminal; most readers also take it inverted on a light one.
    pub fn to_terminal(&self) -> String {
        let size = self.outer_size();
        let mut text = String::with_capacity(size * size * 2);
        for row in (0..size).step_by(2) {
            for column in 0..size {
                let bottom_is_light = row + 1 < size && !self.is_dark(row + 1, column);
                text.push(match (!self.is_dark(row, column), bottom_is_light) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}
