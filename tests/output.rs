//! Every output format, to the letter, for data that is hard to print.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::simulator::Simulator;
use support::program::{Run, program};

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

fn run(atlas: &Simulator, args: &[&str]) -> Run {
    program()
        .args(["list"].iter().chain(args))
        .key("public", "private")
        .env("MONGODB_ATLAS_PROJECT_ID", PROJECT)
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url())
        .run()
}

/// What `list` prints to standard output.
fn list(args: &[&str]) -> String {
    let atlas =
        Simulator::builder().key("public", "private").project(PROJECT, BUCKETS).project(OTHER, [BUCKETS[4]]);
    let run = run(&atlas.start().unwrap(), args);
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
fn several_projects_share_a_table_that_says_whose_each_bucket_is() {
    let expected = "\
PROJECT                    ID                         BUCKET NAME                        CLOUD PROVIDER   IAM ROLE ID
aaaaaaaaaaaaaaaaaaaaaaaa   5e4e593f70dfbf101029583a   é                                  AWS
32b6e34b3d91647abb20e7b8   5e4e593f70dfbf1010295836   example-bucket                     AWS              5e4e593f70dfbf1010295838
";
    assert_eq!(
        list(&["--project-id", OTHER, "--project-id", PROJECT, "--page", "1", "--limit", "1"]),
        expected
    );
}

#[test]
fn a_project_without_buckets_has_no_line_in_a_table() {
    let atlas = Simulator::builder().key("public", "private").project(OTHER, [""; 0]);
    let atlas = atlas.project(PROJECT, [BUCKETS[3]]).start().unwrap();
    let expected = "\
PROJECT                    ID                         BUCKET NAME                        CLOUD PROVIDER   IAM ROLE ID
32b6e34b3d91647abb20e7b8   5e4e593f70dfbf1010295839   line\\nend\\u{1b}[31m                OCI
";
    let told = run(&atlas, &["--project-id", OTHER, "--project-id", PROJECT]);
    assert_eq!((told.status, told.stdout.as_str(), told.stderr.as_str()), (Some(0), expected, ""));
}

#[test]
fn a_cell_of_a_table_cannot_flood_it() {
    let long = format!(r#"{{"_id":"5","bucketName":"{}","cloudProvider":"AWS"}}"#, "x".repeat(100_000));
    let atlas = Simulator::builder().key("public", "private").project(PROJECT, [BUCKETS[0], &long]);
    let output = run(&atlas.start().unwrap(), &[]).stdout;
    assert!(output.lines().all(|line| line.chars().count() <= 64 + 3 + 64 + 3 + 14 + 3 + 24), "{output}");
    assert!(output.contains(&format!("5                          {}…   AWS", "x".repeat(63))), "{output}");
}

/// A bucket as the program prints it in JSON.
fn with_project(project: &str, bucket: &str) -> String {
    bucket.replacen('{', &format!("{{\"groupId\":\"{project}\","), 1)
}

#[test]
fn ndjson_is_a_bucket_a_line_as_atlas_sent_it_behind_its_project() {
    let lines: String = BUCKETS.iter().map(|bucket| with_project(PROJECT, bucket) + "\n").collect();
    assert_eq!(list(&["-o", "ndjson"]), lines);
    let args =
        ["-o", "ndjson", "--limit", "1", "--page", "1", "--project-id", OTHER, "--project-id", PROJECT];
    let both = format!("{}\n{}\n", with_project(OTHER, BUCKETS[4]), with_project(PROJECT, BUCKETS[0]));
    assert_eq!(list(&args), both);
}

#[test]
fn ndjson_is_a_bucket_a_line_whatever_the_server_indents() {
    let output = list(&["-o", "ndjson", "--pretty"]);
    assert_eq!(output.lines().count(), 5);
    for (line, sent) in output.lines().zip(BUCKETS) {
        let value = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(line), value(&with_project(PROJECT, sent)));
    }
}

#[test]
fn json_is_one_object() {
    let buckets: Vec<String> = BUCKETS.iter().map(|bucket| with_project(PROJECT, bucket)).collect();
    assert_eq!(
        list(&["-o", "json"]),
        format!("{{\"results\":[\n{}\n],\"totalCount\":5}}\n", buckets.join(",\n"))
    );
    let of_one_page = format!("{{\"results\":[\n{}\n],\"totalCount\":5}}\n", buckets[1]);
    assert_eq!(list(&["-o", "json", "--page", "2", "--limit", "1"]), of_one_page);
    let uncounted = format!("{{\"results\":[\n{}\n]}}\n", buckets[1]);
    assert_eq!(list(&["-o", "json", "--page", "2", "--limit", "1", "--no-count"]), uncounted);
    let of_several = format!(
        "{{\"results\":[\n{},\n{}\n],\"totalCount\":6}}\n",
        with_project(OTHER, BUCKETS[4]),
        buckets.join(",\n")
    );
    assert_eq!(list(&["-o", "json", "--project-id", OTHER, "--project-id", PROJECT]), of_several);
}

#[test]
fn an_empty_list_has_its_frame_on_standard_output_and_a_word_on_standard_error() {
    let atlas = Simulator::builder().key("public", "private").project(PROJECT, [""; 0]).start().unwrap();
    for (format, expected) in [
        ("table", "ID   BUCKET NAME   CLOUD PROVIDER   IAM ROLE ID\n"),
        ("json", "{\"results\":[],\"totalCount\":0}\n"),
        ("ndjson", ""),
        (
            "csv",
            "groupId,id,bucketName,cloudProvider,iamRoleId,region,requirePrivateNetworking,roleId,serviceUrl,tenantId\n",
        ),
    ] {
        let told = run(&atlas, &["-o", format]);
        let stderr = "atlas-export-buckets: no export buckets\n";
        assert_eq!((told.stdout.as_str(), told.stderr.as_str()), (expected, stderr), "{format}");
        assert_eq!(run(&atlas, &["-o", format, "-q"]).stderr, "", "{format}");
    }
}

#[test]
fn a_page_without_buckets_is_named_since_others_may_have_some() {
    let atlas = Simulator::builder().key("public", "private").project(PROJECT, BUCKETS).start().unwrap();
    let told = run(&atlas, &["-o", "ndjson", "--page", "7"]);
    let expected = "atlas-export-buckets: no export buckets on page 7\n";
    assert_eq!((told.status, told.stdout.as_str(), told.stderr.as_str()), (Some(0), "", expected));
}

#[test]
fn documents_round_trip_as_json_values_in_both_versions() {
    for version in ["v1.0", "2024-05-30"] {
        let output: serde_json::Value =
            serde_json::from_str(&list(&["-o", "json", "--api-version", version])).unwrap();
        let sent: Vec<serde_json::Value> = BUCKETS
            .iter()
            .map(|bucket| serde_json::from_str(&with_project(PROJECT, bucket)).unwrap())
            .collect();
        assert_eq!(output, serde_json::json!({ "results": sent, "totalCount": 5 }));
    }
}

#[test]
fn csv_has_a_line_a_bucket_whatever_is_in_it() {
    let expected = "\
groupId,id,bucketName,cloudProvider,iamRoleId,region,requirePrivateNetworking,roleId,serviceUrl,tenantId
32b6e34b3d91647abb20e7b8,5e4e593f70dfbf1010295836,example-bucket,AWS,5e4e593f70dfbf1010295838,us-east-1,false,,,
32b6e34b3d91647abb20e7b8,5e4e593f70dfbf1010295837,東京-バケット,AZURE,,,,668c5f0ed436263134491592,https://examplestorageaccount.blob.core.windows.net/examplecontainer,ab1c2d3e
32b6e34b3d91647abb20e7b8,5e4e593f70dfbf1010295838,\"a \"\"b\"\", c\",GCP,,,,668c5f0ed436263134491593,,
32b6e34b3d91647abb20e7b8,5e4e593f70dfbf1010295839,line\\nend\\u{1b}[31m,OCI,,,,,,
32b6e34b3d91647abb20e7b8,5e4e593f70dfbf101029583a,é,AWS,,,,,,
";
    assert_eq!(list(&["-o", "csv"]), expected);
    let of_several = list(&["-o", "csv", "--project-id", OTHER, "--project-id", PROJECT]);
    let other = format!("{OTHER},5e4e593f70dfbf101029583a,é,AWS,,,,,,\n");
    assert_eq!(of_several, expected.replacen('\n', &format!("\n{other}"), 1));
}

#[test]
fn raw_is_the_body_to_the_letter() {
    let body = list(&["-o", "raw", "--no-count"]);
    let buckets: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(buckets["results"].as_array().unwrap().len(), 5);
    // What a parser would have changed is still there.
    assert!(body.contains(r#""new":{"z":1.50,"a":null}"#), "{body}");
}
