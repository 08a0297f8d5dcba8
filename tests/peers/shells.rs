//! The program among the tools around it: shells that complete it, scripts that stop at the first failure, cron, which
//! sets next to nothing, terminals, and groff, which sets the manual page.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};
use libtest_mimic::Trial;

use crate::support::process::{Run, find_program};
use crate::support::program::program;
use crate::support::temp_dir::TempDir;
use crate::support::wait::wait_for;
use crate::{Missing, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "bash_completes_commands_options_values_and_files",
            || find_with_script("bash"),
            bash_completes,
        ),
        trial(
            "fish_completes_commands_options_values_and_files",
            || find_with_script("fish"),
            fish_completes,
        ),
        trial("zsh_completes_commands_options_values_and_files", || find_with_script("zsh"), zsh_completes),
        trial("groff_sets_the_manual_page_without_a_warning", || find("groff"), groff_sets),
        trial("a_strict_script_goes_on_and_stops_where_it_should", || find("bash"), strict_script),
        trial("streams_that_are_closed_do_not_change_the_status", || find("bash"), closed_streams),
        trial("cron_s_empty_environment_is_told_apart_from_a_wrong_one", || find("sh"), cron),
        trial("a_terminal_gets_bold_headings_and_a_line_of_progress", || find("script"), terminal),
        trial("help_has_colours_where_a_terminal_shows_them", || find("script"), coloured_help),
        trial("a_terminal_says_what_is_waited_for", || find("script"), waiting),
        trial("a_full_pipe_does_not_hold_up_the_requests", || find("script"), full_pipe),
    ]
}

fn find(name: &str) -> Result<PathBuf, Missing> {
    find_program(name).ok_or_else(|| {
        Missing::program(format!("{name} is not installed; on Debian: apt-get install {name}"))
    })
}

/// A shell that a terminal can be made for.
fn find_with_script(name: &str) -> Result<PathBuf, Missing> {
    find("script").and_then(|_| find(name))
}

/// What the program prints.
fn printed(args: &[&str]) -> String {
    let run = program().args(args).run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    run.stdout
}

/// Runs a script, with the program as `$PROGRAM` and the simulated Atlas, if any, in its environment.
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

/// What is typed on a terminal behind the program's name, and the arguments that come of it. Whatever is completed has no
/// space behind it where more may follow.
const TYPED: &[(&str, &str)] = &[
    ("si\t", "<simulate>"),
    ("-v li\t", "<-v><list>"),
    ("list --proj\t", "<list><--project-id>"),
    ("list -o nd\t", "<list><-o><ndjson>"),
    ("list --output ra\t", "<list><--output><raw>"),
    ("list --output=cs\t", "<list><--output=csv>"),
    ("list --api-version v\t", "<list><--api-version><v1.0>"),
    ("list --ca-file DIR/et\thos\t", "<list><--ca-file><DIR/etc/hosts.pem>"),
    ("list --ca-file=DIR/etc/hos\t", "<list><--ca-file=DIR/etc/hosts.pem>"),
    ("demo --base\t", "<demo><--base>"),
    ("simulate --fault shi\t", "<simulate><--fault><shift>"),
    ("simulate --fixture DIR/et\thos\t", "<simulate><--fixture><DIR/etc/hosts.pem>"),
    ("completions zs\t", "<completions><zsh>"),
    ("help l\t", "<help><list>"),
];

/// Types all of it into an interactive shell on a terminal, where the program's name writes its arguments to a file.
fn assert_completed(shell: &str, start: impl FnOnce(&TempDir) -> String) {
    let dir = TempDir::new();
    dir.make_dir("etc");
    dir.write("etc/hosts.pem", "");
    dir.write("_atlas-export-buckets", printed(&["completions", shell]));
    let here = dir.path().to_str().unwrap();
    let mut keys = String::new();
    for (typed, _) in TYPED {
        keys.push_str(&format!("atlas-export-buckets {}\n", typed.replace("DIR", here)));
    }
    keys.push_str("exit\n");
    let mut child = Command::new("script")
        .args(["-qec", &start(&dir), "/dev/null"])
        .current_dir(dir.path())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("HOME", here), ("ZDOTDIR", here)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
    let screen = child.wait_with_output().unwrap().stdout;
    let completed = std::fs::read_to_string(dir.path().join("completed")).unwrap_or_default();
    let expected: Vec<String> = TYPED.iter().map(|(_, args)| args.replace("DIR", here)).collect();
    let completed: Vec<&str> = completed.lines().collect();
    assert_eq!(completed, expected, "{shell}: {}", String::from_utf8_lossy(&screen));
}

fn bash_completes(_bash: &PathBuf) {
    assert_completed("bash", |dir| {
        let here = dir.path().display();
        let start = "atlas-export-buckets() { { printf '<%s>' \"$@\"; echo; } >>completed; }";
        let file = dir.write("bashrc", format!("source {here}/_atlas-export-buckets\n{start}\n"));
        format!("bash --noprofile --rcfile {} -i", file.display())
    });
}

fn zsh_completes(_zsh: &PathBuf) {
    assert_completed("zsh", |dir| {
        let start = "autoload -U compinit; compinit -u -D\n\
                     atlas-export-buckets() { { printf '<%s>' \"$@\"; echo; } >>completed; }";
        dir.write(".zshrc", format!("fpath=({} $fpath)\n{start}\n", dir.path().display()));
        "zsh -i".into()
    });
}

fn fish_completes(_fish: &PathBuf) {
    assert_completed("fish", |dir| {
        let here = dir.path().display();
        let start = "function atlas-export-buckets; begin; printf '<%s>' $argv; echo; end >>completed; end";
        let file = dir.write("init.fish", format!("source {here}/_atlas-export-buckets\n{start}\n"));
        format!("fish --no-config -i -C 'source {}'", file.display())
    });
}

fn groff_sets(groff: &PathBuf) {
    let dir = TempDir::new();
    let page = dir.write("page.1", printed(&["man"]));
    let run = Run::from(
        Command::new(groff).args(["-man", "-Tascii", "-ww", "-P-cbou"]).arg(page).output().unwrap(),
    );
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    for line in ["NAME", "SYNOPSIS", "LIST", "DEMO", "SIMULATE", "COMPLETIONS", "MAN", "EXIT STATUS"] {
        assert!(run.stdout.lines().any(|set| set == line), "{line} in {}", run.stdout);
    }
    for line in [
        "       -o, --output <FORMAT> [default: table]",
        "   WHAT TO LIST",
        "   ENVIRONMENT",
        "       --fault <FAULT>",
    ] {
        assert!(run.stdout.lines().any(|set| set == line), "{line} in {}", run.stdout);
    }
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
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
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
    let expected = "atlas-export-buckets: which project? use --project-id, --all-projects or --org-id, or set \
                    MONGODB_ATLAS_PROJECT_ID\n";
    assert_eq!((bare.status, bare.stdout.as_str(), bare.stderr.as_str()), (Some(2), "", expected));

    let atlas = Simulator::builder().buckets(sample_buckets(3)).start().unwrap();
    let quiet = run(sh, "\"$PROGRAM\" list -o ndjson </dev/null", Some(&atlas));
    assert_eq!((quiet.status, quiet.stdout.lines().count(), quiet.stderr.as_str()), (Some(0), 3, ""));
}

/// `script` runs the program on a terminal of its own, for both streams.
fn terminal(_script: &PathBuf) {
    const BOLD_ID: &str = "\u{1b}[1mID";
    const PROGRESS: &str = "page 3 of 3: waiting for Atlas";
    // The last page takes its time, so that there is something to wait for.
    let late = Fault::Delay(Duration::from_millis(1_000));
    let on_terminal = |environment: &str, options: &str| {
        let atlas = Simulator::builder().buckets(sample_buckets(1_200)).fault(When::nth(4), late.clone());
        let line = format!("{environment} script -qec '\"$PROGRAM\" list {options}' /dev/null </dev/null");
        let run = run(&"sh".into(), &line, Some(&atlas.start().unwrap()));
        assert_eq!(run.status, Some(0), "{run:?}");
        run.stdout
    };
    // What is shown: the heading in bold, the line of progress.
    for (environment, options, shown) in [
        ("TERM=xterm", "", (true, true)),
        ("TERM=xterm NO_COLOR=1", "", (false, true)),
        ("TERM=dumb", "", (false, false)),
        ("TERM=xterm NO_COLOR=", "-q", (true, false)),
        ("TERM=xterm", "-v", (true, false)),
        ("TERM=xterm", "-o raw >/dev/null", (false, true)),
        // Bodies have no line end of their own: a line among them would take some of them away.
        ("TERM=xterm", "-o raw", (false, false)),
    ] {
        let text = on_terminal(environment, options);
        assert!(options != "-o raw" || !text.contains('\u{1b}'), "a line among the bodies");
        let found = (text.contains(BOLD_ID), text.contains(PROGRESS));
        assert_eq!(found, shown, "{environment} {options}: {:?}", text.get(..2_000));
    }
}

fn coloured_help(_script: &PathBuf) {
    for (environment, expected) in
        [("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=dumb", false)]
    {
        for options in ["-h", "list --help", ""] {
            let line = format!("{environment} script -qc '\"$PROGRAM\" {options}' /dev/null </dev/null");
            let help = run(&"sh".into(), &line, None).stdout;
            assert!(help.contains("--verbose"), "{environment} {options}: {help}");
            assert_eq!(help.contains('\u{1b}'), expected, "{environment} {options}: {help:?}");
        }
    }
}

/// What there is to wait for, and what the terminal says of it.
fn waiting(_script: &PathBuf) {
    let slow = || Fault::Delay(Duration::from_millis(1_000));
    let busy = Fault::Response(Response::new(503).header("Retry-After", "1"));
    for (name, when, fault, options, said) in [
        ("the first answer", When::nth(1), slow(), "", "page 1: connecting"),
        ("a page", When::nth(3), slow(), "--limit 5", "page 2 of 3: waiting for Atlas"),
        ("the only page", When::nth(2), slow(), "--limit 5 --page 2", "page 2: waiting for Atlas"),
        ("a retry", When::nth(3), busy, "--limit 5", "page 2 of 3: retrying in 1 s because of HTTP 503"),
        ("a project", When::nth(3), slow(), "--jobs 1 $TWO", "project 2 of 2: waiting for Atlas"),
        ("one of JSON", When::nth(3), slow(), "-o json --jobs 1 $TWO", "project 2 of 2: waiting for Atlas"),
    ] {
        let atlas = Simulator::builder().buckets(sample_buckets(12)).fault(when, fault);
        let atlas = atlas.project("aaaaaaaaaaaaaaaaaaaaaaaa", sample_buckets(1)).start().unwrap();
        let two = format!("--project-id {} --project-id aaaaaaaaaaaaaaaaaaaaaaaa", atlas.project_id());
        let options = options.replace("$TWO", &two);
        let line = format!("TERM=xterm script -qec '\"$PROGRAM\" list {options}' /dev/null </dev/null");
        let on_terminal = run(&"sh".into(), &line, Some(&atlas));
        assert_eq!(on_terminal.status, Some(0), "{name}: {on_terminal:?}");
        assert!(on_terminal.stdout.contains(said), "{name}: {:?}", on_terminal.stdout);
        assert!(!on_terminal.stdout.contains("}project"), "within a line: {:?}", on_terminal.stdout);
        let without = run(&"sh".into(), &format!("\"$PROGRAM\" list {options}"), Some(&atlas));
        assert_eq!((without.status, without.stderr.as_str()), (Some(0), ""), "{name}");
    }
}

/// Nobody reads the pipe until all is asked for. Each request tells the terminal of itself meanwhile.
fn full_pipe(_script: &PathBuf) {
    let atlas = Simulator::builder().projects(8, 1_200).start().unwrap();
    let directory = TempDir::new();
    // It waits longer than the test does, but not for ever.
    let reader = r#"for _ in $(seq 750); do test -e "$1" && break; sleep 0.02; done; wc -l"#;
    let reader = directory.write("reader", reader);
    let may_read = directory.path().join("may-read");
    let line = format!(
        "TERM=xterm script -qec '\"$PROGRAM\" list --all-projects -o ndjson --jobs 2 | sh {} {}' /dev/null </dev/null",
        reader.display(),
        may_read.display()
    );
    thread::scope(|scope| {
        let run = scope.spawn(|| run(&"sh".into(), &line, Some(&atlas)));
        wait_for("a list of projects, and three pages of each", || {
            (atlas.stats().requests > 3 * 8 + 1).then_some(())
        });
        directory.write("may-read", "");
        let run = run.join().unwrap();
        assert!(run.status == Some(0) && run.stdout.contains("9600"), "{run:?}");
    });
}
