//! What a scenario says: plain data, each value with its place. Nothing is resolved here: texts may hold variables,
//! which get their values while the scenario runs.

use std::time::Duration;

use super::source::{Located, Place};

/// The actor that acts where a step names none.
pub const CLIENT: &str = "client";
/// The accounts that a target may provide.
pub const ACCOUNTS: [&str; 2] = ["alice", "bob"];

/// One scenario, its shared set-up included.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its whole file.
    pub place: Place,
    /// What it demands, in a sentence.
    pub name: Located<String>,
    /// Ids of the requirements that it checks; never empty.
    pub covers: Vec<Located<String>>,
    /// Prose for the reader.
    pub about: Option<Located<String>>,
    /// What must be provided, or it is skipped.
    pub needs: Vec<Located<Need>>,
    /// Who acts, the client first.
    pub actors: Vec<Actor>,
    /// Variables with their values, in order; those of shared files first.
    pub set: Vec<Assignment>,
    /// One run for each row; one run without values if there is none.
    pub sweep: Vec<Row>,
    /// Steps of the shared files, which go before its own.
    pub setup: Vec<Step>,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// One that says nothing yet.
    pub(super) fn unnamed(place: Place) -> Self {
        Self {
            name: Located::new(String::new(), place.clone()),
            place,
            covers: Vec::new(),
            about: None,
            needs: Vec::new(),
            actors: Vec::new(),
            set: Vec::new(),
            sweep: Vec::new(),
            setup: Vec::new(),
            steps: Vec::new(),
        }
    }
}

/// `NAME: VALUE`
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The variable.
    pub name: Located<String>,
    /// What it is to be.
    pub value: Located<Template>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it stands.
    pub place: Place,
    /// The variables of this run.
    pub values: Vec<Assignment>,
}

/// What a scenario needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Something of the target or of its operator.
    Provided(Provision),
    /// Something of the default actor's session, judged when that is open.
    Condition(Condition),
}

/// What a target may provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provision {
    /// Anonymous logins.
    Anonymous,
    /// The account `alice`.
    Account,
    /// The accounts `alice` and `bob`.
    Accounts,
    /// Multi-user chat rooms.
    Rooms,
    /// An address with TLS.
    Tls,
    /// An address without TLS.
    Plain,
    /// Certificates of clients.
    Certificates,
    /// Compressed requests and responses.
    Compression,
    /// A server of its own behind the connection manager.
    Upstream,
    /// Commands that stop and start it.
    Control,
    /// Time: the scenario waits for more than half a minute.
    Slow,
}

/// Someone who acts: a client with one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Actor {
    /// Its name.
    pub name: Located<String>,
    /// How many of them there are, named `NAME[1]` and so on; one without a number if this is not said.
    pub count: Option<Located<Count>>,
    /// Its session; none if it does raw work.
    pub session: Option<Session>,
}

/// The terms of a session, and how its requests travel. What is not said is left to the runner's usual terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Where it is described; the whole file if it is not.
    pub place: Place,
    /// Who logs in.
    pub login: Located<Login>,
    /// Attributes of the request that creates the session: `wait`, `hold`, `ver` and all others, by name as in
    /// [`Request::attributes`].
    pub attributes: Vec<Attribute>,
    /// The rid of the request that creates it.
    pub rid: Option<Located<Template>>,
    /// Length of its key sequences; without it there are no keys (XEP-0124 §15).
    pub keys: Option<Located<Count>>,
    /// Whether it is open before the first step, or opened by a `login` step.
    pub opened: Located<Opened>,
    /// Whether an empty request is always kept open for it, so that `send` and `expect` work without requests.
    pub polls: bool,
    /// Header fields of all its requests.
    pub headers: Vec<Header>,
    /// HTTP version of all its requests.
    pub http: Option<Located<Http>>,
    /// Which connections it uses.
    pub connections: Located<Connections>,
    /// Over which address.
    pub via: Option<Located<Via>>,
    /// The certificate it shows, of the account named.
    pub certificate: Option<Located<String>>,
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody: the session is created and drained, no more.
    None,
    /// A fresh anonymous user.
    Anonymous,
    /// An account of the target.
    Account(String),
}

/// When a session is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Before the first step.
    AtStart,
    /// By a `login` step.
    Later,
}

/// Which connections carry requests that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A free one, opened when there is none.
    Kept,
    /// A new one for each request.
    Fresh,
}

/// Which of a target's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Without TLS.
    Plain,
    /// With TLS.
    Tls,
}

/// HTTP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.0
    V10,
    /// HTTP/1.1
    V11,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The whole step.
    pub place: Place,
    /// The key that names its kind.
    pub kind_place: Place,
    /// What it does.
    pub kind: StepKind,
    /// The requirements that its failure breaks, if not all of the scenario's.
    pub covers: Vec<Located<String>>,
    /// How grave its failure is; as the requirements say if nothing is said here.
    pub level: Option<Located<Level>>,
    /// What is to be said of its failure.
    pub says: Option<Located<Template>>,
}

/// How grave it is that an expectation is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// To be told only.
    May,
    /// A warning.
    Should,
    /// A failure.
    Must,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Sends a request within a session, and goes on at once.
    Request(Box<Request>),
    /// Sends a request that creates a session for its actor, on the usual terms, and goes on at once.
    Create(Box<Request>),
    /// Sends the bytes of an earlier request again, and goes on at once.
    Resend(Resend),
    /// Sends bytes as they are written, and goes on at once.
    Raw(Raw),
    /// Sends these requests one directly after the other, on connections that were opened before. Each is a
    /// [`StepKind::Request`], [`StepKind::Create`] or [`StepKind::Resend`].
    Together(Vec<Step>),
    /// Opens a connection.
    Connect(Connect),
    /// Ends a connection.
    Close(Close),
    /// Awaits a response and compares it.
    Response(Box<Response>),
    /// Sees that these requests stay without an answer for a time.
    Silent {
        /// The requests.
        requests: Vec<Reference>,
        /// How long, from the start of the step.
        during: Located<Timespan>,
    },
    /// Sees that the connection manager ends a connection.
    Closed {
        /// The connection.
        connection: Located<String>,
        /// How long it may take, from the start of the step.
        within: Option<Located<Timespan>>,
        /// In which way; either if nothing is said.
        how: Option<Located<End>>,
    },
    /// Sees that a connection is still open.
    Kept {
        /// The connection.
        connection: Located<String>,
        /// How long it is watched; not at all if nothing is said.
        during: Option<Located<Timespan>>,
    },
    /// Sees that these requests were answered in this order.
    Order(Vec<Reference>),
    /// Sees that a session answers the next correct rid.
    Alive {
        /// Whose session.
        actor: Reference,
        /// How long the answer may take.
        within: Option<Located<Timespan>>,
    },
    /// Sees that the next correct rid is answered by item-not-found, or by 404.
    Gone {
        /// Whose session.
        actor: Reference,
        /// How long the answer may take.
        within: Option<Located<Timespan>>,
    },
    /// Sends empty requests until the server owes nothing.
    Drain(Reference),
    /// Opens the session of an actor on its terms if it has none, logs in as they say, and drains.
    Login(Reference),
    /// Does nothing for a time.
    Wait(Located<Timespan>),
    /// Sends a stanza for an actor that polls.
    Send {
        /// Who sends.
        actor: Reference,
        /// The stanza, or several.
        stanza: Located<Xml>,
        /// A name, for `since`.
        name: Option<Located<String>>,
    },
    /// Awaits a stanza that was not taken by another `expect`.
    Expect(Expect),
    /// Sees that no such stanza arrives.
    Unseen {
        /// Where it would arrive.
        actor: Reference,
        /// The stanza, of which each part given must match.
        stanza: Located<Xml>,
        /// How long, from the start of the step.
        during: Located<Timespan>,
    },
    /// Compares a value.
    Value {
        /// The value.
        value: Located<Template>,
        /// What is demanded of it.
        expected: ValueMatch,
    },
    /// Sees that all values that a variable had so far in this run are distinct.
    Distinct {
        /// The variable.
        variable: Located<String>,
        /// That they hold so many bits of apparent entropy too, and follow no counter.
        bits: Option<Located<Count>>,
    },
    /// Does steps several times.
    Repeat {
        /// How often.
        times: Located<Count>,
        /// The variable that counts, from 1.
        counting: Option<Located<String>>,
        /// From the start of one to the start of the next.
        every: Option<Located<Timespan>>,
        /// What is done.
        steps: Vec<Step>,
    },
    /// Does steps if a condition holds.
    If {
        /// All of these.
        conditions: Vec<Located<Condition>>,
        /// What is done if they hold.
        steps: Vec<Step>,
        /// What is done otherwise.
        otherwise: Vec<Step>,
        /// Why the steps are skipped if they don't hold.
        skip: Option<Located<Template>>,
    },
    /// Gives variables values.
    Set(Vec<Assignment>),
    /// Has the target stopped or started.
    Control {
        /// What is done.
        action: Located<Action>,
        /// A name, for `since`.
        name: Option<Located<String>>,
    },
    /// Tells something in the report.
    Note(Located<Template>),
}

/// What a target's commands do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Stops the connection manager in an orderly way.
    Stop,
    /// Starts it.
    Start,
    /// Stops the server behind it.
    StopUpstream,
    /// Starts the server behind it.
    StartUpstream,
}

/// A request, connection or actor that is named: `poll`, or `poll[n]` for one of several from a `repeat`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its name.
    pub name: Located<String>,
    /// Which one of that name, from 1; the latest if nothing is said.
    pub nth: Option<Located<Expr>>,
}

/// A request with a `<body/>` that is made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// By which it is named.
    pub name: Located<String>,
    /// Whose it is; the client's if nothing is said.
    pub by: Option<Reference>,
    /// Its rid; `+1` if nothing is said.
    pub rid: Option<Located<Rid>>,
    /// Its sid; the session's if nothing is said.
    pub sid: Option<Located<Sid>>,
    /// Attributes beside those that are made for it, or in their place.
    pub attributes: Vec<Attribute>,
    /// What stands in the `<body/>`.
    pub payload: Option<Located<Xml>>,
    /// The whole entity in place of a `<body/>` made for it.
    pub body: Option<Located<Bytes>>,
    /// POST if nothing is said.
    pub method: Option<Located<Template>>,
    /// The target's if nothing is said.
    pub path: Option<Located<Template>>,
    /// The session's if nothing is said.
    pub http: Option<Located<Http>>,
    /// Header fields beside those that are made for it, or in their place.
    pub headers: Vec<Header>,
    /// How the entity is coded.
    pub encoding: Option<Located<Encoding>>,
    /// In how many chunks the entity is sent; with a Content-Length if nothing is said.
    pub chunks: Option<Located<Count>>,
    /// Which connection carries it.
    pub on: Option<Located<On>>,
    /// Over which address, if a connection is opened for it.
    pub via: Option<Located<Via>>,
    /// When its connection is cut.
    pub cut: Option<Cut>,
}

/// A rid.
#[derive(Debug, Clone, PartialEq)]
pub enum Rid {
    /// Counted from the highest rid that the session has used without a gap: `+1` is the next, `+0` that one again.
    Relative(i64),
    /// Left out.
    Absent,
    /// This text, number or not.
    Text(Template),
}

/// A sid.
#[derive(Debug, Clone, PartialEq)]
pub enum Sid {
    /// Left out.
    Absent,
    /// This text.
    Text(Template),
}

/// An attribute of a `<body/>` that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// As it is written, with the prefix `xmpp:` or `xml:`, `xmlns` or `xmlns:p` if there is one.
    pub name: Located<String>,
    /// Its value; none takes it away.
    pub value: Option<Located<Template>>,
}

/// A header field that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// As it is written.
    pub name: Located<String>,
    /// Its value; none takes it away.
    pub value: Option<Located<Template>>,
}

/// A content coding of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip
    Gzip,
    /// deflate, in the zlib format
    Deflate,
}

/// Which connection carries a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A new one that nothing else uses.
    Fresh,
    /// The one of this name, opened when there is none; behind what it carries already (pipelined).
    Named(String),
}

/// A connection that is cut while it carries a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// When.
    pub point: Located<CutPoint>,
    /// In which way.
    pub how: Located<End>,
}

/// When a connection is cut.
#[derive(Debug, Clone, PartialEq)]
pub enum CutPoint {
    /// When so many bytes of the entity are sent.
    Bytes(Count),
    /// When half of the entity is sent.
    Half,
    /// So long after the last byte was sent, unless it was answered.
    Sent(Timespan),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In order.
    Fin,
    /// With a reset.
    Reset,
}

/// The same bytes again.
#[derive(Debug, Clone, PartialEq)]
pub struct Resend {
    /// What is sent again.
    pub request: Reference,
    /// By which this sending is named.
    pub name: Located<String>,
    /// Which connection carries it; another one than the first time if nothing is said.
    pub on: Option<Located<On>>,
    /// When its connection is cut.
    pub cut: Option<Cut>,
}

/// Bytes as they are written. A response is expected for them as for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// By which it is named.
    pub name: Located<String>,
    /// Whose connections it uses, and whose rids it may hold.
    pub by: Option<Reference>,
    /// What is sent: a line end is sent as CRLF.
    pub send: Located<Bytes>,
    /// Which connection carries it; a new one if nothing is said.
    pub on: Option<Located<On>>,
    /// Over which address, if a connection is opened for it.
    pub via: Option<Located<Via>>,
    /// When its connection is cut, counted in bytes of all that is sent.
    pub cut: Option<Cut>,
}

/// Bytes to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Bytes {
    /// Its parts, one after the other.
    pub pieces: Vec<Located<Piece>>,
}

/// A part of bytes to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A text, in UTF-8.
    Text(Template),
    /// These bytes, written in hex or base64.
    Bytes(Vec<u8>),
    /// A pause (in `raw` alone).
    Pause(Timespan),
}

/// A connection that is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// By which it is named.
    pub name: Located<String>,
    /// Over which address; the one of the client's session if nothing is said.
    pub via: Option<Located<Via>>,
    /// The certificate it shows, of the account named.
    pub certificate: Option<Located<String>>,
}

/// A connection that is ended by us.
#[derive(Debug, Clone, PartialEq)]
pub struct Close {
    /// Its name.
    pub connection: Located<String>,
    /// In which way; in order if nothing is said.
    pub how: Option<Located<End>>,
}

/// A response that is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// To which request.
    pub request: Reference,
    /// From which times are counted: the last byte sent of a request, or a named `send` or `control`. The request
    /// itself if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take; left to the runner if nothing is said.
    pub within: Option<Located<Timespan>>,
    /// The shortest it may take.
    pub not_before: Option<Located<Timespan>>,
    /// That it arrived after this one.
    pub after: Option<Reference>,
    /// What is demanded of it.
    pub expected: Expectation,
    /// What is kept of it.
    pub capture: Vec<Capture>,
}

/// What is demanded of a response: all that is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// That there is none.
    pub no_answer: Option<Located<NoAnswer>>,
    /// The HTTP status.
    pub status: Option<ValueMatch>,
    /// The HTTP version.
    pub http: Option<Located<Http>>,
    /// Header fields, by name.
    pub headers: Vec<(Located<String>, ValueMatch)>,
    /// Attributes of the `<body/>`, by name as in [`Attribute::name`].
    pub attributes: Vec<(Located<String>, ValueMatch)>,
    /// Whether it ends the session.
    pub terminal: Option<Located<Terminal>>,
    /// What stands in the `<body/>`.
    pub payload: Option<Located<PayloadMatch>>,
    /// The entity as text, after its content coding was undone.
    pub entity: Option<ValueMatch>,
    /// That its entity has the same bytes as this response's.
    pub same_as: Option<Reference>,
    /// That it has the same status and the same XML as this response.
    pub like: Option<Reference>,
    /// That it has the same header fields as this response, but for `Date` and `Content-Length`.
    pub headers_like: Option<Reference>,
    /// Of which one must be met as well; the first that is met counts.
    pub any_of: Vec<Alternative>,
}

/// How a request goes without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The connection is ended instead.
    Closed,
    /// Nothing happens until `within` is over.
    Silent,
    /// One of both.
    Any,
}

/// One of several acceptable responses.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Where it stands.
    pub place: Place,
    /// What is demanded.
    pub expected: Expectation,
    /// How grave it is if this is what came; good if nothing is said.
    pub level: Option<Located<Level>>,
    /// What is to be said if this is what came.
    pub says: Option<Located<Template>>,
}

/// Whether a response ends the session (XEP-0124 §17.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terminal {
    /// It doesn't: 200 without `type='terminate'`.
    No,
    /// It does, with any condition or none, or by an HTTP code.
    Any,
    /// `type='terminate'` without a condition.
    Plain,
    /// This condition; or its HTTP code (400, 403, 404), unless `status` says otherwise.
    Condition(crate::bosh::Condition),
}

/// What is demanded of a text: all that is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueMatch {
    /// Where it stands.
    pub place: Option<Place>,
    /// Whether it must be there or must not; it must if anything else is said.
    pub presence: Presence,
    /// This very text.
    pub equals: Option<Located<Template>>,
    /// Not this text.
    pub not: Option<Located<Template>>,
    /// A regular expression, of which a part of the text suffices.
    pub matches: Option<Located<Pattern>>,
    /// A regular expression that nothing of the text meets.
    pub lacks: Option<Located<Pattern>>,
    /// A number, version or time, not less than this.
    pub at_least: Option<Located<Template>>,
    /// A number, version or time, not more than this.
    pub at_most: Option<Located<Template>>,
    /// A number, version or time, more than this.
    pub above: Option<Located<Template>>,
    /// A number, version or time, less than this.
    pub below: Option<Located<Template>>,
    /// One of these texts.
    pub one_of: Vec<Located<Template>>,
}

/// Whether something must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It must.
    #[default]
    Present,
    /// It must not.
    Absent,
    /// It may; what else is said holds only if it is.
    Optional,
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As it is written.
    pub text: String,
    /// Ready to use.
    pub regex: regex_lite::Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// What is demanded of the content of a `<body/>`: all that is said.
#[derive(Debug, Clone, PartialEq)]
pub enum PayloadMatch {
    /// Nothing in it but white space.
    Empty,
    /// At least one element.
    Any,
    /// All of these.
    Parts {
        /// Each of these elements stands in it, in any order; parts that are not given may be there too.
        contains: Vec<Located<Xml>>,
        /// These elements stand in it one behind the other, and nothing else; nothing more in each.
        exactly: Option<Located<Xml>>,
        /// Each of these elements stands in it, in this order; others may stand between.
        in_order: Vec<Located<Xml>>,
        /// None of these elements stands in it.
        lacks: Vec<Located<Xml>>,
        /// So many elements like this one, or of any kind, stand in it.
        count: Option<Located<Counted>>,
    },
}

/// How many elements of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// How many.
    pub count: ValueMatch,
    /// Like this one; any if nothing is said.
    pub of: Option<Located<Xml>>,
}

/// Elements as text. Well-formed once variables have their values; the namespace without a prefix is that of the
/// `<body/>` unless `xmlns` says otherwise, and `stream`, `xmpp` and `xml` are declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Xml {
    /// The text; values are escaped where they stand.
    pub text: Template,
}

/// A stanza that is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Where it arrives.
    pub actor: Reference,
    /// The stanza, of which each part given must match.
    pub stanza: Located<Xml>,
    /// From which times are counted; from the start of the step if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take.
    pub within: Option<Located<Timespan>>,
    /// Whether it must be the very next one.
    pub next: bool,
    /// What is kept of it. Paths begin at the stanza: `@id` is its own attribute, `body` the text of its child.
    pub capture: Vec<Capture>,
}

/// A variable that takes its value from a response or stanza.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The variable.
    pub variable: Located<String>,
    /// Where the value stands.
    pub from: Located<Origin>,
}

/// A place in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `status`
    Status,
    /// `entity`, the whole as text
    Entity,
    /// `header NAME`
    Header(String),
    /// `@NAME`, `PATH` or `PATH@NAME`: the attribute of, or the text in, the first element at the end of a path of
    /// local names (`iq/bind/jid`) that begins in the `<body/>`; `*` is any name.
    Path {
        /// Local names of elements; empty is the `<body/>` itself.
        elements: Vec<String>,
        /// The attribute; the text if there is none.
        attribute: Option<String>,
    },
}

/// Something that holds or doesn't.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The response that created the actor's session had this attribute.
    Advertised {
        /// The attribute, named as in [`Attribute::name`].
        attribute: Located<String>,
        /// Whose session; the client's if nothing is said.
        by: Option<Reference>,
        /// Whether it is to hold that it had none.
        not: bool,
    },
    /// A value is as demanded.
    Value {
        /// The value.
        value: Located<Template>,
        /// What is demanded of it.
        expected: ValueMatch,
    },
    /// A response that was awaited is as demanded.
    Response {
        /// To which request.
        request: Reference,
        /// What is demanded.
        expected: Box<Expectation>,
    },
}

/// A length of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Timespan {
    /// As it is written.
    Fixed(Duration),
    /// Known only when it runs.
    Computed(Template),
}

/// A whole number from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// As it is written.
    Fixed(u64),
    /// Known only when it runs.
    Computed(Template),
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// Its parts, one after the other; texts are never empty.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As it is written; `$${` was written for `${`.
    Text(String),
    /// `${…}`
    Value(Located<Expr>),
}

/// What stands within `${…}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A whole number.
    Number(i128),
    /// A length of time, written with its unit.
    Time(Duration),
    /// A text in single quotes.
    Text(String),
    /// A variable, or a field of something that is named.
    Name(Name),
    /// A function of one value.
    Call(Function, Box<Located<Expr>>),
    /// Two values with an operator between.
    Binary(Operator, Box<Located<Expr>>, Box<Located<Expr>>),
}

/// `domain`, `granted.wait`, `bob.jid`, `poll[n].rid`
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Before the first dot.
    pub base: String,
    /// Which one of that name.
    pub nth: Option<Box<Located<Expr>>>,
    /// Behind the dots.
    pub fields: Vec<String>,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `filler(n)`: a text of n letters.
    Filler,
    /// `random(n)`: n random letters and digits, others at each place and time.
    Random,
    /// `upper(text)`: in capitals.
    Upper,
    /// `lower(text)`: in small letters.
    Lower,
    /// `sha1(text)`: the SHA-1 in hex, as a key sequence is made (XEP-0124 §15).
    Sha1,
    /// `base64(text)`
    Base64,
}

/// An operator. `*`, `/` and `%` bind more strongly than `+` and `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is the operator of that name
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
