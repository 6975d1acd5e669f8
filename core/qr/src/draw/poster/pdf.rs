use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Finish, Pdf, Rect, Ref, TextStr};

use super::Poster;
use super::page::{Color, HEIGHT, Page, Segment, WIDTH};

/// PDF measures in points, upwards.
const POINTS: f32 = 72.0 / 25.4;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);

pub(super) fn write(poster: &Poster, page: &Page) -> Vec<u8> {
    let content = compressed(&content(poster, page));
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG)
        .pages(PAGES)
        .lang(TextStr(poster.language.tag()));
    pdf.document_info(INFO).title(TextStr(&poster.title()));
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut sheet = pdf.page(PAGE);
    sheet
        .parent(PAGES)
        .media_box(Rect::new(0.0, 0.0, WIDTH * POINTS, HEIGHT * POINTS))
        .contents(CONTENT);
    sheet.resources();
    sheet.finish();
    pdf.stream(CONTENT, &content).filter(Filter::FlateDecode);
    pdf.finish()
}

fn content(poster: &Poster, page: &Page) -> Vec<u8> {
    let mut content = Content::new();
    content.transform([POINTS, 0.0, 0.0, -POINTS, 0.0, HEIGHT * POINTS]);
    for shape in &page.shapes {
        fill(&mut content, shape.color);
        for segment in &shape.outline {
            match *segment {
                Segment::Move(to) => content.move_to(to.x, to.y),
                Segment::Line(to) => content.line_to(to.x, to.y),
                Segment::Cubic(a, b, to) => content.cubic_to(a.x, a.y, b.x, b.y, to.x, to.y),
                Segment::Close => content.close_path(),
            };
        }
        content.fill_nonzero();
    }
    // In its own coordinates a module is exactly one by one.
    let (code, module) = (page.code, page.module);
    fill(&mut content, Color::Black);
    content.transform([module, 0.0, 0.0, module, code.x, code.y]);
    for (row, column, length) in poster.matrix.runs() {
        content.rect(count(column), count(row), count(length), 1.0);
    }
    content.fill_nonzero();
    content.finish().into_vec()
}

/// Gray where it can be, so that black is printed with black ink only.
fn fill(content: &mut Content, color: Color) {
    let [red, green, blue] = color.rgb().map(|part| f32::from(part) / 255.0);
    if red == green && green == blue {
        content.set_fill_gray(red);
    } else {
        content.set_fill_rgb(red, green, blue);
    }
}

fn count(modules: usize) -> f32 {
    f32::from(u8::try_from(modules).unwrap_or(u8::MAX))
}

fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(content)
        .and_then(|()| encoder.finish())
        .expect("a Vec takes every byte")
}
