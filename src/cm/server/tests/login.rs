//! Streams, SASL and binding (RFC 6120 §4, §6, §7).

use super::*;

#[test]
fn features_follow_the_stream() {
    let mut bed = Bed::new();
    bed.open(1);
    let heard = bed.hear(1);
    has(
        &heard,
        &["header", "<mechanism>SCRAM-SHA-256</mechanism>", "<mechanism>ANONYMOUS</mechanism>"],
    );
    bed.command(1, Command::Restart);
    has(&bed.hear(1), &["header", "PLAIN"]);
    bed.send(1, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
    has(&bed.hear(1), &["<success"]);
    bed.command(1, Command::Restart);
    has(&bed.hear(1), &["<bind", "<session", "<optional/>"]);
}

#[test]
fn a_domain_that_is_not_served_is_unknown() {
    let mut bed = Bed::new();
    let opening = Opening { to: "elsewhere".to_owned(), ..Opening::default() };
    bed.command(1, Command::Open(opening));
    assert_eq!(bed.hear(1), ["Failed(HostUnknown)"]);
}

#[test]
fn failures_of_login_are_named_and_counted() {
    let mut bed = Bed::new();
    bed.open(1);
    bed.hear(1);
    let auth = |mechanism: &str, text: &str| {
        format!("<auth xmlns='{}' mechanism='{mechanism}'>{text}</auth>", ns::SASL)
    };
    for (xml, condition) in [
        (auth("NONE", ""), "invalid-mechanism"),
        (auth("PLAIN", "?"), "incorrect-encoding"),
        (auth("PLAIN", &STANDARD.encode("alice")), "malformed-request"),
        (auth("PLAIN", &STANDARD.encode("\0alice\0wrong")), "not-authorized"),
    ] {
        bed.send(1, &xml);
        has(&bed.hear(1), &[&format!("<failure xmlns='{}'><{condition}/>", ns::SASL)]);
    }
    bed.send(1, &auth("PLAIN", &STANDARD.encode("\0nobody\0wrong")));
    has(&bed.hear(1), &["policy-violation"]);
}

#[test]
fn a_stanza_before_login_ends_the_stream() {
    let mut bed = Bed::new();
    bed.open(1);
    bed.send(1, "<message/>");
    has(&bed.hear(1), &["<stream:error><not-authorized"]);
    bed.login(2, "alice", "a");
    bed.send(2, "<message from='bob@example.org'/>");
    has(&bed.hear(2), &["<invalid-from"]);
    bed.login(3, "alice", "a");
    bed.send(3, "<foo xmlns='urn:x'/>");
    has(&bed.hear(3), &["<unsupported-stanza-type"]);
}

#[test]
fn who_binds_a_resource_later_wins() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "web");
    bed.present(2, "alice", "web");
    has(&bed.hear(1), &["<conflict"]);
    bed.login(3, "bob", "b");
    bed.send(3, "<message to='alice@example.org/web' type='chat'><body>hi</body></message>");
    has(&bed.hear(2), &["<body>hi</body>"]);
}

#[test]
fn what_cannot_be_a_resource_is_replaced() {
    for wanted in [String::new(), "x".repeat(1024), "\u{e000}".to_owned()] {
        let mut bed = Bed::new();
        bed.open(1);
        bed.send(1, &auth("PLAIN", "\0alice\0alice-secret"));
        bed.command(1, Command::Restart);
        bed.send(1, &BIND.replace(">R<", &format!(">{wanted}<")));
        let heard = bed.hear(1).join("");
        has(std::slice::from_ref(&heard), &["type='result'", "<jid>alice@example.org/"]);
        assert!(!heard.contains(&format!("/{wanted}</jid>")), "{heard}");
    }
}

fn auth(mechanism: &str, text: &str) -> String {
    let text = STANDARD.encode(text);
    format!("<auth xmlns='{}' mechanism='{mechanism}'>{text}</auth>", ns::SASL)
}

/// Cause: names and passwords were compared as they came, so that whoever wrote them in another form stayed outside.
#[test]
fn names_and_passwords_are_prepared() {
    let account =
        Account { user: "i\u{e9}".to_owned(), password: Password::new("pass\u{a0}word\u{2168}") };
    let setup = Setup { accounts: vec![account], ..Setup::new("example.org", started()) };
    let mut bed = Bed { server: Server::new(setup, Box::new(Seeded::new(7))), said: Vec::new() };
    for (link, plain, verdict) in [
        // A soft hyphen is nothing, a no-break space a space, the sign for nine `IX`, e and its accent one letter.
        (1, "\0I\u{ad}e\u{301}\0pass wordIX", "<success"),
        (2, "\0i\u{e9}\0pass\u{a0}word\u{2168}", "<success"),
        (3, "\0i\u{e9}\0pass wordix", "<not-authorized"),
        (4, "\0i\u{e9}\0pass\u{7}", "<not-authorized"),
        (5, "\0i\u{e9}\0\u{ad}", "<not-authorized"),
        (6, "\0\u{ad}\0pass wordIX", "<not-authorized"),
    ] {
        bed.open(link);
        bed.send(link, &auth("PLAIN", plain));
        has(&bed.hear(link), &[verdict]);
    }
    assert!(!Password::new("bell\u{7}").is_usable());
    assert!(!Password::new("\u{ad}").is_usable());
}

/// The same with SCRAM: the client hashes the prepared password, and sends the name as it likes.
#[test]
fn scram_prepares_names_and_passwords_too() {
    use ring::{digest, hmac, pbkdf2};
    let account = Account { user: "ann".to_owned(), password: Password::new("a\u{ad}b\u{2168}") };
    let setup = Setup { accounts: vec![account], ..Setup::new("example.org", started()) };
    let mut bed = Bed { server: Server::new(setup, Box::new(Seeded::new(7))), said: Vec::new() };
    for (link, name, password, verdict) in [
        (1, "A\u{ad}nn", "abIX", "<success"),
        (2, "ann", "abix", "<not-authorized"),
        (3, "nobody", "abIX", "<not-authorized"),
        (4, "nobody", "\u{0}", "<not-authorized"),
    ] {
        bed.open(link);
        bed.hear(link);
        let bare = format!("n={name},r=abc");
        bed.send(link, &auth("SCRAM-SHA-256", &format!("n,,{bare}")));
        let heard = bed.hear(link).join("");
        let text = heard.split(['>', '<']).nth(2).unwrap();
        let first = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
        let nonce = first[2..].split(',').next().unwrap();
        let salt = STANDARD.decode(first.split(",s=").nth(1).unwrap().split(',').next().unwrap());
        let mut salted = [0; 32];
        let rounds = std::num::NonZeroU32::new(4096).unwrap();
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            rounds,
            &salt.unwrap(),
            password.as_bytes(),
            &mut salted,
        );
        let sign = |key: &[u8], data: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
        };
        let key = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, &key);
        let signature =
            sign(stored.as_ref(), format!("{bare},{first},c=biws,r={nonce}").as_bytes());
        let proof: Vec<u8> = key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let last = format!("c=biws,r={nonce},p={}", STANDARD.encode(proof));
        bed.send(
            link,
            &format!("<response xmlns='{}'>{}</response>", ns::SASL, STANDARD.encode(last)),
        );
        has(&bed.hear(link), &[verdict]);
    }
}

/// Cause: the older session request was only known without an address, and RFC 3921 §3 sends it to the domain.
#[test]
fn a_session_of_rfc_3921_is_granted() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>";
    bed.send(1, &format!("<iq type='set' id='s1' to='example.org'>{session}</iq>"));
    bed.send(1, &format!("<iq type='set' id='s2'>{session}</iq>"));
    has(&bed.hear(1), &["<iq type='result' id='s1' from='example.org'", "type='result' id='s2'"]);
}
