//! Challenges and `Authentication-Info`. The first byte chooses who asks for what; each line behind it is a
//! `WWW-Authenticate` field or, behind `i:`, an `Authentication-Info` field.
//!
//! A second parser must choose the same challenge, and the simulator's verifier must accept what is answered to it: to
//! the challenge itself, to the `nextnonce` that the verifier announces, and to the one that the input does.
#![no_main]

use atlas_export_buckets::digest::{
    Algorithm, Attempt, Basis, Challenge, Error, Qop, Request, Session, UserCredentials,
};
use atlas_export_buckets::fuzzing::Verifier;
use atlas_export_buckets::simulator::DigestOffer;
use fuzz::authentication::{self as naive, Element};
use libfuzzer_sys::fuzz_target;

const USERS: [(&str, &str); 4] =
    [("user", "secret"), ("J\u{e4}s\u{f8}n", "pa:ss\u{2603}"), ("a\"b\\c", ""), ("tab\tnul\0", "\"")];
const TARGETS: [&str; 2] = ["/api?pageNum=1&x=%20", "/\"quoted\\"];
const CONTENT: &[u8] = b"{\"results\":[]}";

fuzz_target!(|data: &[u8]| {
    let Some((&choice, lines)) = data.split_first() else {
        return;
    };
    let (username, password) = USERS[usize::from(choice & 3)];
    let request = match choice & 8 {
        0 => Request::get(TARGETS[usize::from(choice >> 2 & 1)]),
        _ => Request { method: "POST", uri: TARGETS[0], body: b"a=b" },
    };
    let lines: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').collect();
    let (infos, challenges): (Vec<&[u8]>, Vec<&[u8]>) =
        lines.iter().partition(|line| line.starts_with(b"i:"));
    let infos: Vec<&[u8]> = infos.iter().map(|line| &line[2..]).collect();

    let offered = naive::first_challenge(&challenges);
    same_choice(Challenge::select(challenges.iter().copied()).ok(), offered.as_ref());

    let session = Session::new(UserCredentials::new(username, password));
    let attempt = session.authorize(&request).expect("randomness");
    let answered = session.answer_challenge(attempt, challenges.iter().copied(), &request);
    let (attempt, offered) = match (answered, offered) {
        (Ok(attempt), Some(offered)) => (attempt, offered),
        (Err(Error::NoChallenge(none)), None) => {
            assert!(none.to_string().is_ascii());
            return;
        }
        (answered, offered) => panic!("{answered:?} to {offered:?}"),
    };
    let user = (username, password);
    conversation(&session, attempt, &request, &infos, &offered, user);
});

/// What a challenge offers, as the second parser has read it.
fn offer(offered: &naive::Challenge) -> DigestOffer {
    let auth = offered.auth.then_some(Qop::Auth);
    let offer = DigestOffer::default()
        .realm(offered.realm.as_slice())
        .algorithms(offered.algorithm.as_deref().and_then(Algorithm::from_name))
        .qop(auth.into_iter().chain(offered.auth_int.then_some(Qop::AuthInt)))
        .userhash(offered.userhash);
    match &offered.opaque {
        Some(opaque) => offer.opaque(opaque.as_slice()),
        None => offer,
    }
}

/// Three requests under three nonces: that of the challenge, the verifier's `nextnonce`, and the one that the input has.
fn conversation(
    session: &Session,
    attempt: Attempt,
    request: &Request<'_>,
    infos: &[&[u8]],
    offered: &naive::Challenge,
    (username, password): (&str, &str),
) {
    let has_qop = offered.auth || offered.auth_int;
    let Ok(nonce) = str::from_utf8(&offered.nonce) else {
        return says(&attempt, &offered.nonce, "00000001", has_qop);
    };
    let mut verifier = Verifier::new(username, password, offer(offered), nonce);
    let mut verify = |attempt: &Attempt| -> Vec<u8> {
        let authorization = attempt.authorization().expect("an answer");
        let params = naive::credentials(authorization).expect("well formed");
        assert_eq!(naive::value(&params, "userhash"), offered.userhash.then_some(b"true".as_slice()));
        let verdict = verifier.verify(request.method, request.uri, request.body, authorization, CONTENT);
        verdict.unwrap_or_else(|problem| panic!("{} is refused: {problem}", authorization.escape_ascii()))
    };

    // The challenge, and the nonce that follows in the verifier's own words.
    let info = verify(&attempt);
    session.record_success(attempt, request, [info.as_slice()], CONTENT).expect("the right rspauth");
    let attempt = session.authorize(request).expect("randomness");
    assert_eq!(attempt.basis(), Basis::Reused);
    let next = naive::elements(&info).into_iter().find_map(|element| match element {
        Element::Param(param) if param.name == b"nextnonce" => Some(param.value),
        _ => None,
    });
    let next = next.expect("a nextnonce");
    says(&attempt, &next, "00000001", has_qop);
    verify(&attempt);

    // And in those of the input.
    let (rspauth, nextnonce) = info_of(infos);
    let accepted = session.record_success(attempt, request, infos.iter().copied(), CONTENT);
    let attempt = session.authorize(request).expect("randomness");
    match (rspauth, nextnonce) {
        (true, _) => {
            assert_eq!(accepted, Err(Error::WrongRspauth));
            assert_eq!(attempt.basis(), Basis::Unauthenticated, "a nonce of somebody else's");
        }
        (false, Some(nonce)) if nonce != next => {
            assert_eq!(accepted, Ok(()));
            // The count of the challenge's own nonce goes on.
            let nc = if nonce == offered.nonce { "00000002" } else { "00000001" };
            says(&attempt, &nonce, nc, has_qop);
        }
        (false, _) => {
            assert_eq!(accepted, Ok(()));
            says(&attempt, &next, "00000002", has_qop);
            verify(&attempt);
        }
    }
}

fn same_choice(chosen: Option<Challenge>, offered: Option<&naive::Challenge>) {
    let (chosen, offered) = match (chosen, offered) {
        (None, None) => return,
        (Some(chosen), Some(offered)) => (chosen, offered),
        (chosen, offered) => panic!("{chosen:?} is chosen, but the other parser finds {offered:?}"),
    };
    let qop = match (offered.auth, offered.auth_int) {
        (true, _) => Some(Qop::Auth),
        (false, true) => Some(Qop::AuthInt),
        (false, false) => None,
    };
    assert_eq!(chosen.realm, offered.realm);
    assert_eq!(chosen.nonce, offered.nonce);
    assert_eq!(chosen.opaque, offered.opaque);
    assert_eq!(chosen.domain, offered.domain);
    assert_eq!(chosen.algorithm_name, offered.algorithm);
    assert_eq!(chosen.qop, qop);
    assert_eq!(
        (chosen.stale, chosen.userhash, chosen.charset_utf8),
        (offered.stale, offered.userhash, offered.charset_utf8)
    );
}

/// It is well formed, and under this nonce and count.
fn says(attempt: &Attempt, nonce: &[u8], nc: &str, has_qop: bool) {
    let params = naive::credentials(attempt.authorization().expect("an answer")).expect("well formed");
    assert_eq!(naive::value(&params, "nonce"), Some(nonce));
    assert_eq!(naive::value(&params, "nc"), has_qop.then_some(nc.as_bytes()));
}

/// Whether there is a `rspauth`, which cannot be right, and the `nextnonce` that counts.
fn info_of(fields: &[&[u8]]) -> (bool, Option<Vec<u8>>) {
    let (mut rspauth, mut nextnonce) = (false, None);
    for element in fields.iter().flat_map(|field| naive::elements(field)) {
        match element {
            Element::Param(param) if param.name == b"rspauth" => rspauth = true,
            Element::Param(param) if param.name == b"nextnonce" => nextnonce = Some(param.value),
            _ => {}
        }
    }
    (rspauth, nextnonce.filter(|nonce| (1..=4096).contains(&nonce.len())))
}
