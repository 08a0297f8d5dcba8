//! Apache httpd, `mod_auth_digest`: MD5, `qop=auth`, and an `rspauth` in `Authentication-Info`.

use std::path::{Path, PathBuf};
use std::process::Command;

use atlas_export_buckets::digest::{self, Basis, HashFunction};
use libtest_mimic::Trial;

use crate::raw_exchange::RawExchange;
use crate::support::process::find_program;
use crate::web_server::{
    LOG_FORMAT, PASSWORD, PATH, REALM, WebServer, all_ids, assert_that_a_wrong_password_is_refused_by,
    assert_that_we_list_from, htdigest_line, list_ids, one_connection,
};
use crate::{Missing, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("apache_gives_all_pages_for_one_challenge_on_one_connection", find, |apache: &Apache| {
            assert_that_we_list_from(&apache.start());
        }),
        trial("a_wrong_password_is_refused_by_apache_after_two_requests", find, |apache: &Apache| {
            assert_that_a_wrong_password_is_refused_by(&apache.start());
        }),
        trial("after_a_restart_of_apache_the_refused_nonce_is_replaced_once", find, replaces_the_nonce),
        trial("the_rspauth_of_apache_is_verified_and_a_tampered_one_refused", find, verifies_rspauth),
    ]
}

/// An installed Apache.
struct Apache {
    program: PathBuf,
    modules: &'static Path,
}

/// Where Debian has Apache's modules.
const MODULES: &str = "/usr/lib/apache2/modules";

fn find() -> Result<Apache, Missing> {
    let modules = Path::new(MODULES);
    match find_program("apache2").filter(|_| modules.join("mod_auth_digest.so").is_file()) {
        Some(program) => Ok(Apache { program, modules }),
        None => Err(Missing::program("Apache is not installed; on Debian: apt-get install apache2-bin")),
    }
}

impl Apache {
    fn start(&self) -> WebServer {
        WebServer::start(|dir, port| {
            dir.write("htdigest", htdigest_line(HashFunction::Md5) + "\n");
            let config = dir.write("httpd.conf", self.configuration(dir.path(), port));
            let mut command = Command::new(&self.program);
            // -X: one process, in the foreground.
            command.arg("-X").arg("-f").arg(config).arg("-d").arg(dir.path());
            command
        })
    }

    /// One process serves one connection after the other (prefork), so that requests are logged in the order in which
    /// they are answered. The threaded modules would close a kept connection when all of too few threads are busy.
    fn configuration(&self, dir: &Path, port: u16) -> String {
        let (dir, modules) = (dir.display(), self.modules.display());
        let log_format = LOG_FORMAT.replace('"', "\\\"");
        format!(
            r#"ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{dir}/pid"
Mutex "file:{dir}"
# Who root becomes; nobody else becomes anybody.
User www-data
Group www-data
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_digest_module {modules}/mod_auth_digest.so
LoadModule rewrite_module {modules}/mod_rewrite.so
ErrorLog "{dir}/error.log"
LogFormat "{log_format}" requests
CustomLog "{dir}/access.log" requests
DocumentRoot "{dir}/pages"
RewriteEngine On
RewriteCond %{{QUERY_STRING}} ^pageNum=([0-9]+)&
RewriteRule ^{PATH}$ /page-%1.json
<Location />
    AuthType Digest
    AuthName "{REALM}"
    AuthUserFile "{dir}/htdigest"
    Require valid-user
</Location>
"#
        )
    }
}

fn replaces_the_nonce(apache: &Apache) {
    let mut server = apache.start();
    let client = server.client(PASSWORD);
    assert_eq!(list_ids(&client), all_ids());
    server.restart();
    assert_eq!(list_ids(&client), all_ids());
    let requests = [(401, 1, Some(4)), (200, 1, Some(1)), (200, 2, Some(2)), (200, 3, Some(3))];
    assert_eq!(server.log_without(client), one_connection(&requests));
}

fn verifies_rspauth(apache: &Apache) {
    let server = apache.start();
    let exchange = RawExchange::with(&server);
    let attempt = exchange.authenticated();
    let first_info = exchange.send(&attempt).authentication_info.unwrap();
    assert!(first_info.contains("rspauth=\""), "{first_info}");
    assert_eq!(exchange.record_success(attempt, &first_info), Ok(()));

    type Tamper = fn(&str) -> String;
    let tampers: [(&str, Tamper); 3] = [
        ("a digit changed", |info| flip_first_digit_of_rspauth(info)),
        ("no digit left", |info| info.replace("rspauth=\"", "rspauth=\"\", was=\"")),
        ("longer by a digit", |info| info.replace("rspauth=\"", "rspauth=\"0")),
    ];
    for (name, tamper) in tampers {
        let attempt = exchange.authenticated();
        let info = exchange.send(&attempt).authentication_info.unwrap();
        assert_eq!(
            exchange.record_success(attempt, &tamper(&info)),
            Err(digest::Error::WrongRspauth),
            "{name}"
        );
        // The nonce that it came with is not used again.
        assert_eq!(exchange.authorize().basis(), Basis::Unauthenticated, "{name}");
    }

    let attempt = exchange.authenticated();
    assert_eq!(exchange.send(&attempt).status, 200);
    let replayed = exchange.record_success(attempt, &first_info);
    assert_eq!(replayed, Err(digest::Error::WrongRspauth), "that of another answer");
}

fn flip_first_digit_of_rspauth(info: &str) -> String {
    let (before, value) = info.split_once("rspauth=\"").unwrap();
    let flipped = if value.starts_with('0') { '1' } else { '0' };
    format!("{before}rspauth=\"{flipped}{}", &value[1..])
}
