//! The namespaces met on the way, by the names they are spoken of.

macro_rules! namespaces {
    ($($name:ident = $uri:literal, $what:literal;)*) => {
        $(#[doc = $what] pub const $name: &str = $uri;)*
    };
}

namespaces! {
    // RFC 6120, RFC 6121, RFC 7395
    CLIENT = "jabber:client", "Stanzas between client and server.";
    SERVER = "jabber:server", "Stanzas between servers.";
    COMPONENT = "jabber:component:accept", "Stanzas of an external component (XEP-0114).";
    STREAMS = "http://etherx.jabber.org/streams", "Stream header, features and stream errors.";
    STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams", "Conditions of stream errors.";
    STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas", "Conditions of stanza errors.";
    HTTPBIND = "http://jabber.org/protocol/httpbind", "`<body/>` of BOSH (XEP-0124).";
    FRAMING = "urn:ietf:params:xml:ns:xmpp-framing", "`<open/>` and `<close/>` over WebSocket.";
    TLS = "urn:ietf:params:xml:ns:xmpp-tls", "STARTTLS.";
    SASL = "urn:ietf:params:xml:ns:xmpp-sasl", "SASL.";
    SASL2 = "urn:xmpp:sasl:2", "Extensible SASL profile (XEP-0388).";
    BIND = "urn:ietf:params:xml:ns:xmpp-bind", "Resource binding.";
    BIND2 = "urn:xmpp:bind:0", "Bind 2 (XEP-0386).";
    SESSION = "urn:ietf:params:xml:ns:xmpp-session", "Legacy session establishment.";
    ROSTER = "jabber:iq:roster", "Contact list.";
    XML = "http://www.w3.org/XML/1998/namespace", "`xml:lang`.";

    // Streams
    SM3 = "urn:xmpp:sm:3", "Stream management (XEP-0198).";
    SM2 = "urn:xmpp:sm:2", "Stream management, an earlier version.";
    CSI = "urn:xmpp:csi:0", "Client state indication (XEP-0352).";
    COMPRESS_FEATURE = "http://jabber.org/features/compress", "Stream compression as a feature.";
    COMPRESS = "http://jabber.org/protocol/compress", "Stream compression (XEP-0138).";
    CAPS = "http://jabber.org/protocol/caps", "Entity capabilities (XEP-0115).";
    IQ_REGISTER_FEATURE = "http://jabber.org/features/iq-register", "Registration as a feature.";
    IQ_AUTH_FEATURE = "http://jabber.org/features/iq-auth", "Legacy login as a feature.";
    ROSTER_VERSIONS = "urn:xmpp:features:rosterver", "Roster versioning.";
    PRE_APPROVAL = "urn:xmpp:features:pre-approval", "Subscription pre-approval.";
    CHANNEL_BINDING = "urn:xmpp:sasl-cb:0", "Channel binding types (XEP-0440).";
    STREAM_LIMITS = "urn:xmpp:stream-limits:0", "Stream limits (XEP-0478).";

    // Requests
    AUTH = "jabber:iq:auth", "Legacy login (XEP-0078).";
    REGISTER = "jabber:iq:register", "In-band registration (XEP-0077).";
    PING = "urn:xmpp:ping", "Ping (XEP-0199).";
    DISCO_INFO = "http://jabber.org/protocol/disco#info", "Service discovery of features.";
    DISCO_ITEMS = "http://jabber.org/protocol/disco#items", "Service discovery of items.";
    EXTDISCO = "urn:xmpp:extdisco:2", "External services (XEP-0215).";
    EXTDISCO1 = "urn:xmpp:extdisco:1", "External services, an earlier version.";
    VERSION = "jabber:iq:version", "Software version (XEP-0092).";
    LAST = "jabber:iq:last", "Last activity (XEP-0012).";
    TIME = "urn:xmpp:time", "Entity time (XEP-0202).";
    PRIVATE = "jabber:iq:private", "Private storage (XEP-0049).";
    PRIVACY = "jabber:iq:privacy", "Privacy lists (XEP-0016).";
    BLOCKING = "urn:xmpp:blocking", "Blocking (XEP-0191).";
    SEARCH = "jabber:iq:search", "Search (XEP-0055).";
    COMMANDS = "http://jabber.org/protocol/commands", "Ad-hoc commands (XEP-0050).";
    VCARD = "vcard-temp", "vCard (XEP-0054).";
    VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0", "vCard 4 (XEP-0292).";
    HTTP_UPLOAD = "urn:xmpp:http:upload:0", "HTTP file upload (XEP-0363).";
    PUSH = "urn:xmpp:push:0", "Push notifications (XEP-0357).";
    CARBONS = "urn:xmpp:carbons:2", "Message carbons (XEP-0280).";
    MAM = "urn:xmpp:mam:2", "Message archive (XEP-0313).";
    MAM1 = "urn:xmpp:mam:1", "Message archive, an earlier version.";
    RSM = "http://jabber.org/protocol/rsm", "Result sets (XEP-0059).";
    DATA_FORMS = "jabber:x:data", "Data forms (XEP-0004).";
    PUBSUB = "http://jabber.org/protocol/pubsub", "Publish-subscribe (XEP-0060).";
    PUBSUB_OWNER = "http://jabber.org/protocol/pubsub#owner", "Publish-subscribe, for owners.";
    PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event", "Publish-subscribe notifications.";
    SI = "http://jabber.org/protocol/si", "Stream initiation (XEP-0095).";
    BYTESTREAMS = "http://jabber.org/protocol/bytestreams", "SOCKS5 bytestreams (XEP-0065).";
    IBB = "http://jabber.org/protocol/ibb", "In-band bytestreams (XEP-0047).";
    JINGLE = "urn:xmpp:jingle:1", "Jingle (XEP-0166).";
    JINGLE_MESSAGE = "urn:xmpp:jingle-message:0", "Jingle message initiation (XEP-0353).";
    FOCUS = "http://jitsi.org/protocol/focus", "Jitsi: a conference asked of its focus.";
    COLIBRI = "http://jitsi.org/protocol/colibri", "Jitsi: channels of the video bridge.";
    COLIBRI2 = "jitsi:colibri2", "Jitsi: conferences of the video bridge.";
    RAYO = "urn:xmpp:rayo:1", "Rayo calls (XEP-0327).";
    JITMEET = "http://jitsi.org/jitmeet", "Jitsi Meet's own messages.";

    // Rooms
    MUC = "http://jabber.org/protocol/muc", "Multi-user chat: joining (XEP-0045).";
    MUC_USER = "http://jabber.org/protocol/muc#user", "Multi-user chat: status and invitations.";
    MUC_ADMIN = "http://jabber.org/protocol/muc#admin", "Multi-user chat: roles, affiliations.";
    MUC_OWNER = "http://jabber.org/protocol/muc#owner", "Multi-user chat: configuration.";
    MUC_STABLE_ID = "http://jabber.org/protocol/muc#stable_id", "Multi-user chat: ids of messages are kept.";
    MUC_SELF_PING = "http://jabber.org/protocol/muc#self-ping-optimization", "Multi-user chat: self-ping (XEP-0410).";
    MUC_DIRECT = "jabber:x:conference", "Direct invitation to a room (XEP-0249).";
    MUJI = "urn:xmpp:jingle:muji:0", "Conferences over Jingle (XEP-0272).";

    // What stands in messages and presences
    DELAY = "urn:xmpp:delay", "When it was first sent (XEP-0203).";
    FORWARD = "urn:xmpp:forward:0", "A forwarded stanza (XEP-0297).";
    CHAT_STATES = "http://jabber.org/protocol/chatstates", "Chat states (XEP-0085).";
    RECEIPTS = "urn:xmpp:receipts", "Delivery receipts (XEP-0184).";
    MARKERS = "urn:xmpp:chat-markers:0", "Chat markers (XEP-0333).";
    CORRECT = "urn:xmpp:message-correct:0", "Last message correction (XEP-0308).";
    REACTIONS = "urn:xmpp:reactions:0", "Reactions (XEP-0444).";
    RETRACT1 = "urn:xmpp:message-retract:1", "Message retraction (XEP-0424).";
    RETRACT0 = "urn:xmpp:message-retract:0", "Message retraction, an earlier version.";
    REPLY = "urn:xmpp:reply:0", "Replies (XEP-0461).";
    OMEMO_LEGACY = "eu.siacs.conversations.axolotl", "OMEMO as widely used (XEP-0384).";
    OMEMO1 = "urn:xmpp:omemo:1", "OMEMO, an earlier version.";
    OMEMO2 = "urn:xmpp:omemo:2", "OMEMO, present version.";
    EME = "urn:xmpp:eme:0", "Explicit encryption (XEP-0380).";
    OPENPGP = "urn:xmpp:openpgp:0", "`OpenPGP` for XMPP (XEP-0373).";
    OPENPGP_LEGACY = "jabber:x:encrypted", "Legacy `OpenPGP` (XEP-0027).";
    HINTS = "urn:xmpp:hints", "Processing hints (XEP-0334).";
    STANZA_IDS = "urn:xmpp:sid:0", "Stable stanza ids (XEP-0359).";
    OOB = "jabber:x:oob", "A file by its address (XEP-0066).";
    ATTENTION = "urn:xmpp:attention:0", "Attention (XEP-0224).";
    NICK = "http://jabber.org/protocol/nick", "Nickname (XEP-0172).";
    IDLE = "urn:xmpp:idle:1", "Idle since (XEP-0319).";
}
