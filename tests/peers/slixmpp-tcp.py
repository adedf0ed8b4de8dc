"""Logs slixmpp in over TCP, with stream management, and lives a story, an action at a time:

  PEER_PASSWORD=… python3 slixmpp-tcp.py --url xmpp://127.0.0.1:5222 --jid alice@localhost/web --ca cert.pem
      [--to bob@localhost/desk] [--deadline 120] roster presence chat:hello ping logout

  roster     asks for the roster
  presence   announces itself and waits until its own presence comes back, and that of --to
  chat:TEXT  sends TEXT to --to and waits until it comes back from there
  ping       asks the server and waits for the answer
  logout     ends the stream and waits for the end

With xmpp:// TLS begins by STARTTLS, with xmpps:// at once; the server's certificate has to be --ca, and for the domain.
Prints what the application is told, one JSON object a line, without acknowledgements. The exit code is 0 when every
action was done within the deadline.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import sys
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import slixmpp

SM = "{urn:xmpp:sm:3}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"


def say(**line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, given):
        super().__init__(given.jid, os.environ["PEER_PASSWORD"])
        self.given = given
        self.account, self.number = re.match(r"([a-z]+)(\d*)@", given.jid).groups()
        self.waiting = []
        self.leaving = False
        self.ca_certs = given.ca
        self.whitespace_keepalive = False
        self.register_plugin("xep_0198", {"window": 1})
        self.register_plugin("xep_0199")
        self.add_filter("in", self.came)
        for event in ["connected", "tls_success", "session_start", "sm_enabled", "disconnected"]:
            self.add_event_handler(event, lambda _, event=event: say(event=event))
        self.add_event_handler("disconnected", self.left)
        self.add_event_handler("failed_all_auth", lambda _: self.fail("authentication failed"))
        self.add_event_handler("ssl_invalid_chain", lambda error: self.fail(f"certificate: {error}"))
        self.add_event_handler("connection_failed", lambda error: self.fail(f"connection: {error}"))
        self.add_event_handler("ssl_cert", self.certified)

    def certified(self, _):
        say(tls="verified")

    def left(self, _):
        if not self.leaving:
            self.fail("the server ended the connection")

    def fail(self, why):
        print(f"failed: {why}", file=sys.stderr)
        os._exit(1)

    def start_stream_handler(self, xml):
        super().start_stream_handler(xml)
        say(header=self.shown(ElementTree.Element(xml.tag, xml.attrib)))  # some of its children may be there already

    def came(self, stanza):
        if stanza.xml.tag not in (SM + "a", SM + "r"):
            say(stanza=self.shown(stanza.xml))
        for one in self.waiting[:]:
            wanted, done = one
            if wanted(stanza.xml):
                self.waiting.remove(one)
                # After its own filters and handlers: stream management counts in one of them.
                asyncio.get_running_loop().call_soon(done.set_result, None)
        return stanza

    def shown(self, xml):
        text = canonical(xml).replace(f"{self.account}{self.number}@", f"{self.account}@")
        text = re.sub(r' (stamp|max)="[^"]*"', r' \1="…"', text)
        return re.sub(r' id="(?!(?:chat|ping|roster)-\d(?:-back)?")[^"]*"', ' id="ID"', text)

    def until(self, wanted):
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((wanted, done))
        return done

    async def exchange(self, stanza, wanted):
        """Sends it, and waits for what it leads to, and until the server has acknowledged all that was sent."""
        came = self.until(wanted)
        acknowledged = self.until(lambda xml: xml.tag == SM + "a")
        stanza.send()
        await came
        await acknowledged

    async def live(self, action):
        name, _, words = action.partition(":")
        if name == "roster":
            iq = self.make_iq_get(queryxmlns="jabber:iq:roster")
            iq["id"] = "roster-1"
            await self.exchange(iq, answers("roster-1"))
        elif name == "presence":
            is_from = lambda jid: lambda xml: xml.tag.endswith("}presence") and xml.get("from") == jid
            came = self.until(is_from(self.given.to))
            await self.exchange(self.make_presence(), is_from(self.given.jid))
            await came
        elif name == "chat":
            message = self.make_message(mto=self.given.to, mbody=words, mtype="chat")
            message["id"] = "chat-1"
            said = lambda xml: xml.tag.endswith("}message") and xml.findtext("{jabber:client}body") == words
            await self.exchange(message, said)
        elif name == "ping":
            iq = self.make_iq_get(ito=self.boundjid.domain)
            iq["id"] = "ping-1"
            iq.append(ElementTree.Element("{urn:xmpp:ping}ping"))
            await self.exchange(iq, answers("ping-1"))
        elif name == "logout":
            self.leaving = True
            gone = self.disconnected
            self.disconnect(wait=60)
            await gone
        else:
            self.fail(f"no such action: {action}")


def answers(id):
    return lambda xml: xml.tag.endswith("}iq") and xml.get("id") == id


def canonical(xml, secret=False):
    """One way to write an element: attributes sorted, namespaces in braces, SASL payloads left out."""
    attributes = "".join(sorted(f" {name}={quoteattr(value)}" for name, value in xml.attrib.items()))
    hide = xml.tag.startswith(SASL)
    text = "…" if xml.text and hide and not secret else escape(xml.text or "")
    inside = text + "".join(canonical(child, secret or xml.tag == SASL + "mechanisms") for child in xml)
    return f"<{xml.tag}{attributes}>{inside}</>" if inside else f"<{xml.tag}{attributes}/>"


async def main(given):
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    client = Client(given)
    url = urlsplit(given.url)
    ready = client.until(lambda xml: xml.tag == SM + "enabled")
    client.use_ipv6 = False
    client.default_port = url.port
    # By the name, which is also that of the domain: it is told to the server, and the certificate has to be for it.
    if url.scheme == "xmpps":
        client.connect((client.boundjid.domain, url.port), use_ssl=True, force_starttls=False, disable_starttls=True)
    else:
        client.connect((client.boundjid.domain, url.port), force_starttls=True)
    await ready
    while "session" not in client.features and not client._session_started:
        await asyncio.sleep(0.01)
    say(about={"jid": str(client.boundjid)})
    for action in given.actions:
        say(action=action)
        await client.live(action)


parser = argparse.ArgumentParser()
for name in ["--url", "--jid", "--ca"]:
    parser.add_argument(name, required=True)
parser.add_argument("--to", default="bob@localhost/desk")
parser.add_argument("--deadline", type=float, default=120)
parser.add_argument("actions", nargs="+")
given = parser.parse_args()
try:
    asyncio.run(asyncio.wait_for(main(given), given.deadline))
except asyncio.TimeoutError:
    print(f"gave up after {given.deadline} s", file=sys.stderr)
    sys.exit(1)
