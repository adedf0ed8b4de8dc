//! How programs write XML into their logs, as data: one [`Dialect`] for each. To teach the reader another one, add an entry and
//! a sample to [the tests](super::tests).
//!
//! What stands in front of the XML on its line is matched with `mark`, or, where the mark stands on a line of its own, that
//! line. Its groups are `recv` and `sent`, as the program says it, `client` and `server`, where it says who sent it,
//! `session`, and `bosh`, if that is carried by BOSH; a 2 is added to a name that is there already.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::wire::Side;

/// How a program writes.
pub(super) struct Dialect {
    /// What was read, as a phrase.
    pub what: &'static str,
    /// Whose log it is: what is received there was sent by the other one. `None`: what it holds has to say it.
    pub of: Option<Side>,
    /// How the XML is marked.
    mark: &'static str,
    /// The XML of such a line is a copy of what stands in another one.
    copy: Option<&'static str>,
    /// Lines by which the program is known even if it has logged no XML.
    signature: Option<&'static str>,
    /// Its streams are carried by WebSocket, where nothing else is said.
    pub websocket: bool,
    /// It writes XML anew, so that its text is not what was sent.
    pub rewrites: bool,
    /// What it lacks, as a note.
    pub note: Option<&'static str>,
}

/// A dialect, ready to be used.
pub(super) struct Known {
    pub dialect: &'static Dialect,
    mark: Regex,
    copy: Option<Regex>,
    signature: Option<Regex>,
}

/// What a line says of the XML on it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whether the program received it, or sent it.
    pub received: Option<bool>,
    /// Who sent it, where the line says that.
    pub by: Option<Side>,
    pub session: Option<String>,
    /// The session is carried by BOSH.
    pub bosh: bool,
    /// The dialect knows this line.
    pub known: bool,
    /// It is a copy of what stands in another line.
    pub copy: bool,
}

impl Mark {
    /// Whether it says who sent something.
    pub(super) fn says(&self) -> bool {
        self.received.is_some() || self.by.is_some()
    }
}

impl Known {
    /// What the text in front of XML says.
    pub(super) fn mark(&self, prefix: &str) -> Mark {
        let copy = self.copy.as_ref().is_some_and(|copy| copy.is_match(prefix));
        let Some(found) = self.mark.captures(prefix) else {
            return Mark { copy, ..Mark::default() };
        };
        let is = |names: [&str; 2]| names.iter().any(|name| found.name(name).is_some());
        let one = |names, other| if is(names) { Some(true) } else { is(other).then_some(false) };
        let session = found.name("session").or_else(|| found.name("session2"));
        Mark {
            received: one(["recv", "recv2"], ["sent", "sent2"]),
            by: one(["client", "client"], ["server", "server"])
                .map(|client| if client { Side::Client } else { Side::Server }),
            session: session.map(|session| session.as_str().to_owned()),
            bosh: found.name("bosh").is_some(),
            known: true,
            copy,
        }
    }

    /// Whether the program is known by this line.
    pub(super) fn is_by(&self, line: &str) -> bool {
        self.signature.as_ref().is_some_and(|signature| signature.is_match(line))
    }
}

/// All dialects, the ones that are the easiest to tell first.
pub(super) static DIALECTS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let compile = |pattern| Regex::new(pattern).expect("a test compiles all of them");
    let known = |dialect: &'static Dialect| Known {
        dialect,
        mark: compile(dialect.mark),
        copy: dialect.copy.map(compile),
        signature: dialect.signature.map(compile),
    };
    TABLE.iter().map(known).collect()
});

const CLIENT: Dialect = Dialect {
    what: "",
    of: Some(Side::Client),
    mark: "",
    copy: None,
    signature: None,
    websocket: false,
    rewrites: true,
    note: None,
};

const SERVER: Dialect = Dialect { of: Some(Side::Server), ..CLIENT };

static TABLE: &[Dialect] = &[
    // mod_bosh prints requests; mod_stanza_debug prints stanzas; without it, c2s and s2s print the first tags of stanzas.
    Dialect {
        what: "log of Prosody",
        mark: r"(?:^|\s)(?<session>(?:c2s|(?<bosh>bosh)|s2sin|s2sout|comp|jcp|mod_bosh)[\w-]*)\s+(?:debug|info|warn|error)\s+(?:(?<recv>RECV:|Received(?:\[\w+\]:)?|Handling new request [^<]*:)|(?<sent>SEND:|Sending\[\w+\]:))\s*$",
        copy: Some(
            r"BOSH stanza received:|(?:^|\s)bosh\S+\s+debug\s+(?:RECV:|Received\[)|Client sent opening|Sent reply",
        ),
        signature: Some(
            r"\s(?:c2s|bosh|mod_|portmanager|hostmanager|modulemanager|general|startup|adns|http)\w*\s+(?:debug|info|warn|error)\s",
        ),
        ..SERVER
    },
    // xmpp_socket: TCP, and what goes into BOSH and WebSocket; mod_bosh and ejabberd_bosh: Erlang terms.
    Dialect {
        what: "log of ejabberd",
        mark: r"\((?:(?<bosh>http_bind)\||[^()|]*\|)?(?<session><[\d.]+>)\) (?:(?<recv>Received)|(?<sent>Send)) XML on stream = |(?<recv2>Incoming data: )",
        signature: Some(r"\] <\d+\.\d+\.\d+>@(?:ejabberd|mod_|xmpp_|gen_mod)"),
        ..SERVER
    },
    Dialect {
        what: "log of MongooseIM",
        mark: r"what=(?:(?<recv>bosh_receive|received_xml_on_stream|ws_received)|(?<sent>bosh_send|ws_send))\b(?:.*?\b(?:c2s_pid|pid)=(?<session><[\d.]+>))?|@mod_bosh:\S+ (?:(?<sent2>Sending \(binary\) to)|Parsed body: ).*$",
        signature: Some(r"\bwhen=\S+ level=\w+ what="),
        ..SERVER
    },
    // The XML Debugger plugin's RawPrintFilter and RawPrintChannelHandler, and the property xmpp.httpbind.client.log.
    Dialect {
        what: "log of Openfire",
        mark: r"(?:C2S|S2S|EXC|CM|WS)\S* +\S* *- (?:(?<recv>RECV)|(?<sent>SENT)) - \( *(?<session>[^)]*)\): *$|HTTP (?:(?<recv2>RECV)|(?<sent2>SENT))\((?<session2>[^)]*)\): *$",
        copy: Some(r"INT (?:RECV|SENT)"),
        signature: Some(r"org\.jivesoftware\.openfire"),
        ..SERVER
    },
    Dialect {
        what: "log of a BOSH connection manager (node-xmpp-bosh)",
        mark: r"(?<recv>RECD): *$|(?<sent>SENT)\(\d+\): *$",
        ..SERVER
    },
    Dialect {
        what: "debug log of Smack",
        mark: r"(?:(?<recv>RECV)|(?<sent>SENT)) \((?<session>\d+)\): *$",
        copy: Some(r"RCV PKT \(\d+\)"),
        ..CLIENT
    },
    Dialect {
        what: "XML console of Gajim",
        mark: r"<!-- (?:(?<recv>In|Incoming)|(?<sent>Out|Outgoing)) [^<>]*?(?:\((?<session>[^()]*)\) )?-->\s*$",
        ..CLIENT
    },
    Dialect {
        what: "XML console of Psi",
        mark: r"<!-- TS:\S*-->\s*$",
        note: Some("Psi does not say who sent what"),
        ..CLIENT
    },
    Dialect {
        what: "debug log of xmpp.js (@xmpp/debug)",
        mark: r"^(?:\S+:\d+ +)?(?:(?<recv>IN)|(?<sent>OUT))\s*$",
        ..CLIENT
    },
    Dialect {
        what: "log of lib-jitsi-meet",
        mark: r#"\[ *\d{13} *, *"(?:(?<recv>incoming)|(?<sent>outgoing))" *, *"?$|\[modules/xmpp/[^\]]*\].*?(?:(?<recv2>RECV|incoming)|(?<sent2>SENT|outgoing))?:? *$"#,
        websocket: true,
        ..CLIENT
    },
    // With loglevel debug; the colours say who sent it.
    Dialect {
        what: "console log of converse.js",
        mark: r"(?:color: (?:(?<recv>darkgoldenrod)|(?<sent>darkcyan)))\s*$|\bDEBUG: *$|converse\S*:\d+(?::\d+)? *$|\blog\.js:\d+ .*$",
        websocket: true,
        ..CLIENT
    },
    Dialect {
        what: "debug log of slixmpp",
        mark: r"DEBUG.*?(?:(?<recv>RECV)|(?<sent>SEND)): *$",
        ..CLIENT
    },
    // What people write in rawInput and rawOutput of strophe.js, and what other programs print.
    Dialect {
        what: "console log of an XMPP client such as strophe.js",
        of: None,
        mark: r"(?:(?<recv>\b(?:RECV|RECEIVED|RECEIVE|RCV|RECD|Recv|Received|received|IN|In|in|incoming|Incoming|INCOMING|INPUT|input|rawInput|xmlInput)\b|←|<<+|<==?|<--?|(?:^|\s)< ?$)|(?<sent>\b(?:SENT|SEND|Sent|Send|sent|sending|Sending|OUT|Out|out|outgoing|Outgoing|OUTGOING|OUTPUT|output|rawOutput|xmlOutput)\b|→|>>+|==?>|--?>|(?:^|\s)> ?$))[^<>\w]*(?:\([\w.-]*\))?[^<>\w]*$",
        websocket: true,
        rewrites: false,
        ..CLIENT
    },
    // No marks at all.
    Dialect {
        what: "log with XMPP in it",
        mark: r"(?:^|\s)(?:(?<client>C|[Cc]lient|CLIENT)|(?<server>S|[Ss]erver|SERVER))[:>]?\s*(?:text)?\s*$|^$",
        websocket: true,
        ..CLIENT
    },
];

/// The dialect of pieces of XML, by what stands in front of them: the first of those that mark the most.
pub(super) fn spoken(prefixes: &[(String, Vec<u8>)]) -> &'static Known {
    let last = DIALECTS.len() - 1;
    let count = |known: &Known| {
        let marks = prefixes.iter().map(|(prefix, _)| known.mark(prefix));
        marks.filter(|mark| mark.known).count()
    };
    let mut best = (0, last);
    for (index, known) in DIALECTS.iter().enumerate() {
        let count = count(known);
        if count > best.0 {
            best = (count, index);
        }
    }
    &DIALECTS[best.1]
}
