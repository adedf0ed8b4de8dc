//! Rooms (XEP-0045).

use super::*;

#[test]
fn people_meet_in_a_room() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    let join = |nick: &str| {
        format!(
            "<presence to='room@conference.example.org/{nick}'><x xmlns='{}'/></presence>",
            ns::MUC
        )
    };
    bed.send(1, &join("al"));
    has(&bed.hear(1), &["code='110'", "code='201'", "affiliation='owner'", "<subject/>"]);
    bed.send(2, &join("al"));
    has(&bed.hear(2), &["<conflict"]);
    bed.send(
        1,
        "<message to='room@conference.example.org' type='groupchat'><body>first</body></message>",
    );
    bed.hear(1);
    bed.send(2, &join("bo"));
    has(&bed.hear(2), &["room@conference.example.org/al", "code='110'", "first", "<delay"]);
    has(&bed.hear(1), &["from='room@conference.example.org/bo'"]);
    bed.send(
        2,
        "<message to='room@conference.example.org' type='groupchat'><body>hello</body></message>",
    );
    has(&bed.hear(1), &["from='room@conference.example.org/bo'", "hello"]);
    has(&bed.hear(2), &["hello"]);
    bed.command(2, Command::Close);
    has(&bed.hear(1), &["room@conference.example.org/bo", "unavailable", "role='none'"]);
}
