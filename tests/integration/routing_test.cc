// Goal: routing and shaping through a real agent, feature by feature, as a client and a backend see them.
// Method: routes that answer by themselves show which one was chosen; a scripted backend shows what was forwarded; curl decodes what was
// compressed. Each side waits for what the other did, never for time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/harness/h2_client.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::HttpMessage;
using harness::RawBackend;

// A listener with routes of its own. In `routes`, `{L}` is the listener, `{U}` an upstream with `backends`, `{M}` one with `mirrors`.
class Routes {
 public:
  struct Options {
    std::string http = "{}";
    std::vector<std::string> backends;
    std::vector<std::string> mirrors;
    // More of the spec of {M}, a YAML flow map without its braces.
    std::string mirror_spec;
  };
  explicit Routes(const std::string& routes) : Routes(routes, Options()) {}
  Routes(const std::string& routes, const Options& options) {
    static int made = 0;
    name_ = fmt::format("routes-{}", ++made);
    yaml_ = fmt::format("kind: Listener\nname: {0}\nspec: {{address: 127.0.0.1, port: {1}, http: {2}}}\n", name_, port_.port(), options.http);
    yaml_ += Upstream(name_, options.backends, "") + Upstream(name_ + "-m", options.mirrors, options.mirror_spec);
    int count = 0;
    std::size_t at = 0;
    while (at < routes.size()) {
      const std::size_t end = std::min(routes.find("\n---\n", at), routes.size());
      yaml_ += fmt::format("---\nkind: Route\nname: {}-{}\nspec:\n  listeners: [{}]\n{}\n", name_, ++count, name_, Filled(routes.substr(at, end - at)));
      at = end + 5;
    }
    harness::Fleet* fleet = SharedFleet();
    if (fleet == nullptr) return;
    const absl::Status status = fleet->Apply(yaml_);
    EXPECT_TRUE(status.ok()) << status << "\n" << yaml_;
    ok_ = status.ok();
  }
  ~Routes() {
    if (ok_) (void)SharedFleet()->Yardctl({"delete", "-f", "-"}, yaml_);
  }

  std::uint16_t port() const { return port_.port(); }
  std::string mirror_name() const { return name_ + "-m"; }
  harness::RawHttpClient Connect() const {
    auto client = harness::RawHttpClient::Connect(port_.port());
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? *std::move(client) : harness::RawHttpClient::Unconnected();
  }
  // The answer to one request on a connection of its own.
  HttpMessage Ask(const std::string& request, bool to_head = false) const {
    auto client = Connect();
    auto answer = client.Exchange(request, to_head);
    EXPECT_TRUE(answer.ok()) << answer.status() << "\n" << request;
    return answer.ok() ? *answer : HttpMessage();
  }
  HttpMessage Fetch(const std::string& path, const std::string& headers) const {
    return Ask(fmt::format("GET {} HTTP/1.1\r\nHost: a.example\r\n{}\r\n", path, headers));
  }

 private:
  static std::string Upstream(const std::string& name, const std::vector<std::string>& backends, const std::string& more) {
    std::string list;
    for (const std::string& address : backends) list += fmt::format("{}{{address: \"{}\"}}", list.empty() ? "" : ", ", address);
    return fmt::format("---\nkind: Upstream\nname: {}\nspec: {{backends: [{}]{}{}}}\n", name, list, more.empty() ? "" : ", ", more);
  }
  std::string Filled(std::string text) const {
    for (const auto& [mark, value] : {std::pair<std::string, std::string>{"{L}", name_}, {"{U}", name_}, {"{M}", name_ + "-m"}}) {
      for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, mark.size(), value);
    }
    return text;
  }

  harness::ReservedPort port_;
  std::string name_;
  std::string yaml_;
  bool ok_ = false;
};

std::string Saying(const std::string& word, const std::string& match) {
  return fmt::format("  matches: [{{{}}}]\n  direct_response: {{status: 200, body: {}}}", match, word);
}
const std::string kForward = "  forward: {upstreams: [{upstream: \"{U}\"}]}\n";

TEST(Matching, FindsTheRouteByEveryKindOfCondition) {
  const Routes routes(Saying("regex", "path: {regex: \"/v[0-9]+/.*\"}") + "\n---\n" + Saying("template", "path: {template: \"/users/{id}/**\"}") +
                      "\n---\n" + Saying("query", "query: [{name: version, exact: \"2\"}]") + "\n---\n" +
                      Saying("cookie", "cookies: [{name: tester, present: true}]") + "\n---\n" + Saying("grpc", "grpc: {service: shop.v1.Orders}") +
                      "\n---\n" + Saying("header", "headers: [{name: x-kind, regex: \"b(e|i)ta\"}]") + "\n---\n" +
                      Saying("source", "path: {prefix: /inner}, sources: [127.0.0.0/8]") + "\n---\n" +
                      Saying("elsewhere", "path: {prefix: /inner}, methods: [GET], sources: [192.0.2.0/24]") + "\n---\n" + Saying("rest", ""));
  EXPECT_EQ(routes.Fetch("/v12/x", "").body, "regex");
  EXPECT_EQ(routes.Fetch("/v/x", "").body, "rest");
  EXPECT_EQ(routes.Fetch("/users/7/posts", "").body, "template");
  EXPECT_EQ(routes.Fetch("/?version=2", "").body, "query");
  EXPECT_EQ(routes.Fetch("/?version=3", "").body, "rest");
  EXPECT_EQ(routes.Fetch("/", "Cookie: a=b; tester=1\r\n").body, "cookie");
  EXPECT_EQ(routes.Fetch("/shop.v1.Orders/Place", "Content-Type: application/grpc\r\n").body, "grpc");
  EXPECT_EQ(routes.Fetch("/shop.v1.Orders/Place", "").body, "rest");
  EXPECT_EQ(routes.Fetch("/", "X-Kind: beta\r\n").body, "header");
  EXPECT_EQ(routes.Fetch("/inner/x", "").body, "source");
}

TEST(Actions, RedirectsAndAnswersDirectly) {
  const Routes routes(
      "  matches: [{path: {prefix: /old}}]\n  redirect: {prefix: /new, status: 308}\n---\n"
      "  matches: [{path: {prefix: /secure}}]\n  redirect: {scheme: https, host: b.example, strip_query: true, status: 301}\n---\n"
      "  matches: [{path: {prefix: /loop}}]\n  redirect: {port: 8080}\n---\n"
      "  matches: [{path: {exact: /gone}}]\n  direct_response: {status: 410, body: \"gone for good\", headers: [{name: X-Path, value: \"%path%\"}]}\n---\n"
      "  matches: [{path: {exact: /empty}}]\n  direct_response: {status: 204}");
  auto client = routes.Connect();
  auto old = client.Exchange("GET /old/x?q=1 HTTP/1.1\r\nHost: a.example:81\r\n\r\n");
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(old->status(), 308);
  EXPECT_EQ(old->Header("location"), "http://a.example:81/new/x?q=1");
  EXPECT_EQ(old->Header("x-switchyard-cause"), "");
  auto secure = client.Exchange("GET /secure/x?q=1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(secure.ok()) << "the connection is kept: " << secure.status();
  EXPECT_EQ(secure->Header("location"), "https://b.example/secure/x");
  auto loop = client.Exchange("GET /loop HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  ASSERT_TRUE(loop.ok()) << loop.status();
  EXPECT_EQ(loop->status(), 508);
  auto gone = client.Exchange("HEAD /gone HTTP/1.1\r\nHost: a.example\r\n\r\n", /*to_head=*/true);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->status(), 410);
  EXPECT_EQ(gone->Header("content-length"), "13");
  EXPECT_EQ(gone->Header("x-path"), "/gone");
  auto empty = client.Exchange(Get("/empty"));
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->status(), 204);
  EXPECT_EQ(routes.Ask("POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").body, "gone for good");
}

TEST(Shaping, RewritesPathHostAndHeaders) {
  RawBackend backend;
  const Routes routes("  matches: [{path: {prefix: /api}}]\n" + kForward +
                          "  rewrite: {prefix: /v2, host: \"inner.example:99\"}\n"
                          "  request_headers:\n    set: [{name: X-Client, value: \"%client_ip% %route% %upstream%\"}]\n    add: [{name: X-Two, value: b}]\n"
                          "    remove: [cookie]\n"
                          "  response_headers: {set: [{name: X-Served, value: \"%backend% %status%\"}], remove: [x-backend]}\n---\n"
                          "  matches: [{path: {prefix: /r}}]\n" +
                          kForward + "  rewrite: {regex: {pattern: \"^/r/([a-z]+)/\", substitution: '/\\1-new/'}}\n---\n" +
                          "  matches: [{path: {prefix: /dots}}]\n" + kForward + "  rewrite: {regex: {pattern: \"^/dots\", substitution: '/x/..'}}",
                      {.backends = {backend.address()}});
  const HttpMessage answer = routes.Fetch("/api/x?q=1", "Cookie: secret=1\r\nX-Two: a\r\n");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.Header("x-served"), backend.address() + " 200");
  EXPECT_EQ(answer.Header("x-backend"), "");
  routes.Fetch("/r/abc/d?q", "");
  EXPECT_EQ(routes.Fetch("/dots/y", "").status(), 400);
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].start_line, "GET /v2/x?q=1 HTTP/1.1");
  EXPECT_EQ(seen[0].Header("host"), "inner.example:99");
  EXPECT_EQ(seen[0].Header("x-forwarded-host"), "a.example");
  EXPECT_EQ(seen[0].Header("cookie"), "");
  ASSERT_NE(seen[0].Header("x-client"), "");
  EXPECT_TRUE(seen[0].Header("x-client").starts_with("127.0.0.1 routes-"));
  EXPECT_NE(backend.SeenBytes().find("X-Two: a\r\n"), std::string::npos);
  EXPECT_NE(backend.SeenBytes().find("X-Two: b\r\n"), std::string::npos);
  EXPECT_EQ(seen[1].start_line, "GET /abc-new/d?q HTTP/1.1");
}

TEST(Shaping, NamesRequests) {
  RawBackend backend;
  const Routes ensured(kForward, {.http = "{request_id: ENSURE}", .backends = {backend.address()}});
  const HttpMessage made = ensured.Fetch("/", "X-Request-Id: not one\r\n");
  ASSERT_NE(made.Header("x-request-id"), "");
  EXPECT_EQ(made.Header("x-request-id").size(), 36U);
  EXPECT_EQ(backend.SeenRequests()[0].Header("x-request-id"), made.Header("x-request-id"));
  EXPECT_EQ(ensured.Fetch("/", "X-Request-Id: mine-1\r\n").Header("x-request-id"), "mine-1");
  const Routes replaced("  direct_response: {status: 200, body: x}", {.http = "{request_id: REPLACE}"});
  const HttpMessage own = replaced.Fetch("/", "X-Request-Id: mine-1\r\n");
  EXPECT_NE(own.Header("x-request-id"), "mine-1");
  const Routes kept("  direct_response: {status: 200, headers: [{name: X-Id, value: \"%request_id%\"}]}");
  EXPECT_EQ(kept.Fetch("/", "X-Request-Id: mine-2\r\n").Header("x-id"), "mine-2");
}

TEST(Guarding, AccessAndRateLimits) {
  const Routes routes(
      "  matches: [{path: {prefix: /closed}}]\n  direct_response: {status: 200}\n  access: {deny: [127.0.0.0/8]}\n---\n"
      "  matches: [{path: {prefix: /few}}]\n  direct_response: {status: 200}\n  rate_limit: {requests: 2, per: 1h}\n"
      "  error_pages: [{statuses: [429], body: \"<p>%cause%</p>\"}]\n---\n"
      "  matches: [{path: {prefix: /each}}]\n  direct_response: {status: 200}\n  client_rate_limit: {requests: 1, per: 1h}");
  auto client = routes.Connect();
  auto denied = client.Exchange(Get("/closed"));
  ASSERT_TRUE(denied.ok()) << denied.status();
  EXPECT_EQ(denied->status(), 403);
  EXPECT_EQ(denied->Header("x-switchyard-cause"), "denied");
  // On connections of their own, so that both workers take some: the budget is one.
  int admitted = 0;
  for (int i = 0; i < 12; ++i) {
    const HttpMessage answer = routes.Ask(Get("/few"));
    if (answer.status() == 200) {
      ++admitted;
      continue;
    }
    EXPECT_EQ(answer.status(), 429);
    EXPECT_EQ(answer.Header("x-switchyard-cause"), "rate_limited");
    ASSERT_NE(answer.Header("retry-after"), "");
    const int wait = std::stoi(std::string(answer.Header("retry-after")));
    EXPECT_GT(wait, 1700);
    EXPECT_LE(wait, 1800);
    EXPECT_EQ(answer.body, "<p>rate_limited</p>");
  }
  EXPECT_EQ(admitted, 2);
  EXPECT_EQ(routes.Ask(Get("/each")).status(), 200);
  EXPECT_EQ(routes.Ask(Get("/each")).status(), 429);
}

TEST(Guarding, EncodedLettersGetPastNoRuleAndBackendsSeeWhatRulesSaw) {
  RawBackend backend;
  const Routes routes("  matches: [{path: {prefix: /admin}}, {path: {exact: '/%63losed'}}, {path: {regex: '/r[0-9]+'}}, {path: {template: '/t/{x}/end'}}]\n" +
                          kForward + "  access: {allow: [192.0.2.0/24]}\n---\n" + kForward,
                      {.backends = {backend.address()}});
  for (const char* path : {"/admin/x", "/%61dmin/x", "/%61%64%6D%69%6e", "/closed", "/c%6cosed", "/r%31", "/t/%20/%65nd"}) {
    EXPECT_EQ(routes.Fetch(path, "").status(), 403) << path;
  }
  const std::pair<const char*, const char*> passed[] = {{"/a%20b", "/a%20b"},  {"/a%c3%a9", "/a%C3%A9"}, {"/%7Ehome?%61", "/~home?%61"},
                                                        {"/a%5Fb", "/a_b"},    {"/a%40b", "/a%40b"},     {"/%2561dmin", "/%2561dmin"},
                                                        {"/%41dmin", "/Admin"}};
  for (const auto& [path, seen] : passed) {
    const HttpMessage answer = routes.Fetch(path, "");
    EXPECT_EQ(answer.status(), 200) << path;
    EXPECT_NE(answer.body.find(std::string("GET ") + seen + " HTTP/1.1"), std::string::npos) << path << ": " << answer.body;
  }
}

TEST(Guarding, CorsAndSecurityHeaders) {
  RawBackend backend;
  const Routes routes("  matches: [{methods: [PUT]}]\n" + kForward +
                          "  cors: {allow_origins: [\"https://*.example.com\"], allow_methods: [PUT], allow_credentials: true}\n  security_headers: {}",
                      {.backends = {backend.address()}});
  const HttpMessage preflight =
      routes.Ask("OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n\r\n");
  EXPECT_EQ(preflight.status(), 204);
  EXPECT_EQ(preflight.Header("access-control-allow-origin"), "https://app.example.com");
  EXPECT_EQ(preflight.Header("access-control-allow-methods"), "PUT");
  EXPECT_TRUE(backend.SeenRequests().empty()) << "the agent answers it";
  const HttpMessage put = routes.Ask("PUT /x HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(put.status(), 200);
  EXPECT_EQ(put.Header("access-control-allow-credentials"), "true");
  EXPECT_EQ(put.Header("x-content-type-options"), "nosniff");
  EXPECT_EQ(put.Header("strict-transport-security"), "") << "not over plain HTTP";
}

TEST(Guarding, ErrorPagesForItsOwnErrorsOnly) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\nbackend"}));
  const std::string pages = "  error_pages: [{statuses: [503], body: \"<h1>%status%</h1>\"}]";
  const Routes routes("  matches: [{path: {prefix: /none}}]\n  forward: {upstreams: [{upstream: \"{M}\"}]}\n" + pages + "\n---\n" +
                          "  matches: [{path: {prefix: /backend}}]\n" + kForward + pages,
                      {.backends = {backend.address()}});
  const HttpMessage own = routes.Ask(Get("/none"));
  EXPECT_EQ(own.status(), 503);
  EXPECT_EQ(own.body, "<h1>503</h1>");
  EXPECT_EQ(own.Header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(own.Header("x-switchyard-cause"), "no_backend");
  EXPECT_EQ(routes.Ask(Get("/backend")).body, "backend");
}

TEST(Guarding, BodiesOfARouteAreBounded) {
  RawBackend backend;
  const Routes routes(kForward + "  max_body_bytes: 10", {.backends = {backend.address()}});
  const HttpMessage stated = routes.Ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(stated.status(), 413);
  EXPECT_EQ(stated.Header("x-switchyard-cause"), "body_too_large");
  EXPECT_EQ(routes.Ask("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n").status(), 413);
  EXPECT_EQ(routes.Ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789").status(), 200);
}

TEST(Compressing, CurlDecodesEveryCoding) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("line {} of a text that repeats itself\n", i);
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"v1\"\r\n";
  RawBackend backend([&](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      if (!connection.Write(head + fmt::format("Content-Length: {}\r\n\r\n{}", text.size(), text)).ok()) return;
    }
  });
  const Routes routes(kForward + "  compression: {}", {.backends = {backend.address()}});
  const std::string url = fmt::format("http://127.0.0.1:{}/", routes.port());
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    auto plain = harness::RunProgram({.argv = {"/usr/bin/curl", "-s", "--compressed", "-H", "Accept-Encoding: " + coding, url}});
    ASSERT_TRUE(plain.ok()) << plain.status();
    EXPECT_EQ(plain->out, text) << coding << plain->err;
    auto raw = harness::RunProgram({.argv = {"/usr/bin/curl", "-s", "-i", "-H", "Accept-Encoding: " + coding, url}});
    ASSERT_TRUE(raw.ok()) << raw.status();
    EXPECT_NE(raw->out.find("Content-Encoding: " + coding + "\r\n"), std::string::npos) << raw->out.substr(0, 500);
    EXPECT_NE(raw->out.find("ETag: W/\"v1\"\r\n"), std::string::npos);
    EXPECT_NE(raw->out.find("Vary: Accept-Encoding\r\n"), std::string::npos);
    EXPECT_LT(raw->out.size(), text.size() / 3) << coding;
  }
  auto identity = harness::RunProgram({.argv = {"/usr/bin/curl", "-s", url}});
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->out, text);
}

TEST(Compressing, EachEventComesOutBeforeTheNext) {
  std::promise<void> first_seen;
  auto gate = first_seen.get_future().share();
  RawBackend backend([gate](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n");
    gate.wait_for(harness::kPatience);
    (void)connection.Write("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    (void)connection.ReadRequest();
  });
  const Routes routes(kForward + "  compression: {codings: [GZIP]}", {.backends = {backend.address()}});
  auto client = routes.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n").ok());
  auto head = client.ReadResponseHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->Header("content-encoding"), "gzip");
  // The first event is here, coded, while the backend waits: chunk size line and gzip's first bytes.
  std::string coded;
  while (coded.find(std::string("\x00\x00\xff\xff", 4)) == std::string::npos) {
    auto byte = client.ReadBytes(1);
    ASSERT_TRUE(byte.ok()) << byte.status();
    coded += *byte;
  }
  first_seen.set_value();
  EXPECT_NE(coded.find("\x1f\x8b"), std::string::npos);
  std::string rest;
  while (!rest.ends_with("\r\n0\r\n\r\n")) {
    auto byte = client.ReadBytes(1);
    ASSERT_TRUE(byte.ok()) << byte.status();
    rest += *byte;
  }
}

TEST(Mirroring, CopiesAndForgets) {
  RawBackend backend;
  std::promise<HttpMessage> copied;
  RawBackend shadow([&](BackendConnection& connection) {
    auto request = connection.ReadRequest();
    if (request.ok()) copied.set_value(*request);
    connection.Reset();
  });
  const Routes routes(kForward + "  mirror: {upstream: \"{M}\", max_body_bytes: 10}\n  rewrite: {prefix: /v2}",
                      {.backends = {backend.address()}, .mirrors = {shadow.address()}});
  EXPECT_EQ(routes.Ask("PUT /big HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890").status(), 200);
  const HttpMessage answer = routes.Ask("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "backend PUT /v2/x HTTP/1.1");
  auto copy = copied.get_future();
  ASSERT_EQ(copy.wait_for(harness::kPatience), std::future_status::ready);
  const HttpMessage seen = copy.get();
  EXPECT_EQ(seen.start_line, "PUT /v2/x HTTP/1.1") << "the larger one was not mirrored";
  EXPECT_EQ(seen.body, "hello");
  EXPECT_EQ(seen.Header("x-mirrored"), "true");
}

TEST(Mirroring, ADeadMirrorIsNotNoticed) {
  RawBackend backend;
  std::string dead;
  {
    const RawBackend gone;
    dead = gone.address();
  }
  const Routes routes(kForward + "  mirror: {upstream: \"{M}\"}", {.backends = {backend.address()}, .mirrors = {dead}});
  auto client = routes.Connect();
  for (int i = 0; i < 20; ++i) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
  }
}

TEST(Mirroring, CopiesTakeNoPlaceAmongRequestsThatWait) {
  RawBackend backend;
  std::promise<void> over;
  auto gate = over.get_future().share();
  RawBackend shared([gate](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      gate.wait_for(harness::kPatience);
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()) return;
    }
  });
  const Routes routes("  matches: [{path: {prefix: /copied}}]\n" + kForward + "  mirror: {upstream: \"{M}\"}\n---\n" +
                          "  matches: [{path: {prefix: /own}}]\n  forward: {upstreams: [{upstream: \"{M}\"}]}",
                      {.backends = {backend.address()},
                       .mirrors = {shared.address()},
                       .mirror_spec = "pool: {max_connections_per_backend: 1, max_idle_per_backend: 1, max_pending: 2, pending_timeout: 20s}"});
  // On one connection, so that one worker and its pools have all of it.
  auto client = harness::H2Client::Connect(routes.port());
  ASSERT_TRUE(client.ok()) << client.status();
  std::uint32_t stream = 1;
  const auto send = [&](const std::string& path) {
    EXPECT_TRUE((*client)->SendHeaders(stream, {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}}, true).ok());
    return std::exchange(stream, stream + 2);
  };
  const auto status_of = [&](std::uint32_t of) {
    auto answer = (*client)->ReadAnswer(of);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->status() : 0;
  };
  EXPECT_EQ(status_of(send("/copied")), 200);
  ASSERT_TRUE(harness::Eventually([&] { return shared.SeenRequests().size() == 1; })) << "the copy has the only connection";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(status_of(send("/copied")), 200);
  const std::uint32_t own = send("/own");
  EXPECT_EQ(status_of(send("/copied")), 200) << "by now the agent has seen the request before it";
  over.set_value();
  EXPECT_EQ(status_of(own), 200);
  EXPECT_EQ(shared.SeenRequests().size(), 2U) << "copies that found no free connection were not sent";
}

TEST(Mirroring, AnAnswerWithoutEndCountsOnce) {
  RawBackend backend;
  std::promise<void> let_go;
  RawBackend shadow([&](BackendConnection& connection) {
    (void)connection.ReadRequest();
    if (connection.index() > 0) {
      (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      (void)connection.PeerCloses();
      return;
    }
    (void)connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    (void)connection.PeerCloses();
    let_go.set_value();
  });
  const Routes routes(kForward + "  mirror: {upstream: \"{M}\"}\n  timeouts: {response: 1s}",
                      {.backends = {backend.address()}, .mirrors = {shadow.address()}});
  auto client = routes.Connect();
  ASSERT_TRUE(client.Exchange(Get("/")).ok());
  ASSERT_EQ(let_go.get_future().wait_for(harness::kPatience), std::future_status::ready);
  ASSERT_TRUE(client.Exchange(Get("/")).ok());
  const auto figures = [&] { return SharedFleet()->AdminGet(0, "/metrics").value_or(""); };
  const auto attempts = [&](const char* result) {
    return fmt::format("switchyard_upstream_attempts_total{{upstream=\"{}\",backend=\"{}\",result=\"{}\"}}", routes.mirror_name(),
                       shadow.address(), result);
  };
  // The second copy is counted after the first, by the same worker.
  EXPECT_TRUE(harness::Eventually([&] { return figures().find(attempts("succeeded") + " 2") != std::string::npos; })) << figures();
  EXPECT_EQ(figures().find(attempts("failed")), std::string::npos) << figures();
}

TEST(Deadlines, OfWholeRequestsAndStreams) {
  std::promise<void> over;
  auto gate = over.get_future().share();
  RawBackend backend([gate](BackendConnection& connection) {
    auto request = connection.ReadRequest();
    if (!request.ok()) return;
    if (request->start_line.find("/stream") != std::string::npos) {
      (void)connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    }
    gate.wait_for(harness::kPatience);
  });
  const Routes routes("  matches: [{path: {prefix: /slow}}]\n" + kForward + "  timeouts: {request: 50ms}\n---\n" +
                          "  matches: [{path: {prefix: /stream}}]\n" + kForward + "  timeouts: {max_stream: 50ms}",
                      {.backends = {backend.address()}});
  const HttpMessage slow = routes.Ask(Get("/slow"));
  EXPECT_EQ(slow.status(), 504);
  EXPECT_EQ(slow.Header("x-switchyard-cause"), "request_deadline");
  auto client = routes.Connect();
  ASSERT_TRUE(client.Send(Get("/stream")).ok());
  const std::string all = client.ReadToEnd();
  EXPECT_NE(all.find("3\r\nabc\r\n"), std::string::npos) << all;
  EXPECT_EQ(all.find("0\r\n\r\n"), std::string::npos) << "cut, so that the client notices";
  over.set_value();
}

TEST(BadInput, NamesFieldAndReason) {
  harness::Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  const auto complaint = [&](const std::string& spec) {
    const auto out = fleet->Yardctl({"validate", "-f", "-"},
                                    "kind: Route\nname: r\nspec:\n  listeners: [l]\n  forward: {upstreams: [{upstream: u}]}\n" + spec);
    return out.ok() ? out->out + out->err : std::string(out.status().message());
  };
  const std::string both = complaint("  rewrite: {prefix: /a, whole_path: /b}\n");
  EXPECT_NE(both.find("whole_path"), std::string::npos) << both;
  EXPECT_NE(both.find("prefix"), std::string::npos) << both;
  const std::string regex = complaint("  matches: [{path: {regex: \"(\"}}]\n");
  EXPECT_NE(regex.find("spec.matches[0].path.regex"), std::string::npos) << regex;
}

}  // namespace
}  // namespace switchyard::integration
