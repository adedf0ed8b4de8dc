// Logs the gloox library in over TCP, with stream management, and lives a story, an action at a time:
//
//   PEER_PASSWORD=… gloox-tcp --url xmpp://127.0.0.1:5222 --jid alice@localhost/web
//       [--to bob@localhost/desk] [--deadline 120] roster presence chat:hello ping logout
//
//   roster     waits for the roster, which gloox asks for by itself, and for the presence of --to: gloox has announced itself
//   presence   says that it is away, and waits until its own presence comes back
//   chat:TEXT  sends TEXT to --to and waits until it comes back from there
//   ping       asks the server and waits for the answer
//   logout     ends the stream and waits for the end
//
// With xmpp:// TLS begins by STARTTLS, with xmpps:// at once. gloox 1.0.24 with GnuTLS trusts the system's CAs alone, whatever
// setCACerts() is given: so the certificate is not verified, but whom it is for is printed.
// Prints what came from the server as JSON lines, without acknowledgements; exit code 0 when every action was done within
// the deadline.

#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/connectiontls.h>
#include <gloox/eventhandler.h>
#include <gloox/loghandler.h>
#include <gloox/message.h>
#include <gloox/presence.h>
#include <gloox/tlsdefault.h>

#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>
#include <time.h>
#include <vector>

using namespace gloox;

static void say(const std::string &key, const std::string &value) {
  std::string line = "{\"" + key + "\":\"";
  for (char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  puts((line + "\"}").c_str());
  fflush(stdout);
}

static bool begins(const std::string &text, const std::string &start) { return text.rfind(start, 0) == 0; }

/// TLS from the first byte, for a server whose address is not its name.
class DirectTls : public ConnectionTLS {
 public:
  DirectTls(ConnectionDataHandler *to, ConnectionBase *tcp, const LogSink &log, std::string name)
      : ConnectionTLS(to, tcp, log), name(name) {}

 protected:
  TLSBase *getTLSBase(TLSHandler *handler, const std::string) override {
    return new TLSDefault(handler, name, TLSDefault::VerifyingClient);
  }

 private:
  std::string name;
};

class Story : public ConnectionListener, public LogHandler, public EventHandler, public TLSHandler {
 public:
  Story(Client &client, std::string to, std::vector<std::string> actions) : client(client), to(to), actions(actions) {}
  bool done = false, over = false, early = false;

  void onConnect() override { say("status", "connected"); }
  void onDisconnect(ConnectionError error) override {
    say("status", "disconnected");
    if (!done) fprintf(stderr, "ended early: gloox error %d, authentication error %d\n", error, client.authError());
    over = true;
  }
  bool onTLSConnect(const CertInfo &info) override { return trusted(info); }
  void handleEncryptedData(const TLSBase *, const std::string &) override {}
  void handleDecryptedData(const TLSBase *, const std::string &) override {}
  void handleHandshakeResult(const TLSBase *, bool success, CertInfo &info) override {
    if (!success || !trusted(info)) exit(1);
  }
  void handleEvent(const Event &event) override { arrived |= wanted == "ping"; }

  void handleLog(LogLevel, LogArea, const std::string &xml) override {
    if (begins(xml, "<a ")) {
      acknowledged = true;
      return;
    }
    if (begins(xml, "<r ")) return;
    show(xml);
    const std::string own = client.jid().full();
    if (begins(xml, "<enabled")) managed = true;
    if (xml.find("jabber:iq:roster") != std::string::npos) roster = true;
    if (begins(xml, "<presence")) {
      const bool mine = xml.find("from='" + own + "'") != std::string::npos;
      if (mine) announced = true;
      if (xml.find("from='" + to + "'") != std::string::npos) met = true;
      if (wanted == "presence" && mine) arrived = true;
    }
    if (wanted == "chat" && begins(xml, "<message") && xml.find("<body>" + words + "</body>") != std::string::npos) arrived = true;
  }

  /// Goes on with the next action when the last one is done.
  void step() {
    if (over || done || !managed || !roster || !announced || !met) return;
    if (!wanted.empty()) {
      if (!arrived || !acknowledged) return;
      wanted.clear();
    }
    if (at == actions.size()) return;
    const std::string action = actions[at++];
    say("action", action);
    wanted = action.substr(0, action.find(':'));
    arrived = acknowledged = false;
    if (wanted == "roster") {
      arrived = true;
    } else if (wanted == "presence") {
      client.setPresence(Presence::Away, 0);
    } else if (wanted == "chat") {
      words = action.substr(5);
      Message message(Message::Chat, JID(to), words);
      client.send(message);
    } else if (wanted == "ping") {
      client.xmppPing(JID(client.jid().server()), this);
    } else if (wanted == "logout") {
      done = true;
      return client.disconnect();
    } else {
      fprintf(stderr, "not understood: %s\n", action.c_str());
      exit(2);
    }
    client.reqStreamManagement();
  }

 private:
  Client &client;
  std::string to, wanted, words;
  std::vector<std::string> actions;
  size_t at = 0;
  bool arrived = false, acknowledged = false, managed = false, roster = false, announced = false, met = false;

  bool trusted(const CertInfo &info) {
    say("certificate", info.server);
    return true;
  }

  /// Without what differs between two runs.
  void show(std::string xml) {
    static const std::regex id(" (id|previd)='[^']*'"), changing(" (stamp|max)='[^']*'"),
        secret("^(<(challenge|success)[^>]*>)[^<]+"), account("([a-z])[0-9]+@");
    xml = std::regex_replace(xml, id, " $1='ID'");
    xml = std::regex_replace(xml, changing, " $1='…'");
    xml = std::regex_replace(xml, secret, "$1…");
    say("stanza", std::regex_replace(xml, account, "$1@"));
  }
};

int main(int count, char **argument) {
  std::string url, jid, to = "bob@localhost/desk";
  std::vector<std::string> actions;
  int deadline = 120;
  for (int i = 1; i < count; i++) {
    const std::string word = argument[i];
    const bool more = i + 1 < count;
    if (word == "--url" && more) url = argument[++i];
    else if (word == "--jid" && more) jid = argument[++i];
    else if (word == "--to" && more) to = argument[++i];
    else if (word == "--deadline" && more) deadline = atoi(argument[++i]);
    else actions.push_back(word);
  }
  const char *password = getenv("PEER_PASSWORD");
  const size_t host = url.find("://") + 3, colon = url.find(':', host);
  if (!password || colon == std::string::npos) {
    fprintf(stderr, "PEER_PASSWORD and --url xmpp://host:port are needed\n");
    return 2;
  }

  Client client(JID(jid), password);
  client.setStreamManagement(true, true);
  Story story(client, to, actions);
  client.registerConnectionListener(&story);
  client.logInstance().registerLogHandler(LogLevelDebug, LogAreaXmlIncoming, &story);
  const std::string address = url.substr(host, colon - host);
  // no Client::setServer(): it would overwrite `to`
  ConnectionBase *connection = new ConnectionTCPClient(&client, client.logInstance(), address, atoi(url.c_str() + colon + 1));
  if (begins(url, "xmpps")) {
    auto *tls = new DirectTls(&client, connection, client.logInstance(), JID(jid).server());
    tls->registerTLSHandler(&story);
    client.setTls(TLSDisabled); // it has begun already
    connection = tls;
  } else {
    client.setTls(TLSRequired);
  }
  client.setConnectionImpl(connection);

  const time_t end = time(nullptr) + deadline;
  if (client.connect(false)) {
    while (!story.over && time(nullptr) < end) {
      client.recv(20000);
      story.step();
    }
  }
  if (!story.done) fprintf(stderr, "the story was not over within %d s\n", deadline);
  return story.done ? 0 : 1;
}
