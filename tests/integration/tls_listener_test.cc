// Goal: TLS of listeners as clients meet it: certificates by name, versions, client certificates, what is refused and how; and that keys stay
// secret. Method: a real fleet, curl and openssl s_client against it, certificates made for the test.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/harness/certificates.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::CaYaml;
using harness::Finished;
using harness::KeyedPem;
using harness::SecretYaml;
using harness::TestAuthority;

// One CA, one backend, the shared fleet, and a listener of the test's own.
class TlsListener : public testing::Test {
 protected:
  void SetUp() override {
    fleet_ = SharedFleet();
    ASSERT_NE(fleet_, nullptr);
    auto ca = TestAuthority::Make(directory_, "test-ca");
    ASSERT_TRUE(ca.ok()) << ca.status();
    ca_ = std::make_unique<TestAuthority>(*std::move(ca));
  }

  KeyedPem Leaf(const harness::LeafForm& form) {
    auto leaf = ca_->Issue(form);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return leaf.ok() ? *leaf : KeyedPem();
  }

  // `tls`: a YAML flow map.
  std::string SiteYaml(const std::string& tls) const {
    return fmt::format("kind: Listener\nname: tls\nspec: {{address: 127.0.0.1, port: {}, tls: {}}}\n---\n"
                       "kind: Upstream\nname: tls\nspec: {{backends: [{{address: \"{}\"}}]}}\n---\n"
                       "kind: Route\nname: tls\nspec: {{listeners: [tls], forward: {{upstreams: [{{upstream: tls}}]}}}}\n---\n",
                       port_.port(), tls, backend_.address());
  }

  void Apply(const std::string& yaml) {
    const absl::Status status = fleet_->Apply(yaml);
    ASSERT_TRUE(status.ok()) << status;
  }

  Finished Run(std::vector<std::string> argv, std::string input = {}) {
    auto done = harness::RunProgram({.argv = std::move(argv), .env = {}, .input = std::move(input)});
    EXPECT_TRUE(done.ok()) << done.status();
    return done.ok() ? *done : Finished();
  }

  // curl of https://<host>:<port>/ through loopback.
  Finished Curl(const std::string& host, std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {"/usr/bin/curl", "-sS", "-i", "--max-time", "10", "--cacert", ca_->own().chain_path, "--resolve",
                                     fmt::format("{}:{}:127.0.0.1", host, port_.port())};
    for (std::string& argument : more) argv.push_back(std::move(argument));
    argv.push_back(fmt::format("https://{}:{}/", host, port_.port()));
    return Run(std::move(argv));
  }

  // `Q` ends s_client once the handshake is done.
  Finished Openssl(std::vector<std::string> more) {
    std::vector<std::string> argv = {"/usr/bin/openssl", "s_client", "-connect", fmt::format("127.0.0.1:{}", port_.port()), "-CAfile",
                                     ca_->own().chain_path};
    for (std::string& argument : more) argv.push_back(std::move(argument));
    return Run(std::move(argv), "Q\n");
  }

  bool Counts(const std::string& metric_line) {
    return harness::Eventually([&] {
      const auto page = fleet_->AdminGet(0, "/metrics");
      return page.ok() && page->find(metric_line) != std::string::npos;
    });
  }

  harness::TempDir directory_;
  harness::ReservedPort port_;
  harness::RawBackend backend_;
  harness::Fleet* fleet_ = nullptr;
  std::unique_ptr<TestAuthority> ca_;
};

TEST_F(TlsListener, ServesCurlAndTellsTheBackendThatItWasHttps) {
  Apply(SecretYaml("site", Leaf({.name = "site"})) + "---\n" + SiteYaml("{certificates: [{secret: site}]}"));
  const Finished done = Curl("localhost", {"--http1.1"});
  EXPECT_EQ(done.exit.code, 0) << done.err;
  EXPECT_NE(done.out.find("HTTP/1.1 200"), std::string::npos) << done.out;
  const auto seen = backend_.SeenRequests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].Header("x-forwarded-proto"), "https");
  // By ALPN, which curl offers both in.
  EXPECT_NE(Curl("localhost").out.find("HTTP/2 200"), std::string::npos);
  EXPECT_TRUE(Counts("switchyard_tls_handshakes_total{listener=\"tls\",kind=\"full\"}")) << *fleet_->AdminGet(0, "/metrics");
}

TEST_F(TlsListener, ChoosesTheCertificateByName) {
  Apply(SecretYaml("first", Leaf({.name = "first", .alternative_names = "DNS:first.example"})) + "---\n" +
        SecretYaml("exact", Leaf({.name = "exact", .alternative_names = "DNS:a.wild.example"})) + "---\n" +
        SecretYaml("wild", Leaf({.name = "wild", .alternative_names = "DNS:*.wild.example", .key = "RSA:2048"})) + "---\n" +
        SiteYaml("{certificates: [{secret: first}, {secret: exact}, {secret: wild}]}"));
  const auto subject = [&](std::vector<std::string> sni) {
    const Finished done = Openssl(std::move(sni));
    const std::size_t at = done.out.find("subject=CN = ");
    return at == std::string::npos ? done.err : done.out.substr(at + 13, done.out.find('\n', at) - at - 13);
  };
  EXPECT_EQ(subject({"-servername", "first.example"}), "first");
  EXPECT_EQ(subject({"-servername", "a.wild.example"}), "exact");
  EXPECT_EQ(subject({"-servername", "A.WILD.Example"}), "exact");
  EXPECT_EQ(subject({"-servername", "b.wild.example"}), "wild");
  EXPECT_EQ(subject({"-servername", "b.c.wild.example"}), "first");
  EXPECT_EQ(subject({"-servername", "unknown.example"}), "first");
  EXPECT_EQ(subject({"-noservername"}), "first");
}

TEST_F(TlsListener, RefusesUnknownNamesWhenStrict) {
  Apply(SecretYaml("site", Leaf({.name = "site"})) + "---\n" + SiteYaml("{certificates: [{secret: site}], strict_sni: true}"));
  EXPECT_EQ(Curl("localhost").exit.code, 0);
  const Finished refused = Openssl({"-servername", "other.example"});
  EXPECT_NE(refused.err.find("unrecognized name"), std::string::npos) << refused.err;
  EXPECT_TRUE(Counts("switchyard_request_causes_total{listener=\"tls\",cause=\"tls_unknown_server_name\"} 1"));
}

TEST_F(TlsListener, SpeaksTheVersionsThatItIsToldTo) {
  struct Case {
    const char* bounds;
    const char* flag;
    bool works;
  };
  const std::string secret = SecretYaml("site", Leaf({.name = "site"})) + "---\n";
  for (const Case& each : {Case{"", "-tls1_2", true}, Case{"", "-tls1_3", true}, Case{"", "-tls1_1", false}, Case{", min_version: 1_3", "-tls1_2", false},
                           Case{", min_version: 1_3", "-tls1_3", true}, Case{", max_version: 1_2", "-tls1_3", false},
                           Case{", max_version: 1_2", "-tls1_2", true}}) {
    Apply(secret + SiteYaml(fmt::format("{{certificates: [{{secret: site}}]{}}}", each.bounds)));
    const Finished done = Openssl({each.flag, "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_EQ(done.exit.code == 0 && done.out.find("Verify return code: 0 (ok)") != std::string::npos, each.works)
        << each.bounds << " " << each.flag << "\n"
        << done.out << done.err;
  }
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_version_not_shared\"} 3")) << *fleet_->AdminGet(0, "/metrics");
}

TEST_F(TlsListener, OffersOnlyStrongCiphersToTls12) {
  Apply(SecretYaml("site", Leaf({.name = "site", .key = "RSA:2048"})) + "---\n" + SiteYaml("{certificates: [{secret: site}]}"));
  for (const char* good : {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    EXPECT_EQ(Openssl({"-tls1_2", "-cipher", good}).exit.code, 0) << good;
  }
  for (const char* weak : {"AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"}) {
    EXPECT_NE(Openssl({"-tls1_2", "-cipher", weak}).exit.code, 0) << weak;
  }
  for (const char* good : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    EXPECT_EQ(Openssl({"-tls1_3", "-ciphersuites", good}).exit.code, 0) << good;
  }
}

TEST_F(TlsListener, AsksClientsForCertificatesAndTellsTheBackend) {
  const KeyedPem client = Leaf({.name = "client", .alternative_names = "URI:spiffe://test/client"});
  const KeyedPem other = Leaf({.name = "other", .alternative_names = "URI:spiffe://test/other"});
  auto strangers = TestAuthority::Make(directory_, "strangers");
  ASSERT_TRUE(strangers.ok());
  auto stranger = strangers->Issue({.name = "stranger", .alternative_names = "URI:spiffe://test/client"});
  ASSERT_TRUE(stranger.ok());
  const std::string secrets =
      SecretYaml("site", Leaf({.name = "site"})) + "---\n" + CaYaml("clients", ca_->own().chain) + "---\n";
  Apply(secrets + SiteYaml("{certificates: [{secret: site}], client_auth: {ca: clients, names: [\"URI:spiffe://test/client\"]}}"));
  const auto with = [](const KeyedPem& pem) { return std::vector<std::string>{"--cert", pem.chain_path, "--key", pem.key_path}; };

  std::vector<std::string> forged = with(client);
  forged.insert(forged.end(), {"-H", "X-Forwarded-Client-Cert: Hash=forged"});
  EXPECT_EQ(Curl("localhost", forged).exit.code, 0);
  const auto seen = backend_.SeenRequests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].CountHeader("x-forwarded-client-cert"), 1u);
  const std::string facts(seen[0].Header("x-forwarded-client-cert"));
  EXPECT_TRUE(facts.starts_with("Hash=")) << facts;
  EXPECT_NE(facts.find("Subject=\"CN=client\";URI=spiffe://test/client"), std::string::npos) << facts;
  EXPECT_EQ(facts.find("forged"), std::string::npos);

  EXPECT_NE(Curl("localhost").exit.code, 0);
  EXPECT_NE(Curl("localhost", with(other)).exit.code, 0);
  EXPECT_NE(Curl("localhost", with(*stranger)).exit.code, 0);
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_client_certificate_missing\"} 1")) << *fleet_->AdminGet(0, "/metrics");
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_client_certificate_refused\"} 2")) << *fleet_->AdminGet(0, "/metrics");
  EXPECT_EQ(backend_.SeenRequests().size(), 1u);

  Apply(secrets + SiteYaml("{certificates: [{secret: site}], client_auth: {ca: clients, mode: OPTIONAL}}"));
  EXPECT_EQ(Curl("localhost").exit.code, 0);
  EXPECT_EQ(Curl("localhost", with(other)).exit.code, 0);
  EXPECT_NE(Curl("localhost", with(*stranger)).exit.code, 0);
}

TEST_F(TlsListener, TellsAPlainHttpClientWhatIsWrong) {
  Apply(SecretYaml("site", Leaf({.name = "site"})) + "---\n" + SiteYaml("{certificates: [{secret: site}]}"));
  for (const char* method : {"GET", "OPTIONS", "DELETE"}) {
    auto client = harness::RawHttpClient::Connect(port_.port());
    ASSERT_TRUE(client.ok());
    const auto answer = client->Exchange(fmt::format("{} / HTTP/1.1\r\nHost: localhost\r\n\r\n", method));
    ASSERT_TRUE(answer.ok()) << method << ": " << answer.status();
    EXPECT_EQ(answer->status(), 400);
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "tls_plain_http");
    EXPECT_NE(answer->body.find("https://"), std::string::npos);
    EXPECT_TRUE(client->ExpectClose().ok());
  }
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_plain_http\"} 3"));
}

TEST_F(TlsListener, RefusesNoiseAndSilence) {
  Apply(SecretYaml("site", Leaf({.name = "site"})) + "---\n" +
        fmt::format("kind: Listener\nname: tls\nspec:\n  address: 127.0.0.1\n  port: {}\n  http: {{head_timeout: 300ms}}\n"
                    "  tls: {{certificates: [{{secret: site}}]}}\n",
                    port_.port()));
  auto noisy = harness::RawHttpClient::Connect(port_.port());
  ASSERT_TRUE(noisy.ok());
  ASSERT_TRUE(noisy->Send(std::string("\x16\x03\x01\x00\x05nonsense that is no handshake", 33)).ok());
  EXPECT_FALSE(noisy->ReadToEnd().starts_with("HTTP"));
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_handshake_failed\"} 1")) << *fleet_->AdminGet(0, "/metrics");
  auto silent = harness::RawHttpClient::Connect(port_.port());
  ASSERT_TRUE(silent.ok());
  EXPECT_EQ(silent->ReadToEnd(), "");
  EXPECT_TRUE(Counts("listener=\"tls\",cause=\"tls_handshake_timeout\"} 1")) << *fleet_->AdminGet(0, "/metrics");
  EXPECT_EQ(Curl("localhost").exit.code, 0) << "a good client is served as ever";
}

TEST_F(TlsListener, StaplesTheOcspResponseOfAFile) {
  const KeyedPem leaf = Leaf({.name = "stapled"});
  const std::string serial = Run({"/usr/bin/openssl", "x509", "-in", leaf.chain_path, "-noout", "-serial"}).out.substr(7);
  const std::string index = directory_.Write("index.txt", "V\t21000101000000Z\t\t" + serial.substr(0, serial.find('\n')) + "\tunknown\t/CN=stapled\n");
  const std::string& ca = ca_->own().chain_path;
  const std::string response = directory_.Sub("response.der");
  const Finished made = Run({"/usr/bin/openssl", "ocsp", "-index", index, "-rsigner", ca, "-rkey", ca_->own().key_path, "-CA", ca, "-issuer", ca,
                             "-cert", leaf.chain_path, "-ndays", "7", "-respout", response});
  ASSERT_EQ(made.exit.code, 0) << made.err;
  const std::string tls = "{{certificates: [{{secret: stapled, ocsp_staple_file: \"{}\"}}]}}";
  Apply(SecretYaml("stapled", leaf) + "---\n" + SiteYaml(fmt::format(fmt::runtime(tls), response)));
  EXPECT_NE(Openssl({"-status"}).out.find("OCSP Response Status: successful"), std::string::npos);
  // A file that is not there is no reason to stop serving.
  Apply(SiteYaml(fmt::format(fmt::runtime(tls), directory_.Sub("nothing.der"))));
  EXPECT_NE(Openssl({"-status"}).out.find("OCSP response: no response sent"), std::string::npos);
}

// Part of the key itself: the second line; the first says only of which kind it is.
std::string Body(const std::string& pem) { return pem.substr(28 + 65, 40); }

std::vector<std::string> FilesThatHold(const std::string& directory, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && harness::ReadFile(path).find(text) != std::string::npos) found.push_back(path);
  }
  return found;
}

TEST_F(TlsListener, KeepsPrivateKeysSecret) {
  const KeyedPem leaf = Leaf({.name = "site"});
  Apply(SecretYaml("site", leaf) + "---\n" + SiteYaml("{certificates: [{secret: site}]}"));
  const std::string key = Body(leaf.key);
  ASSERT_EQ(key.size(), 40u);
  const std::vector<std::vector<std::string>> verbs = {
      {"get", "secret", "site", "-o", "yaml"}, {"get", "all", "-o", "json"}, {"history", "-o", "yaml"}};
  for (const std::vector<std::string>& verb : verbs) {
    const auto done = fleet_->Yardctl(verb);
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->exit.code, 0) << done->err;
    EXPECT_EQ(done->out.find(key), std::string::npos);
  }
  const auto shown = fleet_->Yardctl({"get", "secret", "site", "-o", "yaml"});
  ASSERT_TRUE(shown.ok());
  for (const char* fact : {"CN=site", "DNS:localhost", "not_after", "fingerprint", "sha256//"}) {
    EXPECT_NE(shown->out.find(fact), std::string::npos) << shown->out;
  }
  // What get printed can be applied: the key stays.
  const auto again = fleet_->Yardctl({"apply", "-f", "-"}, shown->out);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->exit.code, 0) << again->err;
  EXPECT_EQ(Curl("localhost").exit.code, 0);

  const auto page = fleet_->AdminGet(0, "/snapshot");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->find(key), std::string::npos);
  EXPECT_EQ(fleet_->controller().Stdout().find(key) + fleet_->controller().Stderr().find(key), 2 * std::string::npos);
  EXPECT_EQ(fleet_->agent(0).Stdout().find(key) + fleet_->agent(0).Stderr().find(key), 2 * std::string::npos);
  EXPECT_EQ(FilesThatHold(fleet_->directory().Sub("controller"), key), std::vector<std::string>());
  // The agent needs it to start without a controller.
  for (const std::string& path : FilesThatHold(fleet_->agent_directory(0), key)) {
    EXPECT_EQ(std::filesystem::status(path).permissions() & static_cast<std::filesystem::perms>(077), std::filesystem::perms::none) << path;
  }
}

TEST_F(TlsListener, RefusesBadCertificatesAtApplyWithTheReason) {
  const KeyedPem leaf = Leaf({.name = "leaf"});
  const KeyedPem other = Leaf({.name = "other"});
  struct Case {
    const char* what;
    KeyedPem pem;
    const char* field;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"another key", {leaf.chain, other.key, "", ""}, "spec.certificate.private_key_pem", "is not the key of"},
      {"no name", Leaf({.name = "nameless", .alternative_names = ""}), "spec.certificate.chain_pem", "no subject alternative name"},
      {"RSA 1024", Leaf({.name = "short", .key = "RSA:1024"}), "spec.certificate.chain_pem", "RSA 1024"},
      {"SHA-1", Leaf({.name = "sha1", .digest = "sha1"}), "spec.certificate.chain_pem", "SHA-1"},
      {"order", {ca_->own().chain + leaf.chain, ca_->own().key, "", ""}, "spec.certificate.chain_pem", "is not signed by the one after it"},
      {"key in chain", {leaf.chain + leaf.key, leaf.key, "", ""}, "spec.certificate.chain_pem", "holds a private key"},
      {"no PEM", {"hello\n", leaf.key, "", ""}, "spec.certificate.chain_pem", "PEM"},
  };
  for (const Case& each : cases) {
    const auto done = fleet_->Yardctl({"apply", "-f", "-"}, SecretYaml("bad", each.pem));
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->exit.code, 1) << each.what;
    EXPECT_NE(done->err.find(each.field), std::string::npos) << each.what << ": " << done->err;
    EXPECT_NE(done->err.find(each.reason), std::string::npos) << each.what << ": " << done->err;
    EXPECT_EQ(done->err.find(Body(leaf.key)), std::string::npos) << "a refusal quotes a key";
  }
}

}  // namespace
}  // namespace switchyard::integration
