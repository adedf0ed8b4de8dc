// gloox over BOSH or TCP, as `xmppscope client run -- ./gloox` starts it. Built by `build.sh`.

#include <gloox/client.h>
#include <gloox/connectionbosh.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/message.h>

#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <unistd.h>

using namespace gloox;

static std::string fact(const char *name) {
  const char *value = getenv((std::string("XMPPSCOPE_") + name).c_str());
  return value ? value : "";
}

class Driver : public ConnectionListener {
 public:
  explicit Driver(Client &client) : client(client) {}
  bool over = false;
  /// gloox leaves it to applications to connect again. They do so if the connection was lost, and not ended.
  bool lost = false;

  // gloox announces itself, as it was told before it connected.
  void onConnect() override { puts("connected"); }
  void onDisconnect(ConnectionError error) override {
    printf("disconnected: %d\n", error);
    over = true;
    lost = error == ConnStreamClosed || error == ConnIoError;
  }
  bool onTLSConnect(const CertInfo &) override { return true; }

  /// Does the lines that stdin has ready; false at their end.
  bool obey() {
    pollfd in = {STDIN_FILENO, POLLIN, 0};
    char bytes[4096];
    while (poll(&in, 1, 0) > 0) {
      const ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
      if (n <= 0) return false;
      told.append(bytes, n);
      for (size_t end; (end = told.find('\n')) != std::string::npos; told.erase(0, end + 1)) act(told.substr(0, end));
    }
    return true;
  }

 private:
  Client &client;
  std::string told;

  void say(const std::string &words) {
    Message message(Message::Chat, JID(fact("PEER")), words);
    client.send(message);
  }

  void act(const std::string &line) {
    const size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string words = space == std::string::npos ? "" : line.substr(space + 1);
    if (name == "send") say(words);
    else if (name == "burst") for (int n = 1; n <= atoi(words.c_str()); n++) say("burst " + std::to_string(n));
    else if (name == "ping") client.xmppPing(JID(fact("DOMAIN")), nullptr);
    else if (name == "leave") client.disconnect();
    else printf("cannot %s\n", name.c_str());
  }
};

int main() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string carrier = fact("CARRIER");
  if (carrier == "websocket") {
    puts("cannot use WebSocket");
    return 1;
  }
  Client client(JID(fact("JID") + "/gloox"), fact("PASSWORD"));
  client.disableRoster();
  client.setStreamManagement(true, true);
  client.presence().setPresence(Presence::Available);
  client.setTls(TLSDisabled); // gloox would ask for STARTTLS inside BOSH
  Driver driver(client);
  client.registerConnectionListener(&driver);
  const std::string host = fact("HOST");
  const int port = atoi(fact("PORT").c_str());
  if (carrier == "tcp") {
    client.setConnectionImpl(new ConnectionTCPClient(&client, client.logInstance(), host, port));
  } else {
    auto *tcp = new ConnectionTCPClient(client.logInstance(), host, port);
    // no Client::setServer(): it would overwrite `to`
    auto *bosh = new ConnectionBOSH(&client, tcp, client.logInstance(), host, fact("DOMAIN"), port);
    bosh->setPath("/http-bind");
    bosh->setMode(ConnectionBOSH::ModePersistentHTTP);
    client.setConnectionImpl(bosh);
  }
  driver.over = !client.connect(false);
  while (driver.obey()) {
    if (!driver.over) client.recv(20000);
    else usleep(20000);
    if (driver.lost && carrier == "tcp") {
      driver.lost = false;
      usleep(500000);
      driver.over = !client.connect(false);
    }
  }
  return 0;
}
