use std::fmt::Write as _;

use super::Matrix;

impl Matrix {
    /// A picture of any size: dark runs as one path on white.
    pub fn to_svg(&self) -> String {
        let size = self.outer_size();
        let mut path = String::new();
        for row in 0..size {
            let mut column = 0;
            while column < size {
                let run = (column..size)
                    .take_while(|&column| self.is_dark(row, column))
                    .count();
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{column} {row}h{run}v1h-{run}z");
                }
                column += run.max(1);
            }
        }
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">"#,
                r##"<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>"##
            ),
            size = size,
            path = path
        )
    }
}
