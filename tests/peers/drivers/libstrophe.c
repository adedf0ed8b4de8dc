// libstrophe over TCP, as `xmppscope client run --carrier tcp -- ./libstrophe` starts it. Built by `build.sh`.

#include <strophe.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fact(const char *name) {
  char whole[64];
  snprintf(whole, sizeof whole, "XMPPSCOPE_%s", name);
  const char *value = getenv(whole);
  return value ? value : "";
}

static xmpp_ctx_t *ctx;
static xmpp_conn_t *conn;
static bool online, leaving, resuming;
/// libstrophe leaves it to applications to connect again. They do so if the connection was lost, and not ended.
static bool lost;

static void say(const char *words) {
  xmpp_stanza_t *message = xmpp_message_new(ctx, "chat", fact("PEER"), NULL);
  xmpp_message_set_body(message, words);
  xmpp_send(conn, message);
  xmpp_stanza_release(message);
}

static void changed(xmpp_conn_t *const c, const xmpp_conn_event_t status, const int error,
                    xmpp_stream_error_t *const stream_error, void *const data) {
  (void)data;
  if (status == XMPP_CONN_CONNECT) {
    puts("connected");
    online = true;
    // Whether the stream was resumed is not told; a session that goes on needs no presence.
    if (resuming) return;
    xmpp_stanza_t *presence = xmpp_presence_new(ctx);
    xmpp_send(c, presence);
    xmpp_stanza_release(presence);
  } else {
    printf("disconnected: %d %s\n", error, stream_error && stream_error->text ? stream_error->text : "");
    lost = online && !leaving && !stream_error;
    online = false;
  }
}

/// Connects, and resumes the stream of the connection before if there is one.
static void connect_now(void) {
  xmpp_sm_state_t *state = conn ? xmpp_conn_get_sm_state(conn) : NULL;
  if (conn) xmpp_conn_release(conn);
  conn = xmpp_conn_new(ctx);
  char jid[256];
  snprintf(jid, sizeof jid, "%s/libstrophe", fact("JID"));
  xmpp_conn_set_jid(conn, jid);
  xmpp_conn_set_pass(conn, fact("PASSWORD"));
  // By default, TLS is used where it is offered.
  if (!*fact("CA")) xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_DISABLE_TLS);
  else xmpp_conn_set_cafile(conn, fact("CA"));
  if (!strncmp(fact("URL"), "xmpps:", 6)) xmpp_conn_set_flags(conn, XMPP_CONN_FLAG_LEGACY_SSL);
  resuming = state && xmpp_conn_set_sm_state(conn, state) == XMPP_EOK;
  leaving = false;
  xmpp_connect_client(conn, fact("HOST"), (unsigned short)atoi(fact("PORT")), changed, NULL);
}

static void act(char *line) {
  char *words = strchr(line, ' ');
  if (words) *words++ = 0;
  if (!strcmp(line, "send") && words) say(words);
  else if (!strcmp(line, "burst") && words) {
    for (int n = 1; n <= atoi(words); n++) {
      char text[32];
      snprintf(text, sizeof text, "burst %d", n);
      say(text);
    }
  } else if (!strcmp(line, "leave")) {
    leaving = true;
    xmpp_disconnect(conn);
  } else if (!strcmp(line, "reconnect")) connect_now();
  else printf("cannot %s\n", line);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (strcmp(fact("CARRIER"), "tcp")) {
    puts("cannot use BOSH or WebSocket");
    return 1;
  }
  xmpp_initialize();
  ctx = xmpp_ctx_new(NULL, NULL);
  connect_now();
  char told[4096];
  size_t length = 0;
  for (;;) {
    xmpp_run_once(ctx, 20);
    if (lost) {
      lost = false;
      usleep(500000);
      connect_now();
    }
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    if (poll(&in, 1, 0) <= 0) continue;
    ssize_t n = read(STDIN_FILENO, told + length, sizeof told - 1 - length);
    if (n <= 0) return 0;
    length += (size_t)n;
    told[length] = 0;
    for (char *end; (end = strchr(told, '\n'));) {
      *end = 0;
      act(told);
      length -= (size_t)(end + 1 - told);
      memmove(told, end + 1, length + 1);
    }
  }
}
