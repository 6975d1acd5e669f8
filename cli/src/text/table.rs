//! Columns.

use sokhoe_domain::text::{is_visible, strip_marks};

/// The space between columns.
const GAP: &str = "  ";

/// To which side a column leans, and how wide it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Words.
    Left,
    /// Words, cut at this width.
    Cut(usize),
    /// Numbers.
    Right,
}

/// How many cells of a terminal a text takes. Marks take none, however they are encoded; Vietnamese has
/// no wide letters.
fn width(text: &str) -> usize {
    strip_marks(text).chars().count()
}

/// The text with spaces after it, up to this width.
pub(crate) fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// The text, or its beginning and an ellipsis when it is wider.
fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if width(&short) >= to {
            // The letter that reached the limit makes room for the ellipsis.
            short.pop();
            break;
        }
    }
    format!("{}…", short.trim_end())
}

/// Rows as aligned lines. Cells beyond the given columns lean left; what cannot be seen, or turns the line around, becomes a
/// space.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    let column = |index: usize| columns.get(index).copied().unwrap_or(Column::Left);
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .enumerate()
                .map(|(index, cell)| shown(cell, column(index)))
                .collect()
        })
        .collect();
    let mut widths = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(index, (cell, &to))| match column(index) {
                    Column::Right => format!("{}{cell}", " ".repeat(to - width(cell))),
                    Column::Left | Column::Cut(_) => pad(cell, to),
                })
                .collect();
            cells.join(GAP).trim_end().to_owned()
        })
        .collect()
}

fn shown(cell: &str, column: Column) -> String {
    let line: String = cell
        .chars()
        .map(|c| if is_visible(c) { c } else { ' ' })
        .collect();
    match column {
        Column::Cut(to) => cut(&line, to),
        Column::Left | Column::Right => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_take_no_room_however_they_are_encoded() {
        assert_eq!(width("Đường huyết"), 11);
        assert_eq!(width("Đu\u{31b}o\u{31b}\u{300}ng"), 5);
        assert_eq!(pad("Lò", 4), "Lò  ");
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [
            vec!["Thứ Ba".to_owned(), "5,4".to_owned(), "mmol/L".to_owned()],
            vec!["Hôm nay".to_owned(), "12,0".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&[Column::Left, Column::Right], &rows),
            ["Thứ Ba    5,4  mmol/L", "Hôm nay  12,0"]
        );
    }

    #[test]
    fn long_cells_are_cut_and_lines_stay_lines() {
        assert_eq!(cut("Đường huyết", 11), "Đường huyết");
        assert_eq!(cut("Đường huyết", 8), "Đường h…");
        assert_eq!(cut("Đường huyết", 7), "Đường…");
        assert_eq!(
            table(&[Column::Cut(5)], &[vec!["a\nbcdefg".to_owned()]]),
            ["a bc…"]
        );
        // A terminal must not be steered by what a clinic wrote.
        assert_eq!(
            table(&[], &[vec!["\u{1b}[31mred".to_owned()]]),
            [" [31mred"]
        );
    }
}
