// gloox over BOSH or TCP, as `xmppscope client run -- ./gloox` starts it. Built by `build.sh`.

#include <gloox/client.h>
#include <gloox/connectionbosh.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/connectiontls.h>
#include <gloox/message.h>
#include <gloox/tlsdefault.h>

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

/// gloox leaves it to applications what to do with a certificate.
static bool trusts(const CertInfo &info) {
  if (info.status != CertOk) printf("the certificate is not trusted: %d\n", info.status);
  return info.status == CertOk;
}

/// gloox 1.0.24 with GnuTLS does not read the CAs that it is given before a handshake.
class Encryption : public TLSDefault {
 public:
  Encryption(TLSHandler *handler, const std::string &server) : TLSDefault(handler, server, VerifyingClient) {}
  bool init(const std::string &key, const std::string &certificates, const StringList &) override {
    const bool done = TLSDefault::init(key, certificates);
    setCACerts(StringList(1, fact("CA")));
    return done;
  }
  void cleanup() override {
    TLSDefault::cleanup();
    setCACerts(StringList(1, fact("CA")));
  }
};

/// TLS from the first byte, where the certificate is verified.
class Secure : public ConnectionTLS {
 public:
  Secure(ConnectionDataHandler *handler, ConnectionBase *connection, const LogSink &log)
      : ConnectionTLS(handler, connection, log), log(log) {}
  ConnectionBase *newInstance() const override { return new Secure(m_handler, m_connection->newInstance(), log); }
  void handleHandshakeResult(const TLSBase *base, bool success, CertInfo &info) override {
    ConnectionTLS::handleHandshakeResult(base, success && trusts(info), info);
  }

 protected:
  TLSBase *getTLSBase(TLSHandler *handler, const std::string server) override { return new Encryption(handler, server); }

 private:
  const LogSink &log;
};

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
  bool onTLSConnect(const CertInfo &info) override { return trusts(info); }

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
  const bool secure = !fact("CA").empty();
  const bool starttls = secure && fact("URL").compare(0, 5, "xmpp:") == 0;
  if (starttls) {
    auto *tls = new Encryption(&client, fact("DOMAIN"));
    tls->init("", "", StringList());
    client.setEncryptionImpl(tls);
  } else {
    client.setTls(TLSDisabled); // gloox would ask for STARTTLS inside BOSH
  }
  Driver driver(client);
  client.registerConnectionListener(&driver);
  const std::string host = fact("HOST");
  const int port = atoi(fact("PORT").c_str());
  ConnectionBase *connection = new ConnectionTCPClient(client.logInstance(), host, port);
  if (secure && !starttls) connection = new Secure(&client, connection, client.logInstance());
  if (carrier == "tcp") {
    connection->registerConnectionDataHandler(&client);
    client.setConnectionImpl(connection);
  } else {
    // no Client::setServer(): it would overwrite `to`
    auto *bosh = new ConnectionBOSH(&client, connection, client.logInstance(), host, fact("DOMAIN"), port);
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
