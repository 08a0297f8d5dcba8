//! Which nonce a request takes, and its count.

use super::*;

const QOP: &str = ", qop=auth";

#[test]
fn a_count_that_would_overflow_retires_its_nonce() {
    let session = warm(ATLAS);
    session.nonces().accepted[0].nc = u32::MAX - 1;
    let last = session.authorize(&REQUEST).unwrap();
    assert_eq!(nonce_and_nc(&last), pair("N1", "ffffffff"));
    accept(&session, last);
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
    assert_eq!(session.nonces().accepted.len(), 0);
}

/// A session that knows these nonces, each used once.
fn with_nonces(nonces: impl IntoIterator<Item = usize>) -> Session {
    let session = session();
    // All are challenged before any is accepted, as when requests begin together.
    let start = |nonce| challenged_by(&session, &challenge(&format!("N{nonce}"), ", qop=auth"));
    let attempts: Vec<_> = nonces.into_iter().map(start).collect();
    attempts.into_iter().for_each(|attempt| accept(&session, attempt));
    session
}

#[test]
fn requests_at_once_have_nonces_of_their_own_while_there_are_some() {
    let session = with_nonces(1..=3);
    let attempts: Vec<_> = (0..3).map(|_| session.authorize(&REQUEST).unwrap()).collect();
    let used: Vec<_> = attempts.iter().map(nonce_and_nc).collect();
    assert_eq!(used, [pair("N3", "00000002"), pair("N2", "00000002"), pair("N1", "00000002")]);
    // All are in use: the fourth and the fifth share, each with a count of its own.
    let shared: Vec<_> = (0..2).map(|_| session.authorize(&REQUEST).unwrap()).collect();
    let used: Vec<_> = shared.iter().map(nonce_and_nc).collect();
    assert_eq!(used, [pair("N3", "00000003"), pair("N2", "00000003")]);
    // A request that ends, even without a response, leaves its nonce to the next.
    let mut attempts = attempts;
    drop(attempts.remove(2));
    assert_eq!(nonce_and_nc(&session.authorize(&REQUEST).unwrap()), pair("N1", "00000003"));
}

#[test]
fn a_nonce_that_served_128_requests_is_no_longer_shared() {
    let session = warm(ATLAS);
    (1..127).for_each(|_| accept(&session, session.authorize(&REQUEST).unwrap()));
    let busy = [session.authorize(&REQUEST).unwrap(), session.authorize(&REQUEST).unwrap()];
    assert_eq!(busy.map(|attempt| attempt.basis()), [Basis::Reused, Basis::Unauthenticated]);
}

#[test]
fn the_oldest_nonce_beyond_256_is_given_up() {
    let session = with_nonces(0..257);
    assert_eq!(session.nonces().accepted.len(), 256);
    assert_eq!(session.nonces().accepted[0].credentials.nonce(), b"N1");
}

#[test]
fn threads_that_share_a_session_never_repeat_a_count() {
    let session = with_nonces(1..=3); // They serve so few requests each that all are shared.
    let mut used: Vec<_> = std::thread::scope(|scope| {
        let work =
            || (0..15).map(|_| nonce_and_nc(&session.authorize(&REQUEST).unwrap())).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), 120);
    assert_eq!(session.nonces().accepted.iter().map(|nonce| nonce.nc - 1).sum::<u32>(), 120);
}

/// Sends this many requests before any of them is challenged, and answers the same challenge to each.
fn challenge_at_once(session: &Session, count: usize, challenge: &[u8]) -> Vec<Attempt> {
    let attempts: Vec<_> = (0..count).map(|_| session.authorize(&REQUEST).unwrap()).collect();
    let answer = |attempt| session.answer_challenge(attempt, [challenge], &REQUEST).unwrap();
    attempts.into_iter().map(answer).collect()
}

#[test]
fn requests_that_are_given_the_same_nonce_share_its_count() {
    let session = session();
    let attempts = challenge_at_once(&session, 3, &challenge("N1", QOP));
    let used: Vec<_> = attempts.iter().map(nonce_and_nc).collect();
    assert_eq!(used, [pair("N1", "00000001"), pair("N1", "00000002"), pair("N1", "00000003")]);
    assert!(attempts.iter().all(|attempt| attempt.basis() == Basis::Fresh));
    attempts.into_iter().for_each(|attempt| accept(&session, attempt));
    assert_eq!(session.nonces().accepted.len(), 1);
    let reused = session.authorize(&REQUEST).unwrap();
    assert_eq!((reused.basis(), nonce_and_nc(&reused)), (Basis::Reused, pair("N1", "00000004")));
}

#[test]
fn a_nonce_that_is_given_out_again_goes_on_counting_whatever_became_of_its_last_request() {
    type End = fn(&Session, Attempt);
    let cases: [(&str, End); 5] = [
        ("under way", |_, attempt| std::mem::forget(attempt)),
        ("lost", |_, attempt| drop(attempt)),
        ("accepted", accept),
        ("refused", |session, attempt| {
            session.answer_challenge(attempt, [ATLAS], &REQUEST).unwrap_err();
        }),
        ("accepted, and replaced by the next nonce", |session, attempt| {
            session.record_success(attempt, &REQUEST, Some(b"nextnonce=N2".as_slice()), b"").unwrap();
        }),
    ];
    for (name, end) in cases {
        let session = session();
        // Both go out without credentials.
        let (one, other) = (session.authorize(&REQUEST).unwrap(), session.authorize(&REQUEST).unwrap());
        let first = session.answer_challenge(one, [ATLAS], &REQUEST).unwrap();
        assert_eq!(nonce_and_nc(&first), pair("N1", "00000001"), "{name}");
        end(&session, first);
        let again = session.answer_challenge(other, [ATLAS], &REQUEST).unwrap();
        assert_eq!((again.basis(), nonce_and_nc(&again)), (Basis::Fresh, pair("N1", "00000002")), "{name}");
        accept(&session, again);
        let reused = session.authorize(&REQUEST).unwrap();
        assert_eq!(
            (reused.basis(), nonce_and_nc(&reused)),
            (Basis::Reused, pair("N1", "00000003")),
            "{name}"
        );
    }
}

#[test]
fn a_refused_reused_nonce_that_comes_with_its_own_refusal_goes_on_counting() {
    let session = warm(ATLAS);
    let reused = session.authorize(&REQUEST).unwrap();
    let fresh = session.answer_challenge(reused, [ATLAS], &REQUEST).unwrap();
    assert_eq!((fresh.basis(), nonce_and_nc(&fresh)), (Basis::Fresh, pair("N1", "00000003")));
}

#[test]
fn requests_under_the_same_nonce_of_a_sess_algorithm_share_its_key() {
    let attempts = challenge_at_once(&session(), 2, &challenge("N1", ", qop=auth, algorithm=MD5-sess"));
    let cnonce = get(&attempts[0], "cnonce").unwrap();
    let a1 = md5(&format!("{}:N1:{cnonce}", md5("user:r:secret")));
    let response = md5(&format!("{a1}:N1:00000002:{cnonce}:auth:{}", md5("GET:/path?query")));
    assert_eq!(get(&attempts[1], "cnonce"), Some(cnonce));
    assert_eq!(get(&attempts[1], "response"), Some(response));
}

#[test]
fn different_challenges_with_the_same_nonce_are_answered_each_as_it_is_under_one_count() {
    let session = session();
    let waiting = session.authorize(&REQUEST).unwrap();
    let one = challenged_by(&session, &challenge("N1", ", qop=auth, opaque=one"));
    let other = challenge("N1", ", qop=auth, opaque=other");
    let other = session.answer_challenge(waiting, [other.as_slice()], &REQUEST).unwrap();
    for (attempt, opaque, nc) in [(&one, "one", "00000001"), (&other, "other", "00000002")] {
        assert_eq!(get(attempt, "opaque").as_deref(), Some(opaque));
        assert_eq!(nonce_and_nc(attempt), pair("N1", nc));
    }
    // The accepted one is used from then on.
    accept(&session, one);
    let reused = session.authorize(&REQUEST).unwrap();
    assert_eq!(
        (get(&reused, "opaque").as_deref(), nonce_and_nc(&reused)),
        (Some("one"), pair("N1", "00000003"))
    );
}

#[test]
fn threads_that_are_challenged_with_the_same_nonce_never_repeat_a_count() {
    let session = session();
    let challenge = challenge("N1", QOP);
    let mut used: Vec<_> = std::thread::scope(|scope| {
        let work =
            || challenge_at_once(&session, 15, &challenge).iter().map(nonce_and_nc).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    used.sort_unstable();
    let expected: Vec<_> = (1..=120).map(|nc| pair("N1", &format!("{nc:08x}"))).collect();
    assert_eq!(used, expected);
}

#[test]
fn a_stale_fresh_nonce_is_told_and_the_next_attempt_begins_anew() {
    let session = session();
    let attempt = challenged_by(&session, ATLAS);
    let stale = challenge("N2", ", qop=auth, stale=true");
    let error = session.answer_challenge(attempt, [stale.as_slice()], &REQUEST).unwrap_err();
    assert_eq!(error, Error::Refused { stale: true });
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
}

#[test]
fn the_count_of_the_oldest_nonce_beyond_256_that_were_not_accepted_is_forgotten() {
    let session = session();
    let answer =
        |nonce: usize| nonce_and_nc(&challenged_by(&session, &challenge(&format!("N{nonce}"), QOP))).1;
    assert!((0..257).all(|nonce| answer(nonce) == "00000001"));
    assert_eq!(answer(1), "00000002");
    assert_eq!(answer(0), "00000001");
}

#[test]
fn a_count_that_would_overflow_begins_anew_if_the_server_gives_the_nonce_out_again() {
    let session = session();
    let attempts = [session.authorize(&REQUEST).unwrap(), session.authorize(&REQUEST).unwrap()];
    let [first, waiting] = attempts;
    let first = session.answer_challenge(first, [ATLAS], &REQUEST).unwrap();
    accept(&session, first);
    session.nonces().accepted[0].nc = u32::MAX;
    let again = session.answer_challenge(waiting, [ATLAS], &REQUEST).unwrap();
    assert_eq!(nonce_and_nc(&again), pair("N1", "00000001"));
}
