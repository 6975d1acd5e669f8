//! Where everything stands. From the top: the hospital, a field with heading and code, lines that
//! say who is paid, the advice. The code takes what the others leave.

use super::Poster;
use super::font::Font;
use super::page::{Color, HEIGHT, Page, Point, Segment, Shape, WIDTH, rectangle};
use super::text::{Block, CAPITALS, Room, printable, set};
use crate::text::LastFour;
use crate::vietqr::Service;

/// Printers leave some 5 mm blank, and a frame hides as much.
const MARGIN: f32 = 11.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
/// Between the blocks.
const GAP: f32 = 4.0;
const ROUND: f32 = 3.0;
/// How far the two marks of a Vietnamese capital may stand out of their line, as a part of the size.
const MARKS: f32 = 0.13;

const NAME: Room = Room {
    width: INNER,
    height: 23.5,
    lines: 3,
    largest: 9.0,
    smallest: 5.0,
};
const HEADING: Room = Room {
    width: INNER - 10.0,
    height: 14.0,
    lines: 1,
    largest: 9.0,
    smallest: 5.0,
};
const ADVICE: Room = Room {
    width: INNER - 18.0,
    height: 12.0,
    lines: 1,
    largest: 5.0,
    smallest: 3.5,
};
/// The left edge of the values, right of their labels.
const VALUES: f32 = MARGIN + 36.0;
const VALUE: Room = Room {
    width: WIDTH - MARGIN - VALUES,
    height: 13.0,
    lines: 2,
    largest: 5.5,
    smallest: 4.0,
};
const LABEL: f32 = 4.3;
const ROW: f32 = 8.5;
const ADVICE_HEIGHT: f32 = 12.0;
const HEADING_HEIGHT: f32 = 15.0;
const BORDER: f32 = 1.0;

/// One dot of a printer with 300 dots per inch. A module is a whole number of them, so that all
/// modules are printed equally large there and on finer printers.
const DOT: f32 = 25.4 / 300.0;

struct Row {
    label: &'static str,
    value: Block,
}

impl Row {
    fn height(&self) -> f32 {
        ROW.max(self.value.height() + 2.5)
    }
}

pub(super) fn page(poster: &Poster) -> Page {
    let mut shapes = Vec::new();
    let name = set(Font::Bold, &poster.hospital, NAME);
    let rows = rows(poster);
    let rows_height: f32 = rows.iter().map(Row::height).sum();
    let advice = HEIGHT - MARGIN - ADVICE_HEIGHT;

    // The code is as wide as it can be high, and what is left goes between the blocks.
    let field_top = MARGIN + name.height() + GAP;
    let room = advice - GAP - rows_height - field_top;
    let card = (room - HEADING_HEIGHT - BORDER).min(INNER - 2.0 * BORDER);
    let field = HEADING_HEIGHT + card + BORDER;
    let spare = (room - field) / 3.0;

    let name_top = MARGIN + (spare * 0.5).max(MARKS * name.size);
    centered(&mut shapes, &name, name_top, Color::Navy);
    let field_top = field_top + spare;
    fill(
        &mut shapes,
        Color::Navy,
        rectangle(MARGIN, field_top, INNER, field, ROUND),
    );
    let heading = set(Font::Bold, poster.language.heading(), HEADING);
    let heading_top = field_top + (HEADING_HEIGHT - heading.height()) / 2.0;
    centered(&mut shapes, &heading, heading_top, Color::White);

    let card_top = field_top + HEADING_HEIGHT;
    let width = INNER - 2.0 * BORDER;
    fill(
        &mut shapes,
        Color::White,
        rectangle(MARGIN + BORDER, card_top, width, card, ROUND - BORDER),
    );
    let module = module(card, poster.matrix.outer_size());
    let code = module * count(poster.matrix.size());

    draw_rows(&mut shapes, &rows, field_top + field + GAP * 0.5 + spare);
    draw_advice(&mut shapes, poster.language.advice(), advice);
    Page {
        shapes,
        code: Point {
            x: (WIDTH - code) / 2.0,
            y: card_top + (card - code) / 2.0,
        },
        module,
    }
}

/// The largest whole number of dots with which the code and its quiet zone fit.
fn module(card: f32, outer_size: usize) -> f32 {
    (card / count(outer_size) / DOT).floor() * DOT
}

fn count(modules: usize) -> f32 {
    u16::try_from(modules).map_or(f32::INFINITY, f32::from)
}

fn rows(poster: &Poster) -> Vec<Row> {
    let (code, language) = (&poster.code, poster.language);
    let bank = code.bin().bank().map(|bank| bank.short_name.to_owned());
    let account = format!("{:?}", LastFour(code.account().as_str()));
    let to_card = code.service() == Some(&Service::ToCard);
    let number = if to_card {
        language.card()
    } else {
        language.account()
    };
    let asked = code.purpose().or_else(|| code.additional().reference());
    // Three asterisks ask the payer to write something.
    let purpose = asked.filter(|purpose| *purpose != "***");
    [
        (
            language.bank(),
            bank.unwrap_or_else(|| code.bin().to_string()),
        ),
        (language.payee(), poster.payee.clone()),
        (number, account),
        (
            language.amount(),
            code.amount().map(|vnd| vnd.to_string()).unwrap_or_default(),
        ),
        (language.purpose(), purpose.unwrap_or_default().to_owned()),
    ]
    .into_iter()
    .map(|(label, value)| (label, printable(&value)))
    .filter(|(_, value)| !value.is_empty())
    .map(|(label, value)| Row {
        label,
        value: set(Font::Bold, &value, VALUE),
    })
    .collect()
}

fn draw_rows(shapes: &mut Vec<Shape>, rows: &[Row], top: f32) {
    let mut y = top;
    for (i, row) in rows.iter().enumerate() {
        if i > 0 {
            let rule = rectangle(MARGIN, y - 0.1, INNER, 0.2, 0.0);
            fill(shapes, Color::Silver, rule);
        }
        let first = y + (row.height() - row.value.height()) / 2.0;
        let baseline = baseline(&row.value, first);
        let label = Font::Regular.outline(row.label, at(MARGIN + 1.0, baseline), LABEL);
        fill(shapes, Color::Gray, label);
        for (line, baseline) in row.value.lines.iter().zip(baselines(&row.value, first)) {
            let value = Font::Bold.outline(line, at(VALUES, baseline), row.value.size);
            fill(shapes, Color::Black, value);
        }
        y += row.height();
    }
}

/// The advice on its field, after an exclamation mark in a disc.
fn draw_advice(shapes: &mut Vec<Shape>, words: &str, top: f32) {
    const DISC: f32 = 7.0;
    const SPACE: f32 = 3.0;
    fill(
        shapes,
        Color::Mist,
        rectangle(MARGIN, top, INNER, ADVICE_HEIGHT, ROUND),
    );
    let text = set(Font::Bold, words, ADVICE);
    let width = text
        .lines
        .iter()
        .map(|line| text.font.width(line))
        .sum::<f32>()
        * text.size;
    let left = (WIDTH - DISC - SPACE - width) / 2.0;
    let middle = top + ADVICE_HEIGHT / 2.0;
    let disc = rectangle(left, middle - DISC / 2.0, DISC, DISC, DISC / 2.0);
    fill(shapes, Color::Navy, disc);
    let mark = Block {
        lines: vec!["!".to_owned()],
        size: 5.5,
        font: Font::Bold,
    };
    let mark_left = left + (DISC - mark.font.width("!") * mark.size) / 2.0;
    draw(
        shapes,
        &mark,
        middle - mark.height() / 2.0,
        Color::White,
        |_| mark_left,
    );
    let text_left = left + DISC + SPACE;
    draw(
        shapes,
        &text,
        middle - text.height() / 2.0,
        Color::Navy,
        |_| text_left,
    );
}

fn centered(shapes: &mut Vec<Shape>, block: &Block, top: f32, color: Color) {
    draw(shapes, block, top, color, |width| (WIDTH - width) / 2.0);
}

/// Draws lines from `top`; `left` finds the start of a line from its width.
fn draw(shapes: &mut Vec<Shape>, block: &Block, top: f32, color: Color, left: impl Fn(f32) -> f32) {
    for (line, baseline) in block.lines.iter().zip(baselines(block, top)) {
        let x = left(block.font.width(line) * block.size);
        fill(
            shapes,
            color,
            block.font.outline(line, at(x, baseline), block.size),
        );
    }
}

/// The first baseline: capitals stand in the middle of their line.
fn baseline(block: &Block, top: f32) -> f32 {
    top + (block.leading() + CAPITALS * block.size) / 2.0
}

fn baselines(block: &Block, top: f32) -> impl Iterator<Item = f32> {
    let (first, leading) = (baseline(block, top), block.leading());
    (0..=u8::MAX).map(move |line| first + f32::from(line) * leading)
}

fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

fn fill(shapes: &mut Vec<Shape>, color: Color, outline: Vec<Segment>) {
    shapes.push(Shape { color, outline });
}
