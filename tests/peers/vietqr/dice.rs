//! Random values that come out the same every time.

use sokhoe_testing::SeededRng;

const DIGITS: &str = "0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const VIETNAMESE: &str = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệóòỏõọĐƠƯÂÊÔ";

/// Dice with any number of sides.
pub struct Dice(SeededRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    pub fn below(&self, limit: u64) -> u64 {
        self.0.next() % limit
    }

    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    pub fn one_in(&self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// So many digits.
    pub fn digits(&self, shortest: usize, longest: usize) -> String {
        let length = shortest + self.index(longest - shortest + 1);
        self.text(DIGITS, length)
    }

    /// 1 to 19 digits, or letters and digits.
    pub fn account(&self) -> String {
        let alphabet = if self.one_in(2) { DIGITS } else { LETTERS };
        self.text(alphabet, 1 + self.index(19))
    }

    /// 1 to 499,999,999 đồng, of any order of magnitude.
    pub fn amount(&self) -> u64 {
        let magnitude = 10_u64.pow(1 + u32::try_from(self.below(9)).unwrap());
        1 + self.below(magnitude.min(499_999_999))
    }

    /// `00.01` to `99.99`.
    pub fn percent(&self) -> String {
        let hundredths = 1 + self.below(9_999);
        format!("{:02}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// Printable ASCII, spaces anywhere.
    pub fn printable(&self, longest: usize) -> String {
        let printable: String = (' '..='~').collect();
        self.text(&printable, 1 + self.index(longest))
    }

    /// Words with single spaces between them; one name in thirty has Vietnamese letters, one in
    /// three hundred an emoji.
    pub fn name(&self, longest: usize) -> String {
        let letters = if self.one_in(30) { VIETNAMESE } else { LETTERS };
        let mut name: Vec<char> = self
            .text(letters, 1 + self.index(longest))
            .chars()
            .collect();
        for place in (3..name.len().saturating_sub(1)).step_by(4) {
            name[place] = ' ';
        }
        if self.one_in(300) {
            name[0] = '🏥';
        }
        name.into_iter().collect()
    }

    /// A reference, a reference and words, a name or anything printable.
    pub fn purpose(&self, longest: usize) -> String {
        match self.below(4) {
            0 => self.text(UPPER, 1 + self.index(longest)),
            1 => {
                let words = self.text(UPPER, longest - 9);
                format!("SK{} {words}", self.digits(6, 6))
            }
            2 => self.name(longest),
            _ => self.printable(longest),
        }
    }

    fn text(&self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| *self.pick(&alphabet)).collect()
    }
}
