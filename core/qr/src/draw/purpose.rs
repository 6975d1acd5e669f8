use super::Level;

/// Where a code will be read, which says how robust and how large it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum For {
    /// A phone's screen, held before a reader or another phone: lit, clean and flat, but small.
    Screen,
    /// A printed sheet at a counter: large, but creased, faded, behind glare and read from afar.
    Poster,
}

impl For {
    /// The least error correction. A screen needs 15 % for a crack or a reflection, and a higher
    /// level would make its modules smaller. Paper has room for 25 %; 30 % would cost a code of
    /// about 120 characters two more versions, and so distance.
    pub const fn level(self) -> Level {
        match self {
            Self::Screen => Level::Medium,
            Self::Poster => Level::Quartile,
        }
    }

    /// The most pixels on a side of its PNG, for [`Matrix::to_png_within`](super::Matrix::to_png_within).
    /// 720 is two thirds of a common phone's width, or the whole of a small one's; 1200 is ten
    /// centimetres at the 300 dots per inch of office printers.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Screen => 720,
            Self::Poster => 1_200,
        }
    }
}
