use super::*;

const PRIVATE: &str = "01234567-89ab-cdef-0123-456789abcdef";

#[test]
fn keys_that_cannot_be_sent_are_refused_without_being_shown() {
    let public = "the API key's public half ";
    let private = "the API key's private half ";
    let cases = [
        ("", "s3cret", public, "is empty: copy it from Atlas"),
        ("public", "", private, "is empty: copy it from Atlas"),
        ("s3c:ret", "s3cret", public, "has a colon: copy it again from Atlas"),
        (
            "public",
            "s3cret\n",
            private,
            "has a control character, perhaps a line end: copy it again from Atlas",
        ),
        (
            "s3c\u{85}ret",
            "s3cret",
            public,
            "has a control character, perhaps a line end: copy it again from Atlas",
        ),
        ("public", " s3cret", private, "has blanks at its ends: leave them off"),
        ("s3cret ", "s3cret", public, "has blanks at its ends: leave them off"),
        ("\"s3cret\"", "s3cret", public, "is in quotes: leave them off"),
        ("public", "'s3cret'", private, "is in quotes: leave them off"),
        (PRIVATE, "s3cret", public, "looks like a private half: perhaps the two are swapped"),
        (PRIVATE, PRIVATE, public, "looks like a private half: perhaps the two are swapped"),
    ];
    for (public, private, what, problem) in cases {
        let error = ApiKey::new(public, private).unwrap_err();
        assert_eq!(error.to_string(), format!("{what}{problem}"));
        assert!(!format!("{error} {error:?}").contains("s3c") && !error.to_string().contains(PRIVATE));
    }
    for public in ["mdb_sa_id_s3c", "mdb_sa_sk_s3c"] {
        let error = ApiKey::new(public, "mdb_sa_sk_s3c").unwrap_err().to_string();
        assert!(error.contains("belongs to a service account") && !error.contains("s3c"), "{error}");
    }
    let private_half = ServiceAccount::new(PRIVATE, "mdb_sa_sk_x").unwrap_err().to_string();
    assert!(private_half.contains("private half of an API key") && !private_half.contains(PRIVATE));
    let swapped = ServiceAccount::new("mdb_sa_sk_x", "mdb_sa_id_x").unwrap_err();
    assert!(swapped.to_string().contains("looks like a client secret"), "{swapped}");
    let with_scheme = AccessToken::new("Bearer abc.def").unwrap_err().to_string();
    assert_eq!(with_scheme, "the access token begins with Bearer: leave that off");
    for bad in ["", "a b", "tök", "a\r\nb", "=", "a=b"] {
        assert!(AccessToken::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn unusual_keys_are_fine() {
    for (public, private) in [("pübl ic", "pri:väte"), ("a", PRIVATE), ("a", "\"b"), ("\"", "'")] {
        assert!(ApiKey::new(public, private).is_ok(), "{public} {private}");
    }
    assert!(AccessToken::new("eyJhbGciOi.J9-_~+/==").is_ok());
}

fn from(variables: &'static [(&'static str, &'static str)]) -> Result<Credentials, InvalidInput> {
    Credentials::from_variables(&|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
    })
}

#[test]
fn the_first_kind_of_which_any_variable_is_set_counts() {
    let summary = |variables| from(variables).map(|credentials| credentials.summary());
    let missing =
        |name, other| Err(InvalidInput::environment(name, format!("is not set: it goes with {other}")));
    let cases: [(&'static [(&str, &str)], _); 9] = [
        (&[("MONGODB_ATLAS_ACCESS_TOKEN", "t"), ("MONGODB_ATLAS_CLIENT_ID", "i")], Ok("access token".into())),
        (
            &[
                ("MONGODB_ATLAS_ACCESS_TOKEN", ""),
                ("MONGODB_ATLAS_CLIENT_ID", "i"),
                ("MONGODB_ATLAS_CLIENT_SECRET", "s"),
                ("MONGODB_ATLAS_PUBLIC_API_KEY", "p"),
            ],
            Ok("service account i".into()),
        ),
        (
            &[("MONGODB_ATLAS_PUBLIC_API_KEY", "p"), ("MONGODB_ATLAS_PRIVATE_API_KEY", "s")],
            Ok("API key p".into()),
        ),
        (
            &[("MONGODB_ATLAS_CLIENT_ID", "i"), ("MONGODB_ATLAS_CLIENT_SECRET", "")],
            missing("MONGODB_ATLAS_CLIENT_SECRET", "MONGODB_ATLAS_CLIENT_ID"),
        ),
        (
            &[("MONGODB_ATLAS_CLIENT_SECRET", "s"), ("MONGODB_ATLAS_PUBLIC_API_KEY", "p")],
            missing("MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"),
        ),
        (
            &[("MONGODB_ATLAS_PRIVATE_API_KEY", "s")],
            missing("MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
        ),
        (&[], Err(InvalidInput::NoCredentials { seen: None })),
        (
            &[("MONGODB_ATLAS_PUBLIC_KEY", "p")],
            Err(InvalidInput::NoCredentials { seen: Some("MONGODB_ATLAS_PUBLIC_KEY") }),
        ),
        (
            &[("MCLI_PRIVATE_API_KEY", "s")],
            Err(InvalidInput::NoCredentials { seen: Some("MCLI_PRIVATE_API_KEY") }),
        ),
    ];
    for (variables, expected) in cases {
        assert_eq!(summary(variables), expected, "{variables:?}");
    }
}

#[test]
fn what_is_missing_is_told_by_name() {
    let none = from(&[]).unwrap_err().to_string();
    assert!(
        none.contains("MONGODB_ATLAS_CLIENT_ID") && none.contains("MONGODB_ATLAS_PUBLIC_API_KEY"),
        "{none}"
    );
    let seen = from(&[("MCLI_PUBLIC_API_KEY", "p")]).unwrap_err().to_string();
    assert!(seen.contains("MCLI_PUBLIC_API_KEY is set, but not read"), "{seen}");
}

#[test]
fn no_credentials_can_be_printed() {
    let all: [Credentials; 3] = [
        ApiKey::new("s3cret", "s3cret").unwrap().into(),
        ServiceAccount::new("s3cret", "s3cret").unwrap().into(),
        AccessToken::new("s3cret").unwrap().into(),
    ];
    assert_eq!(
        format!("{all:?}"),
        "[ApiKey(ApiKey(..)), ServiceAccount(ServiceAccount(..)), AccessToken(AccessToken(..))]"
    );
}
