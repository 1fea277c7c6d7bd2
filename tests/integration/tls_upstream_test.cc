// Goal: TLS to backends, resumption across workers and agents, and renewing certificates under load. Method: a plain listener whose upstream is a
// TLS listener of the same fleet, so that both sides are ours; openssl s_client and s_server where a stranger is wanted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/harness/certificates.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::CaYaml;
using harness::Finished;
using harness::KeyedPem;
using harness::SecretYaml;
using harness::TestAuthority;

class TlsUpstream : public testing::Test {
 protected:
  void SetUp() override {
    auto ca = TestAuthority::Make(directory_, "test-ca");
    ASSERT_TRUE(ca.ok()) << ca.status();
    ca_ = std::make_unique<TestAuthority>(*std::move(ca));
  }

  KeyedPem Leaf(const harness::LeafForm& form) {
    auto leaf = ca_->Issue(form);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return leaf.ok() ? *leaf : KeyedPem();
  }

  // Its own in each test, so that its counters are.
  std::string InnerName() const { return fmt::format("inner-{}", inner_.port()); }
  // A TLS listener in front of the backend.
  std::string InnerYaml(const std::string& tls) const {
    return fmt::format("kind: Listener\nname: {0}\nspec: {{address: 127.0.0.1, port: {1}, tls: {3}}}\n---\n"
                       "kind: Upstream\nname: {0}\nspec: {{backends: [{{address: \"{2}\"}}]}}\n---\n"
                       "kind: Route\nname: {0}\nspec: {{listeners: [{0}], forward: {{upstreams: [{{upstream: {0}}}]}}}}\n---\n",
                       InnerName(), inner_.port(), backend_.address(), tls);
  }
  // A plain listener in front of that. `more`: further fields of the upstream, each with a comma in front.
  std::string OuterYaml(const std::string& tls, const std::string& more = "") const {
    return fmt::format("kind: Listener\nname: outer\nspec: {{address: 127.0.0.1, port: {}}}\n---\n"
                       "kind: Upstream\nname: outer\nspec: {{backends: [{{address: \"127.0.0.1:{}\"}}], tls: {}{}}}\n---\n"
                       "kind: Route\nname: outer\nspec: {{listeners: [outer], forward: {{upstreams: [{{upstream: outer}}]}}}}\n---\n",
                       outer_.port(), inner_.port(), tls, more);
  }

  void Apply(const std::string& yaml) {
    const absl::Status status = SharedFleet()->Apply(yaml);
    ASSERT_TRUE(status.ok()) << status;
  }

  // Status and cause of one request through both.
  std::string Ask() {
    auto client = harness::RawHttpClient::Connect(outer_.port());
    if (!client.ok()) return "no connection";
    const auto answer = client->Exchange(Get("/"));
    return answer.ok() ? fmt::format("{} {}", answer->status(), answer->Header("x-switchyard-cause")) : "no answer";
  }

  // The value of a metric of agent 0; 0 when it is not there.
  double Metric(const std::string& line) {
    const auto page = SharedFleet()->AdminGet(0, "/metrics");
    const std::size_t at = page.ok() ? page->find(line + " ") : std::string::npos;
    return at == std::string::npos ? 0 : std::stod(page->substr(at + line.size() + 1));
  }

  harness::TempDir directory_;
  harness::ReservedPort inner_;
  harness::ReservedPort outer_;
  harness::RawBackend backend_;
  std::unique_ptr<TestAuthority> ca_;
};

TEST_F(TlsUpstream, VerifiesBackendsAndSaysWhatIsWrong) {
  const KeyedPem leaf = Leaf({.name = "inner", .alternative_names = "DNS:inner.example"});
  const KeyedPem client = Leaf({.name = "client", .alternative_names = "URI:spiffe://test/outer"});
  auto strangers = TestAuthority::Make(directory_, "strangers");
  ASSERT_TRUE(strangers.ok());
  const std::string secrets = SecretYaml("inner", leaf) + "---\n" + SecretYaml("client", client) + "---\n" + CaYaml("good-ca", ca_->own().chain) + "---\n" +
                              CaYaml("other-ca", strangers->own().chain) + "---\n";
  const std::string inner = InnerYaml("{certificates: [{secret: inner}], client_auth: {ca: good-ca, mode: OPTIONAL}}");
  Apply(secrets + inner + OuterYaml("{server_name: inner.example, ca: good-ca}"));
  EXPECT_EQ(Ask(), "200 ");
  EXPECT_EQ(backend_.SeenRequests().back().CountHeader("x-forwarded-client-cert"), 0u);

  Apply(OuterYaml("{server_name: inner.example, ca: good-ca, certificate: client}"));
  EXPECT_EQ(Ask(), "200 ");
  EXPECT_NE(backend_.SeenRequests().back().Header("x-forwarded-client-cert").find("URI=spiffe://test/outer"), std::string::npos);

  // Each of these must not ride on connections that were verified under the settings before.
  Apply(OuterYaml("{server_name: inner.example, ca: other-ca}"));
  EXPECT_EQ(Ask(), "502 upstream_tls_untrusted");
  Apply(OuterYaml("{server_name: other.example, ca: good-ca}"));
  EXPECT_EQ(Ask(), "502 upstream_tls_wrong_name");
  Apply(OuterYaml("{server_name: inner.example}"));
  EXPECT_EQ(Ask(), "502 upstream_tls_untrusted") << "the host's own CAs know nothing of this one";
  Apply(OuterYaml("{server_name: inner.example, ca: good-ca, pins: [\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]}"));
  EXPECT_EQ(Ask(), "502 upstream_tls_wrong_name");
  Apply(OuterYaml("{names: [\"DNS:inner.example\"], ca: good-ca}"));
  EXPECT_EQ(Ask(), "200 ");

  const auto warned = SharedFleet()->Yardctl({"apply", "-f", "-", "--wait"}, OuterYaml("{insecure_skip_verify: true}"));
  ASSERT_TRUE(warned.ok());
  EXPECT_EQ(warned->exit.code, 0) << warned->err;
  EXPECT_NE(warned->err.find("insecure_skip_verify"), std::string::npos) << warned->err;
  EXPECT_EQ(Ask(), "200 ");

  const auto unnamed = SharedFleet()->Yardctl({"apply", "-f", "-"}, OuterYaml("{ca: good-ca}"));
  ASSERT_TRUE(unnamed.ok());
  EXPECT_EQ(unnamed->exit.code, 1);
  EXPECT_NE(unnamed->err.find("spec.tls.server_name"), std::string::npos) << unnamed->err;
  const auto used = SharedFleet()->Yardctl({"delete", "secret", "inner"});
  ASSERT_TRUE(used.ok());
  EXPECT_NE(used->exit.code, 0) << "a Secret that is named cannot be deleted";
}

TEST_F(TlsUpstream, ReachesAPlainBackendNeverAndAForeignTlsServer) {
  backend_.SetHandler([](harness::BackendConnection& connection) {
    // As servers do to whom the first bytes make no sense.
    (void)connection.ReadBytes(5);
    (void)connection.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  Apply(CaYaml("good-ca", ca_->own().chain) + "---\n" +
        fmt::format("kind: Listener\nname: outer\nspec: {{address: 127.0.0.1, port: {}}}\n---\n"
                    "kind: Upstream\nname: outer\nspec: {{backends: [{{address: \"{}\"}}], tls: {{server_name: localhost, ca: good-ca}}}}\n---\n"
                    "kind: Route\nname: outer\nspec: {{listeners: [outer], forward: {{upstreams: [{{upstream: outer}}]}}}}\n",
                    outer_.port(), backend_.address()));
  EXPECT_EQ(Ask(), "502 upstream_tls_failed");
  EXPECT_TRUE(backend_.SeenRequests().empty()) << "a request went out in plain text";
  const KeyedPem leaf = Leaf({.name = "foreign"});
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const harness::ReservedPort port;
    auto server = harness::Process::Start({.argv = {"/usr/bin/openssl", "s_server", "-www", "-quiet", version, "-accept",
                                                    fmt::format("127.0.0.1:{}", port.port()), "-cert", leaf.chain_path, "-key", leaf.key_path},
                                           .env = {},
                                           .input = {}});
    ASSERT_TRUE(server.ok());
    Apply(fmt::format("kind: Upstream\nname: outer\nspec: {{backends: [{{address: \"127.0.0.1:{}\"}}], tls: {{server_name: localhost, ca: good-ca}}}}\n",
                      port.port()));
    EXPECT_TRUE(harness::Eventually([&] { return Ask() == "200 "; })) << version << " " << Ask();
  }
}

TEST_F(TlsUpstream, ProbesOverTls) {
  Apply(SecretYaml("inner", Leaf({.name = "inner", .alternative_names = "DNS:inner.example"})) + "---\n" + CaYaml("good-ca", ca_->own().chain) + "---\n" +
        InnerYaml("{certificates: [{secret: inner}]}") +
        OuterYaml("{server_name: inner.example, ca: good-ca}", ", health_check: {interval: 100ms, http: {path: /probe}}"));
  EXPECT_TRUE(harness::Eventually([&] { return Metric("switchyard_backends{upstream=\"outer\",state=\"healthy\"}") == 1; }))
      << *SharedFleet()->AdminGet(0, "/metrics");
  Apply(OuterYaml("{server_name: wrong.example, ca: good-ca}", ", health_check: {interval: 100ms, http: {path: /probe}}"));
  EXPECT_TRUE(harness::Eventually([&] { return Metric("switchyard_backends{upstream=\"outer\",state=\"unhealthy\"}") == 1; }));
}

TEST_F(TlsUpstream, SpeaksWhatEachBackendChooses) {
  const std::string secrets = SecretYaml("inner", Leaf({.name = "inner", .alternative_names = "DNS:inner.example"})) + "---\n" +
                              CaYaml("good-ca", ca_->own().chain) + "---\n";
  const std::string outer = OuterYaml("{server_name: inner.example, ca: good-ca}", ", protocol: AUTO, health_check: {interval: 100ms, http: {path: /probe}}");
  const auto via = [&] { return backend_.SeenRequests().back().head; };
  Apply(secrets + InnerYaml("{certificates: [{secret: inner}]}") + outer);
  EXPECT_EQ(Ask(), "200 ");
  EXPECT_NE(via().find("2 switchyard"), std::string::npos) << via();
  EXPECT_TRUE(harness::Eventually([&] { return Metric("switchyard_backends{upstream=\"outer\",state=\"healthy\"}") == 1; }));

  // The same backend, which from now on offers HTTP/1.1 only.
  Apply("kind: Listener\nname: " + InnerName() + fmt::format("\nspec: {{address: 127.0.0.1, port: {}, protocol: HTTP1, ", inner_.port()) +
        "tls: {certificates: [{secret: inner}]}}\n");
  Apply(OuterYaml("{server_name: inner.example, ca: good-ca}", ", protocol: AUTO, pool: {max_idle_per_backend: 0}"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(), "200 ");
  EXPECT_EQ(via().find("2 switchyard"), std::string::npos) << via();

  const auto refused = SharedFleet()->Yardctl({"apply", "-f", "-"}, "kind: Upstream\nname: plain\nspec: {protocol: AUTO}\n");
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->exit.code, 1);
  EXPECT_NE(refused->err.find("spec.protocol"), std::string::npos) << refused->err;
}

TEST_F(TlsUpstream, RenewsCertificatesUnderLoadAndTouchesNoConnection) {
  Apply(SecretYaml("inner", Leaf({.name = "first", .alternative_names = "DNS:inner.example"})) + "---\n" + CaYaml("good-ca", ca_->own().chain) + "---\n" +
        InnerYaml("{certificates: [{secret: inner}]}") + OuterYaml("{server_name: inner.example, ca: good-ca}"));
  constexpr int kClients = 4;
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&] {
      auto client = harness::RawHttpClient::Connect(outer_.port());
      if (!client.ok()) return void(++bad);
      while (!stop) {
        const auto answer = client->Exchange(Get("/"));
        ++(answer.ok() && answer->status() == 200 ? good : bad);
        if (!answer.ok()) return;
      }
    });
  }
  EXPECT_TRUE(harness::Eventually([&] { return good + bad >= 50; }));
  std::string newest;
  for (int i = 0; i < 5; ++i) {
    newest = fmt::format("renewed-{}", i);
    Apply(SecretYaml("inner", Leaf({.name = newest, .alternative_names = "DNS:inner.example"})));
    const int now = good;
    EXPECT_TRUE(harness::Eventually([&] { return good >= now + 20 || bad > 0; }));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 0) << good << " good";
  EXPECT_LE(backend_.connections(), std::size_t{kClients}) << "a connection was closed and made anew";
  // One TLS connection per client at most: none was replaced by a renewal.
  const auto handshakes = [&](const char* kind) {
    return Metric(fmt::format("switchyard_tls_handshakes_total{{listener=\"{}\",kind=\"{}\"}}", InnerName(), kind));
  };
  EXPECT_TRUE(harness::Eventually([&] { return handshakes("full") >= 1; }));
  EXPECT_LE(handshakes("full") + handshakes("resumed"), kClients);
  const auto shown = harness::RunProgram({.argv = {"/usr/bin/openssl", "s_client", "-connect", fmt::format("127.0.0.1:{}", inner_.port())},
                                          .env = {},
                                          .input = "Q\n"});
  ASSERT_TRUE(shown.ok());
  EXPECT_NE(shown->out.find("subject=CN = " + newest), std::string::npos) << shown->out;
}

TEST(TlsResumption, HoldsAtEveryWorkerAndAtTheNextAgent) {
  harness::TempDir directory;
  auto ca = TestAuthority::Make(directory, "test-ca");
  ASSERT_TRUE(ca.ok());
  auto leaf = ca->Issue({.name = "site"});
  ASSERT_TRUE(leaf.ok());
  auto started = harness::Fleet::Start({.agents = 2, .workers = 2});
  ASSERT_TRUE(started.ok()) << started.status();
  harness::Fleet& fleet = **started;
  harness::RawBackend backend;
  const harness::ReservedPort port;
  const auto yaml = [&](const char* node) {
    return SecretYaml("site", *leaf) +
           fmt::format("---\nkind: Listener\nname: site\nspec:\n  address: 127.0.0.1\n  port: {}\n  agents: {{match_labels: {{node: {}}}}}\n"
                       "  tls: {{certificates: [{{secret: site}}]}}\n---\n"
                       "kind: Upstream\nname: site\nspec: {{backends: [{{address: \"{}\"}}]}}\n---\n"
                       "kind: Route\nname: site\nspec: {{listeners: [site], forward: {{upstreams: [{{upstream: site}}]}}}}\n",
                       port.port(), node, backend.address());
  };
  const std::string file = directory.Sub("session");
  const auto shake = [&](const char* version, const char* flag) {
    auto done = harness::RunProgram({.argv = {"/usr/bin/openssl", "s_client", "-connect", fmt::format("127.0.0.1:{}", port.port()), version, "-ign_eof",
                                              flag, file},
                                     .env = {},
                                     .input = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"});
    EXPECT_TRUE(done.ok()) << done.status();
    return done.ok() ? done->out : std::string();
  };
  // Keys come right behind the configuration; until then each agent has its own.
  ASSERT_TRUE(fleet.Apply(yaml("agent-0")).ok());
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_NE(shake(version, "-sess_out").find("New, TLSv1"), std::string::npos);
    for (int i = 0; i < 6; ++i) EXPECT_NE(shake(version, "-sess_in").find("Reused, TLSv1"), std::string::npos) << version;
  }
  // The port is let go of before the other one takes it.
  ASSERT_TRUE(fleet.Apply(yaml("nobody")).ok());
  ASSERT_TRUE(fleet.Apply(yaml("agent-1")).ok());
  EXPECT_TRUE(harness::Eventually([&] { return shake("-tls1_3", "-sess_in").find("Reused, TLSv1") != std::string::npos; }))
      << "a ticket of agent-0 means nothing to agent-1";
  // A controller that starts again goes on with the same keys.
  fleet.controller().Kill();
  ASSERT_TRUE(fleet.StartController().ok());
  EXPECT_NE(shake("-tls1_3", "-sess_in").find("Reused, TLSv1"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::integration
