#!/usr/bin/python3
"""slixmpp over TCP, as `xmppscope client run --carrier tcp -- /usr/bin/python3 slixmpp-tcp.py` starts it."""

import asyncio
import logging
import os
import sys

import slixmpp

fact = lambda name: os.environ.get(f"XMPPSCOPE_{name}", "")


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(f"{fact('JID')}/slixmpp", fact("PASSWORD"))
        if fact("CA"):
            self.ca_certs = fact("CA")
        else:
            self.plugin["feature_mechanisms"].unencrypted_plain = True
            self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.use_ipv6 = False
        self.register_plugin("xep_0198", {"window": 1})
        self.register_plugin("xep_0199")
        self.add_event_handler("session_start", lambda _: self.send_presence())
        for event in ["connected", "session_start", "session_resumed", "disconnected", "connection_failed", "failed_all_auth", "ssl_invalid_chain"]:
            self.add_event_handler(event, lambda about, event=event: print(event, about or "", flush=True))
        # slixmpp leaves it to applications to connect again. They do so if the connection was lost, and not ended.
        self.ended = False
        self.add_event_handler("stream_error", lambda _: self.end())
        self.add_event_handler("disconnected", self.come_back)

    def end(self):
        self.ended = True

    def come_back(self, reason):
        if not self.ended and not isinstance(reason, str):
            asyncio.get_running_loop().call_later(0.5, self.connect_now)

    def connect_now(self):
        address = fact("HOST"), int(fact("PORT"))
        direct = fact("URL").startswith("xmpps:")
        if hasattr(self, "enable_plaintext"):  # newer versions
            self.enable_plaintext, self.enable_direct_tls = not fact("CA"), direct
            self.enable_starttls = bool(fact("CA")) and not direct
            self.connect(*address)
        else:
            self.connect(address, use_ssl=direct, disable_starttls=not fact("CA"))

    def tell(self, line):
        name, _, words = line.strip().partition(" ")
        if name == "send":
            self.send_message(mto=fact("PEER"), mbody=words, mtype="chat")
        elif name == "burst":
            for n in range(1, int(words) + 1):
                self.send_message(mto=fact("PEER"), mbody=f"burst {n}", mtype="chat")
        elif name == "ping":
            self["xep_0199"].send_ping(self.boundjid.domain)
        elif name == "leave":
            self.end()
            self.disconnect()
        elif name == "reconnect":
            self.ended = False
            self.connect_now()
        else:
            print(f"cannot {name}", flush=True)


async def main():
    logging.basicConfig(level=logging.ERROR, stream=sys.stdout)
    client = Client()
    client.connect_now()
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        client.tell(line.decode())


if fact("CARRIER") != "tcp":
    print("cannot use BOSH or WebSocket", flush=True)
    sys.exit(1)
asyncio.run(main())
