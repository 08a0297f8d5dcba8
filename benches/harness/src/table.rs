//! The one table.

/// One thing measured.
pub struct Row {
    what: String,
    ours: String,
    floor: String,
    others: Vec<(&'static str, String)>,
    must_hold: Option<(String, bool)>,
}

impl Row {
    pub fn new(what: String, ours: String, floor: String, others: Vec<(&'static str, String)>) -> Row {
        Row { what, ours, floor, others, must_hold: None }
    }

    /// Figures for comparison.
    pub fn others(mut self, others: Vec<(&'static str, String)>) -> Row {
        self.others = others;
        self
    }

    /// What our figure has to be, and whether it is.
    pub fn must_hold(mut self, what: String, holds: bool) -> Row {
        self.must_hold = Some((what, holds));
        self
    }
}

/// In Markdown.
pub fn print(rows: &[Row]) {
    println!("| what | ours | floor | others | must hold |");
    println!("| --- | --- | --- | --- | --- |");
    for row in rows {
        let others: Vec<_> = row.others.iter().map(|(name, figure)| format!("{name} {figure}")).collect();
        let must_hold = match &row.must_hold {
            None => String::new(),
            Some((what, true)) => format!("{what}: yes"),
            Some((what, false)) => format!("{what}: **no**"),
        };
        println!("| {} | **{}** | {} | {} | {must_hold} |", row.what, row.ours, row.floor, others.join("; "));
    }
}

/// With commas between the thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
