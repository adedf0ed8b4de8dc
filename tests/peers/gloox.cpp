// Logs the gloox library in over BOSH, in one of its three ways to use HTTP, and chats with itself:
//
//   PEER_PASSWORD=… gloox-login --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web
//       --mode legacy|persistent|pipelining [--deadline 20] chat:hello
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

#include <cstdio>
#include <cstdlib>
#include <string>
#include <time.h>

using namespace gloox;

static void say(const std::string &key, const std::string &value) {
  std::string safe;
  for (char c : value) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  printf("{\"%s\":\"%s\"}\n", key.c_str(), safe.c_str());
  fflush(stdout);
}

class Story : public ConnectionListener, public MessageHandler {
 public:
  Story(Client &client, std::string words) : client(client), words(words) {}
  bool done = false;
  bool over = false;

  void onConnect() override {
    say("status", "connected");
    Message message(Message::Chat, client.jid(), words);
    client.send(message);
  }
  void onDisconnect(ConnectionError error) override {
    if (over) return; // gloox says it twice
    say("status", "disconnected");
    if (!done) fprintf(stderr, "ended early: gloox error %d, authentication error %d\n", error, client.authError());
    over = true;
  }
  bool onTLSConnect(const CertInfo &) override { return true; }
  void handleMessage(const Message &message, MessageSession *) override {
    say("message", message.body());
    if (message.body() == words) {
      done = true;
      client.disconnect();
    }
  }

 private:
  Client &client;
  std::string words;
};

int main(int count, char **argument) {
  std::string url, jid, mode, words;
  int deadline = 20;
  for (int i = 1; i < count; i++) {
    const std::string word = argument[i];
    const bool more = i + 1 < count;
    if (word == "--url" && more) url = argument[++i];
    else if (word == "--jid" && more) jid = argument[++i];
    else if (word == "--mode" && more) mode = argument[++i];
    else if (word == "--deadline" && more) deadline = atoi(argument[++i]);
    else if (word.rfind("chat:", 0) == 0) words = word.substr(5);
    else {
      fprintf(stderr, "not understood: %s\n", word.c_str());
      return 2;
    }
  }
  const char *password = getenv("PEER_PASSWORD");
  const size_t host = url.find("://") + 3, colon = url.find(':', host), path = url.find('/', host);
  if (!password || colon == std::string::npos || path == std::string::npos || words.empty()) {
    fprintf(stderr, "PEER_PASSWORD, --url http://host:port/path and chat:TEXT are needed\n");
    return 2;
  }

  Client client(JID(jid), password);
  client.disableRoster();
  client.setTls(TLSDisabled); // gloox would ask for STARTTLS inside BOSH
  Story story(client, words);
  client.registerConnectionListener(&story);
  client.registerMessageHandler(&story);
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
    while (!story.over && time(nullptr) < end && client.recv(50000) == ConnNoError) {
    }
  }
  if (!story.done) fprintf(stderr, "the message did not come back within %d s\n", deadline);
  return story.done ? 0 : 1;
}
