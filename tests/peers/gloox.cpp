// Logs the gloox library in over BOSH, in one of its three ways to use HTTP, and chats with itself:
//
//   PEER_PASSWORD=… gloox-login --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web
//       --mode legacy|persistent|pipelining [--deadline 120] chat:hello | -
//
// With `-` it does what stdin says, a line each, and answers each with {"done": …}:
//
//   say:JID:TEXT    sends TEXT to JID
//   presence:SHOW   announces itself; SHOW is online, away, dnd or xa
//   logout          ends the session; so does the end of stdin
//
// legacy speaks HTTP/1.0 on a connection for each request; pipelining sends requests on one connection
// without awaiting answers. gloox ends a session with type='terminal' (it means 'terminate') and does
// not wait for an answer. Prints JSON lines; exit code 0 when the message came back.

#include <gloox/client.h>
#include <gloox/connectionbosh.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
#include <gloox/presence.h>
#include <gloox/presencehandler.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <poll.h>
#include <string>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace gloox;

using Fields = std::vector<std::pair<std::string, std::string>>;

static void say(const Fields &fields) {
  std::string line;
  for (const auto &[key, value] : fields) {
    line += (line.empty() ? "{\"" : ",\"") + key + "\":\"";
    for (char c : value) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  puts((line + "}").c_str());
  fflush(stdout);
}

static const std::map<std::string, Presence::PresenceType> shows = {
    {"online", Presence::Available}, {"away", Presence::Away},        {"dnd", Presence::DND},
    {"xa", Presence::XA},            {"gone", Presence::Unavailable},
};

class Story : public ConnectionListener, public MessageHandler, public PresenceHandler {
 public:
  /// `words` is what it says to itself; without any it does what stdin says.
  Story(Client &client, std::string words) : client(client), words(words), directed(words.empty()) {}
  bool done = false;
  bool over = false;

  void onConnect() override {
    if (directed) return say({{"about", client.jid().full()}});
    say({{"status", "connected"}});
    Message message(Message::Chat, client.jid(), words);
    client.send(message);
  }
  void onDisconnect(ConnectionError error) override {
    if (over) return; // gloox says it twice
    if (!directed) say({{"status", "disconnected"}});
    if (!done) fprintf(stderr, "ended early: gloox error %d, authentication error %d\n", error, client.authError());
    over = true;
  }
  bool onTLSConnect(const CertInfo &) override { return true; }
  void handleMessage(const Message &message, MessageSession *) override {
    if (directed) {
      if (message.body().empty()) return;
      return say({{"message", message.body()}, {"type", "chat"}, {"from", message.from().full()}});
    }
    say({{"message", message.body()}});
    if (message.body() == words) {
      done = true;
      client.disconnect();
    }
  }
  void handlePresence(const Presence &presence) override {
    for (const auto &[show, type] : shows)
      if (directed && type == presence.subtype()) say({{"presence", show}, {"from", presence.from().full()}});
  }

  /// Does the lines that stdin has ready.
  void obey() {
    pollfd in = {STDIN_FILENO, POLLIN, 0};
    char bytes[4096];
    while (directed && !over && poll(&in, 1, 0) > 0) {
      const ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
      if (n <= 0) return act("logout");
      told.append(bytes, n);
      for (size_t end; (end = told.find('\n')) != std::string::npos; told.erase(0, end + 1)) act(told.substr(0, end));
    }
  }

 private:
  Client &client;
  std::string words, told;
  bool directed;

  void act(const std::string &action) {
    const size_t first = action.find(':'), second = action.find(':', first + 1);
    const std::string name = action.substr(0, first);
    if (name == "logout") {
      done = true;
      client.disconnect();
    } else if (name == "presence" && shows.count(action.substr(first + 1))) {
      client.setPresence(shows.at(action.substr(first + 1)), 0);
    } else if (name == "say" && second != std::string::npos) {
      Message message(Message::Chat, JID(action.substr(first + 1, second - first - 1)), action.substr(second + 1));
      client.send(message);
    } else {
      fprintf(stderr, "not understood: %s\n", action.c_str());
      exit(2);
    }
    say({{"done", action}});
  }
};

int main(int count, char **argument) {
  std::string url, jid, mode, words;
  bool directed = false;
  int deadline = 120;
  for (int i = 1; i < count; i++) {
    const std::string word = argument[i];
    const bool more = i + 1 < count;
    if (word == "--url" && more) url = argument[++i];
    else if (word == "--jid" && more) jid = argument[++i];
    else if (word == "--mode" && more) mode = argument[++i];
    else if (word == "--deadline" && more) deadline = atoi(argument[++i]);
    else if (word == "-") directed = true;
    else if (word.rfind("chat:", 0) == 0) words = word.substr(5);
    else {
      fprintf(stderr, "not understood: %s\n", word.c_str());
      return 2;
    }
  }
  const char *password = getenv("PEER_PASSWORD");
  const size_t host = url.find("://") + 3, colon = url.find(':', host), path = url.find('/', host);
  if (!password || colon == std::string::npos || path == std::string::npos || words.empty() != directed) {
    fprintf(stderr, "PEER_PASSWORD, --url http://host:port/path and chat:TEXT or - are needed\n");
    return 2;
  }

  Client client(JID(jid), password);
  client.disableRoster();
  client.setTls(TLSDisabled); // gloox would ask for STARTTLS inside BOSH
  Story story(client, words);
  client.registerConnectionListener(&story);
  client.registerMessageHandler(&story);
  client.registerPresenceHandler(&story);
  const std::string address = url.substr(host, colon - host);
  auto *tcp = new ConnectionTCPClient(client.logInstance(), address, atoi(url.c_str() + colon + 1));
  // no Client::setServer(): it would overwrite `to`
  auto *bosh = new ConnectionBOSH(&client, tcp, client.logInstance(), address, JID(jid).server(),
                                  atoi(url.c_str() + colon + 1));
  bosh->setPath(url.substr(path));
  bosh->setMode(mode == "legacy"       ? ConnectionBOSH::ModeLegacyHTTP
                : mode == "pipelining" ? ConnectionBOSH::ModePipelining
                                       : ConnectionBOSH::ModePersistentHTTP);
  client.setConnectionImpl(bosh);

  const time_t end = time(nullptr) + deadline;
  if (client.connect(false)) {
    // recv() says that nothing is connected whenever HTTP/1.0 has ended a connection: the listener knows better
    while (!story.over && time(nullptr) < end) {
      client.recv(20000);
      story.obey();
    }
  }
  if (!story.done) fprintf(stderr, "the story was not over within %d s\n", deadline);
  return story.done ? 0 : 1;
}
