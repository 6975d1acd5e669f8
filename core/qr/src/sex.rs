/// The two values that Vietnamese cards print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `Nam`.
    Male,
    /// `Nữ`.
    Female,
}
