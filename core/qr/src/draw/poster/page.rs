//! What a page is made of. Lengths are millimetres from the top left corner.

/// A5, upright.
pub(super) const WIDTH: f32 = 148.0;
pub(super) const HEIGHT: f32 = 210.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// A part of an outline; every outline begins with `Move` and ends with `Close`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Segment {
    Move(Point),
    Line(Point),
    Cubic(Point, Point, Point),
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    White,
    /// Text that must be read.
    Black,
    /// Labels.
    Gray,
    /// Hairlines.
    Silver,
    /// The heading's field and the names.
    Navy,
    /// The field of the advice.
    Mist,
}

/// Outlines filled with one colour (non-zero winding).
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) color: Color,
    pub(super) outline: Vec<Segment>,
}

/// Shapes in the order of painting; the code comes last.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) shapes: Vec<Shape>,
    /// The first module of the code, without quiet zone.
    pub(super) code: Point,
    /// The side of a module.
    pub(super) module: f32,
}

impl Color {
    pub(super) const fn rgb(self) -> [u8; 3] {
        match self {
            Self::White => [0xff; 3],
            Self::Black => [0; 3],
            Self::Gray => [0x55; 3],
            Self::Silver => [0xc8; 3],
            Self::Navy => [0x0b, 0x3c, 0x6f],
            Self::Mist => [0xe6, 0xee, 0xf6],
        }
    }
}

/// A rectangle with round corners.
pub(super) fn rectangle(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Vec<Segment> {
    /// How far the handles of a quarter circle stand from the corner, as a part of the radius.
    const HANDLE: f32 = 0.447_715;
    let at = |x, y| Point { x, y };
    let (right, bottom, handle) = (x + width, y + height, radius * HANDLE);
    vec![
        Segment::Move(at(x + radius, y)),
        Segment::Line(at(right - radius, y)),
        Segment::Cubic(
            at(right - handle, y),
            at(right, y + handle),
            at(right, y + radius),
        ),
        Segment::Line(at(right, bottom - radius)),
        Segment::Cubic(
            at(right, bottom - handle),
            at(right - handle, bottom),
            at(right - radius, bottom),
        ),
        Segment::Line(at(x + radius, bottom)),
        Segment::Cubic(
            at(x + handle, bottom),
            at(x, bottom - handle),
            at(x, bottom - radius),
        ),
        Segment::Line(at(x, y + radius)),
        Segment::Cubic(at(x, y + handle), at(x + handle, y), at(x + radius, y)),
        Segment::Close,
    ]
}
