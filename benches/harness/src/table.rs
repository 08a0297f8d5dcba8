//! Tables in Markdown, and what our figures have to be.

/// Prints a table.
pub fn print(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("### {title}\n");
    println!("| {} |", columns.join(" | "));
    println!("| {} |", vec!["---"; columns.len()].join(" | "));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// What a figure of ours may be at most.
pub struct Bound {
    pub what: String,
    pub figure: f64,
    pub most: f64,
}

impl Bound {
    pub fn new(what: impl Into<String>, figure: f64, most: f64) -> Bound {
        Bound { what: what.into(), figure, most }
    }
}

/// Prints which bounds hold.
pub fn print_bounds(bounds: &[Bound]) {
    let round =
        |figure: f64| if figure.fract() == 0.0 { thousands(figure as u64) } else { format!("{figure:.2}") };
    let row = |Bound { what, figure, most }: &Bound| {
        let holds = if figure <= most { "yes" } else { "**no**" };
        vec![what.clone(), round(*figure), round(*most), holds.to_owned()]
    };
    let rows: Vec<_> = bounds.iter().map(row).collect();
    print("Bounds", &["ours", "is", "at most", "holds"], &rows);
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
