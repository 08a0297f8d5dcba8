//! The program among the tools around it: shells that complete it, scripts that stop at the first failure, cron, which
//! sets next to nothing, terminals, and groff, which sets the manual page.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Simulator, When, sample_buckets};
use libtest_mimic::Trial;

use crate::support::process::{Run, find_program};
use crate::support::program::program;
use crate::support::temp_dir::TempDir;
use crate::{Missing, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("bash_completes_commands_options_and_values", || find("bash"), bash_completes),
        trial("fish_completes_commands_options_and_values", || find("fish"), fish_completes),
        trial("zsh_reads_the_completions", || find("zsh"), zsh_reads),
        trial("groff_sets_the_manual_page_without_a_warning", || find("groff"), groff_sets),
        trial("a_strict_script_goes_on_and_stops_where_it_should", || find("bash"), strict_script),
        trial("streams_that_are_closed_do_not_change_the_status", || find("bash"), closed_streams),
        trial("cron_s_empty_environment_is_told_apart_from_a_wrong_one", || find("sh"), cron),
        trial("a_terminal_gets_bold_headings_and_a_line_of_progress", || find("script"), terminal),
    ]
}

fn find(name: &str) -> Result<PathBuf, Missing> {
    find_program(name)
        .ok_or_else(|| Missing(format!("{name} is not installed; on Debian: apt-get install {name}")))
}

/// What the program prints.
fn printed(args: &[&str]) -> String {
    let run = program().args(args).run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    run.stdout
}

/// Runs a script, with the program as `$PROGRAM` and the embedded Atlas, if any, in its environment.
fn run(shell: &PathBuf, script: &str, atlas: Option<&Simulator>) -> Run {
    let mut command = Command::new(shell);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").args(["-c", script]);
    command.env("PROGRAM", env!("CARGO_BIN_EXE_atlas-export-buckets"));
    if let Some(atlas) = atlas {
        command
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", atlas.public_key())
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", atlas.private_key())
            .env("MONGODB_ATLAS_PROJECT_ID", atlas.project_id())
            .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url());
    }
    command.output().unwrap().into()
}

/// What is typed, and what is offered for its last word.
const COMPLETIONS: [(&[&str], &[&str]); 8] = [
    (&["si"], &["simulate"]),
    (&["list", "--proj"], &["--project-id"]),
    (&["list", "-o", "n"], &["ndjson"]),
    (&["list", "--output", ""], &["csv", "json", "ndjson", "raw", "table"]),
    (&["list", "--limit", ""], &[]),
    (&["demo", "--base"], &[]),
    (&["completions", ""], &["bash", "fish", "zsh"]),
    (&["help", "l"], &["list"]),
];

fn bash_completes(bash: &PathBuf) {
    let script = printed(&["completions", "bash"]);
    // Bash splits at the equals sign.
    let with_sign: (&[&str], &[&str]) = (&["list", "--output", "=", "c"], &["csv"]);
    for (words, expected) in COMPLETIONS.into_iter().chain([with_sign]) {
        let ask = format!(
            "{script}\nCOMP_WORDS=(atlas-export-buckets {}) COMP_CWORD={}\n_atlas_export_buckets\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\" | sort",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len()
        );
        let run = run(bash, &ask, None);
        let offered: Vec<&str> = run.stdout.split_whitespace().collect();
        assert_eq!((offered.as_slice(), run.stderr.as_str()), (expected, ""), "{words:?}");
    }
}

fn fish_completes(fish: &PathBuf) {
    let dir = TempDir::new();
    let script = dir.write("completions.fish", printed(&["completions", "fish"]));
    for (words, expected) in COMPLETIONS {
        let ask =
            format!("source {}; complete -C 'atlas-export-buckets {}'", script.display(), words.join(" "));
        let mut command = Command::new(fish);
        command.args(["--no-config", "-c", &ask]).env("HOME", dir.path());
        let run = Run::from(command.output().unwrap());
        let mut offered: Vec<&str> = run.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        offered.sort_unstable();
        assert_eq!((offered.as_slice(), run.stderr.as_str()), (expected, ""), "{words:?}");
    }
}

/// What it does with them takes a terminal to see; that it takes them, and that all is in them, does not.
fn zsh_reads(zsh: &PathBuf) {
    let script = printed(&["completions", "zsh"]);
    assert!(script.starts_with("#compdef atlas-export-buckets\n"), "{script}");
    let dir = TempDir::new();
    let file = dir.write("_atlas-export-buckets", &script);
    let run = Run::from(Command::new(zsh).args(["-f", "-n"]).arg(file).output().unwrap());
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
    assert!(script.contains("'*'{-o+,--output=}'[table"), "{script}");
}

fn groff_sets(groff: &PathBuf) {
    let dir = TempDir::new();
    let page = dir.write("page.1", printed(&["man"]));
    let run = Run::from(
        Command::new(groff).args(["-man", "-Tascii", "-ww", "-P-cbou"]).arg(page).output().unwrap(),
    );
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    for line in ["NAME", "SYNOPSIS", "COMMANDS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"] {
        assert!(run.stdout.lines().any(|set| set == line), "{line} in {}", run.stdout);
    }
    assert!(run.stdout.contains("\n       -o, --output F\n"), "{}", run.stdout);
}

fn strict_script(bash: &PathBuf) {
    let atlas = Simulator::builder().buckets(sample_buckets(5_000)).start().unwrap();
    let script = r#"
        set -euo pipefail
        "$PROGRAM" list -o ndjson | head -n 1 >/dev/null
        count=$("$PROGRAM" list -o csv | tail -n +2 | wc -l)
        echo "$count buckets"
        "$PROGRAM" list --project-id 000000000000000000000000 -o json | tr a b
        echo "never said"
    "#;
    let run = run(bash, script, Some(&atlas));
    assert_eq!((run.status, run.stdout.trim()), (Some(4), "5000 buckets"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

fn closed_streams(bash: &PathBuf) {
    let atlas = Simulator::builder().buckets(sample_buckets(3)).start().unwrap();
    for (streams, status) in [
        (">&-", 0),
        ("<&- >&- 2>&-", 0),
        ("2>&- --project-id 000000000000000000000000", 4),
        ("<&- --project-id -", 2),
        (">/dev/full", 1),
    ] {
        let run = run(bash, &format!("\"$PROGRAM\" list {streams}"), Some(&atlas));
        assert_eq!(
            (run.status, run.stderr.contains("panicked")),
            (Some(status), false),
            "{streams}: {run:?}"
        );
    }
}

/// No terminal, no home, no locale, nothing set but a path.
fn cron(sh: &PathBuf) {
    let bare = run(sh, "\"$PROGRAM\" list", None);
    let expected = "atlas-export-buckets: which project? use --project-id, or set MONGODB_ATLAS_PROJECT_ID\n";
    assert_eq!((bare.status, bare.stdout.as_str(), bare.stderr.as_str()), (Some(2), "", expected));

    let atlas = Simulator::builder().buckets(sample_buckets(3)).start().unwrap();
    let quiet = run(sh, "\"$PROGRAM\" list -o ndjson </dev/null", Some(&atlas));
    assert_eq!((quiet.status, quiet.stdout.lines().count(), quiet.stderr.as_str()), (Some(0), 3, ""));
}

/// `script` runs the program on a terminal of its own, for both streams.
fn terminal(_script: &PathBuf) {
    const BOLD_ID: &str = "\u{1b}[1mID";
    const PROGRESS: &str = " of 1200 buckets";
    // The last page takes its time, so that there is some to see how far it is.
    let late = Fault::Delay(Duration::from_millis(300));
    let on_terminal = |environment: &str, options: &str| {
        let atlas = Simulator::builder().buckets(sample_buckets(1_200)).fault(When::nth(4), late.clone());
        let line = format!(
            "TERM=xterm {environment} script -qec '\"$PROGRAM\" list {options}' /dev/null </dev/null"
        );
        let run = run(&"sh".into(), &line, Some(&atlas.start().unwrap()));
        assert_eq!(run.status, Some(0), "{run:?}");
        run.stdout
    };
    // What is shown: the heading in bold, the line of progress.
    for (environment, options, shown) in [
        ("", "", (true, true)),
        ("NO_COLOR=1", "", (false, true)),
        ("NO_COLOR=", "-q", (true, false)),
        ("", "-v", (true, false)),
        ("", "-o raw >/dev/null", (false, true)),
        // Bodies have no line end of their own: a line among them would take some of them away.
        ("", "-o raw", (false, false)),
    ] {
        let text = on_terminal(environment, options);
        assert!(options != "-o raw" || !text.contains('\u{1b}'), "a line among the bodies");
        let found = (text.contains(BOLD_ID), text.contains(PROGRESS));
        assert_eq!(found, shown, "{environment} {options}: {:?}", text.get(..2_000));
    }
}
