use hickory_resolver::proto::op::ResponseCode;

use super::*;
use crate::clock::Clock;
use crate::wire::nameserver::{Answer, Srv, resolver};

fn service(priority: u16, weight: u16, host: &str) -> Service {
    Service { priority, weight, host: host.to_owned(), port: 5222 }
}

#[test]
fn priority_decides_and_among_equals_chance_by_weight() {
    let all = || vec![service(20, 0, "last"), service(10, 1, "rare"), service(10, 9, "often")];
    let hosts = |chance: fn(u32) -> u32| {
        ordered(all(), chance).into_iter().map(|service| service.host).collect::<Vec<_>>()
    };
    assert_eq!(hosts(|sum| sum), ["often", "rare", "last"]);
    assert_eq!(hosts(|_| 1), ["rare", "often", "last"]);
    assert_eq!(hosts(|sum| sum.min(2)), ["often", "rare", "last"]);
}

/// Looks up a domain whose DNS server answers like this; chance chooses the first.
async fn ask(answer: Answer, domain: &str) -> Result<Found, String> {
    services(&resolver(answer), "_xmpp-client._tcp", domain, |_| 0).await
}

#[tokio::test]
async fn records_come_in_the_order_in_which_they_are_to_be_tried() {
    const RECORDS: &[Srv] = &[
        (20, 0, 5223, "backup.example."),
        (5, 10, 5222, "a.example."),
        (5, 0, 5222, "unlikely.example."),
        (5, 10, 443, "b.example."),
        (5, 0, 1, "."),
    ];
    for answer in [Answer::Records(RECORDS), Answer::Truncated(RECORDS)] {
        let Found::Services(all) = ask(answer, "chat.example").await.unwrap() else { panic!() };
        let all: Vec<_> = all.iter().map(|s| (s.priority, s.port, &*s.host)).collect();
        assert_eq!(all[0], (5, 5222, "unlikely.example"));
        let mut equals = [all[1], all[2]];
        equals.sort_unstable();
        assert_eq!(equals, [(5, 443, "b.example"), (5, 5222, "a.example")]);
        assert_eq!(all[3..], [(20, 5223, "backup.example")]);
    }
}

#[tokio::test]
async fn a_domain_says_that_it_has_no_such_service() {
    for records in [&[(0, 0, 0, ".")][..], &[(0, 0, 0, "."), (10, 0, 0, ".")]] {
        let found = ask(Answer::Records(records), "chat.example").await;
        assert_eq!(found, Ok(Found::NotOffered));
    }
}

#[tokio::test]
async fn no_records_are_nothing_found() {
    for answer in [Answer::Records(&[]), Answer::Code(ResponseCode::NXDomain)] {
        assert_eq!(ask(answer, "chat.example").await, Ok(Found::Nothing), "{answer:?}");
    }
}

#[tokio::test]
async fn no_answer_is_an_error_after_a_short_time() {
    for (answer, word) in [
        (Answer::Code(ResponseCode::ServFail), "server failure"),
        (Answer::Code(ResponseCode::Refused), "refused"),
        (Answer::Silence, "time"),
    ] {
        let clock = Clock::start();
        let error = ask(answer, "chat.example").await.unwrap_err();
        assert!(clock.now().as_secs() < 10, "{:?}", clock.now());
        let begins = "cannot look up the SRV records of _xmpp-client._tcp.chat.example. (";
        assert!(error.starts_with(begins), "{error}");
        assert!(error.to_lowercase().contains(word), "{error}");
    }
}

#[tokio::test]
async fn what_is_an_address_already_is_not_looked_up() {
    for domain in ["127.0.0.1", "::1", "localhost", "LOCALHOST"] {
        let found = ask(Answer::Code(ResponseCode::ServFail), domain).await;
        assert_eq!(found, Ok(Found::Nothing), "{domain}");
    }
}
