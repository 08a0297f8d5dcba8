//! What somebody may have meant who typed something else.

/// The candidate that `typed` is most like, if it is like one.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain(typed);
    // A slip in three letters: more would be another word. Two letters that changed places count as two.
    let most = typed.chars().count().div_ceil(3);
    candidates
        .map(|candidate| (distance(&typed, &plain(candidate)), candidate))
        .map(
            |(distance, candidate)| {
                if begins(candidate, &typed) { (0, candidate) } else { (distance, candidate) }
            },
        )
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Letters and digits only: `project_id`, `projectId` and `project-id` are one word.
fn plain(word: &str) -> String {
    word.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether it is the first letters of the candidate, and more than a guess.
fn begins(candidate: &str, typed: &str) -> bool {
    typed.len() >= 3 && plain(candidate).starts_with(typed)
}

/// Levenshtein's: how many letters have to be put in, taken out or replaced.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right.chars()) {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["project-id", "output", "limit", "page", "no-count", "timeout"];
        for (typed, expected) in [
            ("projct-id", Some("project-id")),
            ("project_id", Some("project-id")),
            ("PROJECTID", Some("project-id")),
            ("project", Some("project-id")),
            ("outptu", Some("output")),
            ("time-out", Some("timeout")),
            ("limits", Some("limit")),
            ("pag", Some("page")),
            ("paeg", Some("page")),
            ("nocount", Some("no-count")),
            ("private-key", None),
            ("x", None),
            ("", None),
            ("\u{1b}[31m", None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), expected, "{typed}");
        }
    }

    #[test]
    fn distances_count_letters() {
        for (left, right, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
