//! Every output format, to the letter, for data that is hard to print.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::simulator::Simulator;
use support::program::program;

const PROJECT: &str = "32b6e34b3d91647abb20e7b8";
const OTHER: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";

/// The documents of the API's documentation, and names that no cloud provider allows.
const BUCKETS: [&str; 5] = [
    r#"{"_id":"5e4e593f70dfbf1010295836","bucketName":"example-bucket","cloudProvider":"AWS","iamRoleId":"5e4e593f70dfbf1010295838","region":"us-east-1","requirePrivateNetworking":false}"#,
    r#"{"_id":"5e4e593f70dfbf1010295837","bucketName":"東京-バケット","cloudProvider":"AZURE","roleId":"668c5f0ed436263134491592","serviceUrl":"https://examplestorageaccount.blob.core.windows.net/examplecontainer","tenantId":"ab1c2d3e"}"#,
    r#"{"_id":"5e4e593f70dfbf1010295838","bucketName":"a \"b\", c","cloudProvider":"GCP","roleId":"668c5f0ed436263134491593","links":[{"href":"https://x","rel":"self"}]}"#,
    r#"{"_id":"5e4e593f70dfbf1010295839","bucketName":"line\nend\u001b[31m","cloudProvider":"OCI","new":{"z":1.50,"a":null}}"#,
    r#"{"_id":"5e4e593f70dfbf101029583a","bucketName":"é","cloudProvider":"AWS","iamRoleId":null}"#,
];

/// What `list` prints to standard output.
fn list(args: &[&str]) -> String {
    let atlas =
        Simulator::builder().key("public", "private").project(PROJECT, BUCKETS).project(OTHER, [BUCKETS[4]]);
    let atlas = atlas.start().unwrap();
    let run = program()
        .args(["list"].iter().chain(args))
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", "private")
        .env("MONGODB_ATLAS_PROJECT_ID", PROJECT)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

#[test]
fn a_table_is_aligned_by_what_is_seen() {
    let expected = "\
ID                         BUCKET NAME           CLOUD PROVIDER   IAM ROLE ID
5e4e593f70dfbf1010295836   example-bucket        AWS              5e4e593f70dfbf1010295838
5e4e593f70dfbf1010295837   東京-バケット         AZURE            668c5f0ed436263134491592
5e4e593f70dfbf1010295838   a \"b\", c              GCP              668c5f0ed436263134491593
5e4e593f70dfbf1010295839   line\\nend\\u{1b}[31m   OCI
5e4e593f70dfbf101029583a   é                     AWS
";
    assert_eq!(list(&[]), expected);
    assert_eq!(list(&["--output=table", "--api-version=2024-05-30"]), expected);
}

#[test]
fn several_projects_have_a_table_each() {
    let expected = "\
Project aaaaaaaaaaaaaaaaaaaaaaaa
ID                         BUCKET NAME   CLOUD PROVIDER   IAM ROLE ID
5e4e593f70dfbf101029583a   é             AWS

Project 32b6e34b3d91647abb20e7b8
ID                         BUCKET NAME      CLOUD PROVIDER   IAM ROLE ID
5e4e593f70dfbf1010295836   example-bucket   AWS              5e4e593f70dfbf1010295838
";
    assert_eq!(
        list(&["--project-id", OTHER, "--project-id", PROJECT, "--page", "1", "--limit", "1"]),
        expected
    );
}

#[test]
fn ndjson_is_a_bucket_a_line_as_atlas_sent_it() {
    let lines: String = BUCKETS[..4].iter().map(|bucket| format!("{bucket}\n")).collect();
    let null_goes_last =
        r#"{"_id":"5e4e593f70dfbf101029583a","bucketName":"é","cloudProvider":"AWS","iamRoleId":null}"#;
    assert_eq!(list(&["-o", "ndjson"]), format!("{lines}{null_goes_last}\n"));
    let with_project = BUCKETS[0].replace('}', &format!(",\"groupId\":\"{PROJECT}\"}}"));
    let args =
        ["-o", "ndjson", "--limit", "1", "--page", "1", "--project-id", PROJECT, "--project-id", OTHER];
    assert_eq!(list(&args).lines().next(), Some(with_project.as_str()));
}

#[test]
fn ndjson_is_a_bucket_a_line_whatever_the_server_indents() {
    let output = list(&["-o", "ndjson", "--pretty"]);
    assert_eq!(output.lines().count(), 5);
    for (line, sent) in output.lines().zip(BUCKETS) {
        let value = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(line), value(sent));
    }
}

#[test]
fn json_is_one_object() {
    assert_eq!(
        list(&["-o", "json"]),
        format!("{{\"results\":[\n{}\n],\"totalCount\":5}}\n", BUCKETS.join(",\n"))
    );
    let of_one_page = format!("{{\"results\":[\n{}\n],\"totalCount\":5}}\n", BUCKETS[1]);
    assert_eq!(list(&["-o", "json", "--page", "2", "--limit", "1"]), of_one_page);
    let uncounted = format!("{{\"results\":[\n{}\n]}}\n", BUCKETS[1]);
    assert_eq!(list(&["-o", "json", "--page", "2", "--limit", "1", "--no-count"]), uncounted);
    assert_eq!(list(&["-o", "json", "--page", "9"]), "{\"results\":[],\"totalCount\":5}\n");
}

#[test]
fn documents_round_trip_as_json_values_in_both_versions() {
    for version in ["v1.0", "2024-05-30"] {
        let output: serde_json::Value =
            serde_json::from_str(&list(&["-o", "json", "--api-version", version])).unwrap();
        let sent: Vec<serde_json::Value> =
            BUCKETS.iter().map(|bucket| serde_json::from_str(bucket).unwrap()).collect();
        assert_eq!(output, serde_json::json!({ "results": sent, "totalCount": 5 }));
    }
}

#[test]
fn csv_is_quoted_as_rfc_4180_has_it() {
    let expected = "\
id,bucketName,cloudProvider,iamRoleId,region,requirePrivateNetworking,roleId,serviceUrl,tenantId\r
5e4e593f70dfbf1010295836,example-bucket,AWS,5e4e593f70dfbf1010295838,us-east-1,false,,,\r
5e4e593f70dfbf1010295837,東京-バケット,AZURE,,,,668c5f0ed436263134491592,https://examplestorageaccount.blob.core.windows.net/examplecontainer,ab1c2d3e\r
5e4e593f70dfbf1010295838,\"a \"\"b\"\", c\",GCP,,,,668c5f0ed436263134491593,,\r
5e4e593f70dfbf1010295839,\"line\nend\u{1b}[31m\",OCI,,,,,,\r
5e4e593f70dfbf101029583a,é,AWS,,,,,,\r
";
    assert_eq!(list(&["-o", "csv"]), expected);
    let first = format!(
        "groupId,id,bucketName,cloudProvider,iamRoleId,region,requirePrivateNetworking,roleId,serviceUrl,tenantId\r\n{OTHER},5e4e"
    );
    assert!(list(&["-o", "csv", "--project-id", OTHER, "--project-id", PROJECT]).starts_with(&first));
    assert_eq!(list(&["-o", "csv", "--page", "9"]).lines().count(), 1);
}

#[test]
fn raw_is_the_body_to_the_letter() {
    let body = list(&["-o", "raw", "--no-count"]);
    let buckets: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(buckets["results"].as_array().unwrap().len(), 5);
    // What a parser would have changed is still there.
    assert!(body.contains(r#""new":{"z":1.50,"a":null}"#), "{body}");
}
