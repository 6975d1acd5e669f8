use std::fmt::Write as _;

use super::Poster;
use super::page::{Color, HEIGHT, Page, Point, Segment, WIDTH};

pub(super) fn write(poster: &Poster, page: &Page) -> String {
    let mut svg = String::with_capacity(128 << 10);
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" viewBox="0 0 {w} {h}" role="img" xml:lang="{lang}">"#,
            r#"<title>{title}</title><desc>{advice}</desc><path fill="{white}" d="M0 0h{w}v{h}H0z"/>"#
        ),
        w = WIDTH,
        h = HEIGHT,
        lang = poster.language.tag(),
        title = escaped(&poster.title()),
        advice = escaped(poster.language.advice()),
        white = hex(Color::White),
    );
    for shape in &page.shapes {
        let _ = write!(svg, r#"<path fill="{}" d=""#, hex(shape.color));
        shape
            .outline
            .iter()
            .for_each(|part| segment(&mut svg, part));
        svg.push_str("\"/>");
    }
    let Point { x, y } = page.code;
    let _ = write!(
        svg,
        r#"<path id="code" fill="{}" shape-rendering="crispEdges" transform="matrix({m:.5} 0 0 {m:.5} {x:.5} {y:.5})" d=""#,
        hex(Color::Black),
        m = page.module,
    );
    svg.push_str(&poster.matrix.path(0));
    svg.push_str("\"/></svg>");
    svg
}

fn segment(svg: &mut String, segment: &Segment) {
    let (letter, points): (char, &[Point]) = match segment {
        Segment::Move(to) => ('M', &[*to]),
        Segment::Line(to) => ('L', &[*to]),
        Segment::Cubic(a, b, to) => ('C', &[*a, *b, *to]),
        Segment::Close => ('z', &[]),
    };
    svg.push(letter);
    for (i, point) in points.iter().enumerate() {
        if i > 0 {
            svg.push(' ');
        }
        coordinate(svg, point.x);
        svg.push(' ');
        coordinate(svg, point.y);
    }
}

/// To a thousandth of a millimetre, without zeros at the end.
fn coordinate(svg: &mut String, millimetres: f32) {
    let _ = write!(svg, "{millimetres:.3}");
    svg.truncate(svg.trim_end_matches('0').trim_end_matches('.').len());
}

fn hex(color: Color) -> String {
    let [red, green, blue] = color.rgb();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text is printable already, so these five are all that XML needs.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}
