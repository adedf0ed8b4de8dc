//! Stanzas by themselves: ids, types, questions and addresses (RFC 6120 §8, RFC 6121 §4.7 and §5.2, RFC 7622).

use std::collections::VecDeque;
use std::time::Duration;

use super::view::StreamView;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Message, Reading, Step};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{jid, ns};

/// So many open questions of each side are remembered.
const REMEMBERED: usize = 64;
const MESSAGES: [&str; 5] = ["normal", "chat", "groupchat", "headline", "error"];
const PRESENCES: [&str; 7] =
    ["unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"];

/// Judges stanzas. Each kind of mistake is reported once per session and side.
#[derive(Debug, Default)]
pub struct Stanzas {
    sessions: PerSession<Box<[State; 2]>>,
    /// Until then, questions may have passed without being seen.
    unseen: Option<Duration>,
}

/// What is known of one side.
#[derive(Debug, Default)]
struct State {
    told: Vec<&'static str>,
    /// Its questions that wait for an answer, by id and address.
    open: VecDeque<(String, Option<String>)>,
    /// The latest rids of messages that were judged: what is sent again is not judged again.
    rids: VecDeque<u64>,
    /// So many questions were forgotten or not seen that an answer may have had one.
    blind: bool,
}

impl Rule for Stanzas {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if moment.hides_requests() {
            self.unseen = Some(moment.event.at);
            return self.sessions.clear();
        }
        let Some(view) = moment.stream() else { return };
        let joined = self.unseen.is_some_and(|until| view.session.began <= until);
        let sides = self.sessions.of(view.session.id, moment.story);
        if sides[view.from as usize].is_again(view.message) {
            return;
        }
        // What could not be read may have been a question.
        let is_unread = matches!(view.message.reading, Reading::Partial | Reading::Malformed(_));
        sides[view.from as usize].blind |= is_unread;
        for side in sides.iter_mut() {
            side.blind |= joined;
        }
        for element in view.elements().filter(|element| element.namespace() == ns::CLIENT) {
            judge(element, &view, sides, found);
        }
    }
}

impl State {
    /// Whether a message was sent before: in BOSH with the same rid, otherwise after a resumption.
    fn is_again(&mut self, message: &Message) -> bool {
        if let Some(Step::Counted(_, again)) = message.management {
            return again > 0;
        }
        let Some(rid) = message.rid() else { return false };
        if self.rids.contains(&rid) {
            return true;
        }
        if self.rids.len() == REMEMBERED {
            self.rids.pop_front();
        }
        self.rids.push_back(rid);
        false
    }
}

/// What is wrong with a stanza.
struct Wrong {
    kind: &'static Kind,
    what: &'static str,
    level: Level,
    words: String,
}

fn judge(stanza: &Element, view: &StreamView<'_>, sides: &mut [State; 2], found: &mut Findings) {
    let mut wrong = Vec::new();
    match stanza.name() {
        // An answer has the id of its question, if that has one.
        "iq" if answers_none(stanza, &sides[view.from.other() as usize]) => return,
        "iq" => iq(stanza, &mut wrong),
        "message" => {
            kind(stanza, &MESSAGES, Level::Note, "it is taken for normal", &mut wrong);
        }
        "presence" => kind(stanza, &PRESENCES, Level::Error, "servers refuse it", &mut wrong),
        _ => return,
    }
    addresses(stanza, view, &mut wrong);
    if stanza.name() == "iq" {
        questions(stanza, view, sides, &mut wrong);
    }
    let told = &mut sides[view.from as usize].told;
    for Wrong { kind, what, level, words } in wrong {
        if !told.contains(&what) {
            told.push(what);
            let words = format!("{words} Reported once per session and side.");
            found.add(kind, None, level, Party::from(view.from), words);
        }
    }
}

/// Whether this iq refuses one of the other side that had no id.
fn answers_none(iq: &Element, other: &State) -> bool {
    iq.attr("type") == Some("error") && iq.attr("id").is_none() && other.told.contains(&"id")
}

fn iq(iq: &Element, wrong: &mut Vec<Wrong>) {
    let kind = &kinds::IQ_INVALID;
    let mut add = |what, level, words: String| wrong.push(Wrong { kind, what, level, words });
    if iq.attr("id").is_none_or(str::is_empty) {
        let words = "An iq has no id, so that no answer can be matched to it: servers answer \
            bad-request (RFC 6120 §8.2.3).";
        add("id", Level::Error, words.to_owned());
    }
    let payloads = iq.children().filter(|child| child.name() != "error").count();
    match iq.attr("type") {
        Some("get" | "set") if payloads != 1 => {
            let words = format!(
                "An iq of type get or set has {payloads} elements in it, where exactly one says what \
                 is asked (RFC 6120 §8.2.3)."
            );
            add("payload", Level::Error, words);
        }
        Some("result") if payloads > 1 => {
            let words =
                format!("An iq of type result has {payloads} elements in it, at most one may.");
            add("payload", Level::Error, words);
        }
        Some("error") if !iq.children().any(|child| child.name() == "error") => {
            add("error", Level::Error, "An iq of type error has no <error/> in it.".to_owned());
        }
        Some("get" | "set" | "result" | "error") => {}
        None => {
            add(
                "type",
                Level::Error,
                "An iq has no type: it is get, set, result or error.".to_owned(),
            );
        }
        Some(other) => {
            let words = format!(
                "An iq has type='{}', which does not exist: it is get, set, result or error.",
                short(other)
            );
            add("type", Level::Error, words);
        }
    }
}

fn kind(stanza: &Element, known: &[&str], level: Level, effect: &str, wrong: &mut Vec<Wrong>) {
    let Some(other) = stanza.attr("type").filter(|kind| !known.contains(kind)) else { return };
    let hint = match (stanza.name(), other) {
        ("presence", "available") => " (available presence has no type)",
        _ => "",
    };
    let words = format!(
        "A <{}> has type='{}', which does not exist{hint}: {effect}.",
        stanza.name(),
        short(other)
    );
    wrong.push(Wrong { kind: &kinds::STANZA_INVALID, what: "kind", level, words });
}

fn addresses(stanza: &Element, view: &StreamView<'_>, wrong: &mut Vec<Wrong>) {
    let kind = &kinds::STANZA_INVALID;
    for name in ["to", "from"] {
        if let Some(why) = stanza.attr(name).and_then(malformed) {
            let words = format!(
                "A <{}> has {name}='{}', which is not an address: {why}. Expect jid-malformed.",
                stanza.name(),
                short(stanza.attr(name).unwrap_or_default())
            );
            wrong.push(Wrong { kind, what: "address", level: Level::Error, words });
            return;
        }
    }
    if let (Side::Client, Some(from), Some(own)) =
        (view.from, stanza.attr("from"), view.session.jid())
        && view.session.link.line().is_none_or(|_| view.session.stream.management().id.is_none())
        && !is_same(from, own)
    {
        let words = format!(
            "A <{}> has from='{}', but the client's address is {}: a server refuses it, or puts \
             the right one in its place (RFC 6120 §8.1.2.1).",
            stanza.name(),
            short(from),
            short(own)
        );
        wrong.push(Wrong { kind, what: "from", level: Level::Error, words });
    }
}

/// Whether a client may call itself so.
fn is_same(from: &str, own: &str) -> bool {
    let (bare, own_bare) = (jid::before_slash(from), jid::before_slash(own));
    let resource = jid::after_slash(from).is_none_or(|it| jid::after_slash(own) == Some(it));
    bare.eq_ignore_ascii_case(own_bare) && resource
}

/// Why a text is not an address.
fn malformed(text: &str) -> Option<&'static str> {
    let bare = jid::before_slash(text);
    let (local, domain) = match bare.split_once('@') {
        Some((local, domain)) => (Some(local), domain),
        None => (None, bare),
    };
    if text.is_empty() {
        Some("it is empty")
    } else if local == Some("") {
        Some("nothing stands before the @")
    } else if domain.is_empty() {
        Some("it has no domain")
    } else if domain.contains('@') {
        Some("it has two @")
    } else if bare.chars().any(char::is_whitespace) {
        Some("it has a space in it")
    } else if jid::after_slash(text) == Some("") {
        Some("nothing stands after the slash")
    } else if bare.contains(['<', '>', '"', '\'', '&']) {
        Some("it has a character that is not allowed")
    } else {
        None
    }
}

/// The same id twice, and answers that nobody asked for.
fn questions(iq: &Element, view: &StreamView<'_>, sides: &mut [State; 2], wrong: &mut Vec<Wrong>) {
    let kind = &kinds::IQ_INVALID;
    let Some(id) = iq.attr("id") else { return };
    let (from, other) = (view.from as usize, view.from.other() as usize);
    match iq.attr("type") {
        Some("get" | "set") => {
            let key = (id.to_owned(), iq.attr("to").map(str::to_owned));
            if sides[from].open.contains(&key) {
                let words = format!(
                    "The id '{}' is used again while the first iq with it waits for its answer: it \
                     cannot be told which one is answered.",
                    short(id)
                );
                wrong.push(Wrong { kind, what: "again", level: Level::Warning, words });
                return;
            }
            if sides[from].open.len() == REMEMBERED {
                sides[from].open.pop_front();
                sides[from].blind = true;
            }
            sides[from].open.push_back(key);
        }
        Some("result" | "error") => {
            let asked = sides[other].open.iter().position(|(open, _)| open == id);
            match asked {
                Some(place) => {
                    sides[other].open.remove(place);
                }
                // A server passes on answers to what others asked elsewhere.
                None if view.from == Side::Client && view.from_opening && !sides[other].blind => {
                    let words = format!(
                        "An iq of type {} with the id '{}' answers nothing that was asked in this \
                         session.",
                        iq.attr("type").unwrap_or_default(),
                        short(id)
                    );
                    wrong.push(Wrong { kind, what: "unasked", level: Level::Warning, words });
                }
                None => {}
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::{of_kinds, websocket_login};

    #[test]
    fn stanzas_are_judged_by_themselves() {
        let ping = "<ping xmlns='urn:xmpp:ping'/>";
        for (side, stanza, expected) in [
            ("C", format!("<iq type='get' id='1'>{ping}</iq>"), ""),
            (
                "C",
                format!("<iq type='get'>{ping}</iq>"),
                "Error iq-invalid Client: An iq has no id",
            ),
            (
                "S",
                format!("<iq type='get' id=''>{ping}</iq>"),
                "Error iq-invalid Server: An iq has no id",
            ),
            ("C", format!("<iq id='1'>{ping}</iq>"), "Error iq-invalid Client: An iq has no type"),
            (
                "C",
                format!("<iq type='ask' id='1'>{ping}</iq>"),
                "Error iq-invalid Client: An iq has type='ask'",
            ),
            (
                "C",
                "<iq type='get' id='1'/>".into(),
                "Error iq-invalid Client: An iq of type get or set has 0 elements",
            ),
            (
                "C",
                format!("<iq type='set' id='1'>{ping}{ping}</iq>"),
                "Error iq-invalid Client: An iq of type get or set has 2 elements",
            ),
            (
                "C",
                "<iq type='result' id='77'/>".into(),
                "Warning iq-invalid Client: An iq of type result with the id '77' answers nothing",
            ),
            ("S", "<iq type='result' id='77'/>".into(), ""),
            (
                "C",
                "<message type='shout' to='b@b'/>".into(),
                "Note stanza-invalid Client: A <message> has type='shout'",
            ),
            (
                "C",
                "<presence type='available'/>".into(),
                "Error stanza-invalid Client: A <presence> has type='available', which does not exist (available",
            ),
            ("C", "<presence type='unavailable'/>".into(), ""),
            ("C", "<message from='alice@a/w' to='b'/>".into(), ""),
            ("C", "<message from='alice@a' to='b'/>".into(), ""),
            (
                "C",
                "<message from='bob@a/w' to='b'/>".into(),
                "Error stanza-invalid Client: A <message> has from='bob@a/w', but the client's address is alice@a/w",
            ),
            ("C", "<message from='alice@a/other' to='b'/>".into(), "Error stanza-invalid Client: "),
            (
                "C",
                "<message to='@a'/>".into(),
                "Error stanza-invalid Client: A <message> has to='@a', which is not an address: nothing",
            ),
            ("C", "<message to='b @a'/>".into(), "it has a space in it. Expect jid-malformed."),
            ("C", "<message to='a@b@c'/>".into(), "it has two @"),
            ("C", "<message to='b@'/>".into(), "it has no domain"),
            ("C", "<message to=''/>".into(), "it is empty"),
            ("C", "<message to='b@a/'/>".into(), "nothing stands after the slash"),
            ("C", "<message to='room@b.a/nick with spaces @'/>".into(), ""),
        ] {
            let stanza = stanza.replacen(' ', " xmlns='jabber:client' ", 1);
            let script = format!("{}10 1 {side}= {stanza}", websocket_login(0, 1));
            let found = of_kinds(&["iq-inv", "stanza-inv"], Level::Note, &script).join("\n");
            assert_eq!(found.is_empty(), expected.is_empty(), "{stanza}: {found}");
            assert!(found.contains(expected), "{stanza}: {found}");
        }
    }

    #[test]
    fn a_question_that_was_not_seen_may_have_been_asked() {
        let login = websocket_login(0, 1);
        let ping =
            "<iq xmlns='jabber:client' type='get' id='p1'><ping xmlns='urn:xmpp:ping'/></iq>";
        let answer = "20 1 C= <iq xmlns='jabber:client' type='result' id='p1'/>";
        for (before, is_wrong) in [
            (format!("10 1 S= {ping}\n"), false),
            (format!("10 1 S= {ping}\n15 1 !lost 3\n"), false),
            ("15 1 !lost 3\n".to_owned(), false),
            (String::new(), true),
        ] {
            let script = format!("{login}{before}{answer}");
            let found = of_kinds(&["iq-inv"], Level::Note, &script);
            assert_eq!(!found.is_empty(), is_wrong, "{script}: {found:?}");
        }
    }

    #[test]
    fn an_id_is_free_again_when_it_is_answered() {
        let ask =
            "C= <iq xmlns='jabber:client' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>";
        let answer = "S= <iq xmlns='jabber:client' type='result' id='1'/>";
        let begin = websocket_login(0, 1);
        let judged = |script: &str| of_kinds(&["iq-inv"], Level::Note, script);
        assert_eq!(judged(&format!("{begin}10 1 {ask}\n20 1 {answer}\n30 1 {ask}")), [""; 0]);
        let found = judged(&format!("{begin}10 1 {ask}\n30 1 {ask}"));
        assert!(found[0].contains("The id '1' is used again"), "{found:?}");
    }
}
