//! One page of 100 buckets over TLS from Apache, by the program and by curl, each time in a new process.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use atlas_export_buckets::digest::HashFunction;
use atlas_export_buckets::simulator::sample_buckets;

use crate::Context;
use crate::commands::{self, Key, list, on_cpu};
use crate::front::Identity;
use crate::measured::{Measured, measure_on_cpu, median};
use crate::table::{Bound, print};

const BUCKETS: usize = 100;
const ROUNDS: usize = 41;
const PROJECT: &str = "32b6e34b3d91647abb20e7b8";
const KEY: Key = ["abcdefgh", "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01"];
const REALM: &str = "MMS Public API";
/// Where Debian has Apache's modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// An Apache that serves a page to whoever knows the key.
struct Apache {
    process: Child,
    base_url: String,
}

impl Drop for Apache {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Apache {
    fn start(context: &Context, identity: &Identity) -> Apache {
        let directory = context.scratch.join("pages/api/atlas/v1.0/groups").join(PROJECT).join("backup");
        fs::create_dir_all(&directory).expect("a directory");
        // Apache gives up being root.
        fs::set_permissions(&context.scratch, Permissions::from_mode(0o755)).expect("a mode");
        let page = format!(
            r#"{{"links":[{{"href":"https://h/","rel":"self"}}],"results":[{}],"totalCount":{BUCKETS}}}"#,
            sample_buckets(BUCKETS).join(",")
        );
        fs::write(directory.join("exportBuckets"), page).expect("a page");
        let [public, private] = KEY;
        let hash = HashFunction::Md5.hash(&[format!("{public}:{REALM}:{private}").as_bytes()]);
        let hash = str::from_utf8(hash.as_bytes()).expect("hexadecimal digits").to_owned();
        context.write("htdigest", &format!("{public}:{REALM}:{hash}\n"));
        context.write("certificate.pem", &identity.certificate.pem());
        context.write("key.pem", &identity.key.serialize_pem());
        let free_port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free_port.expect("a free port");
        let config = context.write("httpd.conf", &configuration(&context.scratch, address.port()));
        let mut command = on_cpu(0, "apache2");
        // -X: one process, in the foreground.
        let command = command.arg("-X").arg("-f").arg(config).stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        while TcpStream::connect(address).is_err() {
            assert!(process.try_wait().expect("a status").is_none(), "apache2 has ended");
            thread::sleep(Duration::from_millis(10));
        }
        Apache { process, base_url: format!("https://{}:{}", identity.host, address.port()) }
    }
}

fn configuration(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    let modules =
        ["mpm_prefork", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest", "ssl"];
    let modules = modules.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")).concat();
    format!(
        r#"ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{directory}/pid"
Mutex "file:{directory}"
User www-data
Group www-data
{modules}
ErrorLog "{directory}/error.log"
DocumentRoot "{directory}/pages"
SSLEngine on
SSLCertificateFile "{directory}/certificate.pem"
SSLCertificateKeyFile "{directory}/key.pem"
<Location />
    ForceType application/json
    AuthType Digest
    AuthName "{REALM}"
    AuthUserFile "{directory}/htdigest"
    Require valid-user
</Location>
"#
    )
}

fn program(context: &Context, apache: &Apache, ca_file: &Path) -> Command {
    let mut command = list(context, KEY, &apache.base_url);
    command.args(["--items-per-page", "100", "--project-id", PROJECT]).arg("--ca-file").arg(ca_file);
    command
}

fn curl(apache: &Apache, ca_file: &Path) -> Command {
    let mut command = commands::curl(KEY, ca_file);
    // The line end keeps the page apart from the figures.
    command.args(["--write-out", "\\n"]).arg(format!(
        "{}/api/atlas/v1.0/groups/{PROJECT}/backup/exportBuckets?pageNum=1&itemsPerPage=100",
        apache.base_url
    ));
    command
}

pub fn measure(context: &Context) -> Vec<Bound> {
    let identity = Identity::new("localhost");
    let ca_file = context.write("ca.pem", &identity.root);
    let apache = Apache::start(context, &identity);
    let run = |command: &Command| measure_on_cpu(context, 1, command);
    let (mut ours, mut curls, mut nothing): (Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for _ in 0..context.rounds(ROUNDS) {
        ours.push(run(&program(context, &apache, &ca_file)));
        curls.push(run(&curl(&apache, &ca_file)));
        nothing.push(run(&Command::new("true")));
    }
    assert!(ours.iter().all(|run| run.output.lines().count() == BUCKETS));
    assert!(curls.iter().all(|run| run.output.matches("bucketName").count() == BUCKETS));
    // Some belong to the start of any program.
    let of_start = median(nothing.iter().map(|run| run.context_switches));
    for run in ours.iter_mut().chain(&mut curls) {
        run.context_switches -= of_start;
    }
    let row = |name: &str, runs: &[Measured]| {
        let figures: [fn(&Measured) -> f64; 4] =
            [|run| run.wall, |run| run.cpu, |run| run.memory, |run| run.context_switches];
        let medians = figures.map(|figure| format!("{:.1}", median(runs.iter().map(figure))));
        [name.to_owned()].into_iter().chain(medians).collect()
    };
    let title = format!("One page of {BUCKETS} buckets from Apache");
    let columns = ["client", "wall clock, ms", "CPU, ms", "memory, MiB", "context switches"];
    print(&title, &columns, &[row("the program", &ours), row("curl --digest", &curls)]);
    let of = |runs: &[Measured], figure: fn(&Measured) -> f64| median(runs.iter().map(figure));
    let ratio = |figure| of(&ours, figure) / of(&curls, figure);
    vec![
        Bound::new(format!("{title}: wall clock to curl's"), ratio(|run| run.wall), 0.55),
        Bound::new(format!("{title}: CPU to curl's"), ratio(|run| run.cpu), 0.45),
        Bound::new(format!("{title}: context switches"), of(&ours, |run| run.context_switches), 6.0),
    ]
}
