// Goal: TLS as a layer beneath a socket: bytes arrive whole whatever the pieces, ends are told from truncation, peers are judged, sessions
// resume where they may. Method: two sessions over a socketpair, driven step by step, with certificates made for the test.
#include "agent/tls/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/base/random.h"
#include "tests/harness/certificates.h"

namespace switchyard::agent::tls {
namespace {

using harness::KeyedPem;
using harness::TestAuthority;
using loop::IoResult;
using Step = loop::TransportLayer::Step;

struct Pair {
  std::array<int, 2> fd{-1, -1};
  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
  Step server_step = Step::kWantRead;
  Step client_step = Step::kWantWrite;

  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd.data()), 0); }
  ~Pair() {
    server.reset();
    client.reset();
    for (const int each : fd) close(each);
  }

  bool Shake() {
    for (int i = 0; i < 20; ++i) {
      if (client_step != Step::kDone && client_step != Step::kFailed) client_step = client->Handshake();
      if (server_step != Step::kDone && server_step != Step::kFailed) server_step = server->Handshake();
    }
    return client_step == Step::kDone && server_step == Step::kDone;
  }
};

IoResult Write(Session& session, std::string_view first, std::string_view second = {}) {
  const std::array<iovec, 2> pieces = {iovec{const_cast<char*>(first.data()), first.size()},
                                       iovec{const_cast<char*>(second.data()), second.size()}};
  return session.Write(std::span(pieces).first(second.empty() ? 1 : 2));
}

IoResult Read(Session& session, std::string& into, std::size_t size = 65536) {
  std::string buffer(size, '\0');
  const IoResult result = session.Read(buffer.data(), buffer.size());
  into.append(buffer, 0, result.bytes);
  return result;
}

class SessionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new harness::TempDir;
    auto ca = TestAuthority::Make(*directory_, "ca");
    ASSERT_TRUE(ca.ok()) << ca.status();
    ca_ = new TestAuthority(*std::move(ca));
    leaf_ = new KeyedPem(Issue({.name = "leaf", .alternative_names = "DNS:a.example,IP:192.0.2.1"}));
  }
  static void TearDownTestSuite() {
    delete leaf_;
    delete ca_;
    delete directory_;
  }

  static KeyedPem Issue(const harness::LeafForm& form) {
    auto leaf = ca_->Issue(form);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return leaf.ok() ? *leaf : KeyedPem();
  }

  static ServerOptions ServerForm() {
    ServerOptions options;
    options.scope = "listener";
    options.certificates = {{leaf_->chain, leaf_->key, ""}};
    options.alpn = {"h2", "http/1.1"};
    return options;
  }
  static ClientOptions ClientForm() {
    ClientOptions options;
    options.server_name = "a.example";
    options.ca_pem = ca_->own().chain;
    options.alpn = {"http/1.1"};
    return options;
  }

  std::shared_ptr<const ServerContext> Server(const ServerOptions& options, std::shared_ptr<TicketKeyRing> ring = nullptr) {
    auto context = ServerContext::Build(options, ring == nullptr ? ring_ : ring);
    EXPECT_TRUE(context.ok()) << context.status();
    return context.ok() ? *context : nullptr;
  }
  std::shared_ptr<const ClientContext> Client(const ClientOptions& options) {
    auto context = ClientContext::Build(options, host_cas_);
    EXPECT_TRUE(context.ok()) << context.status();
    return context.ok() ? *context : nullptr;
  }

  std::unique_ptr<Pair> Open(const std::shared_ptr<const ServerContext>& server, const std::shared_ptr<const ClientContext>& client,
                             ClientSession* slot = nullptr, Duration later = Duration::zero()) {
    auto pair = std::make_unique<Pair>();
    const WallTime now = SystemClock().WallNow() + later;
    pair->server = Session::Accept(server, pair->fd[0], now);
    pair->client = Session::Connect(client, pair->fd[1], now, slot);
    return pair;
  }

  // What the client makes of the server, and the server of the client.
  std::pair<Cause, Cause> Verdicts(const ServerOptions& server, const ClientOptions& client, Duration later = Duration::zero()) {
    const auto pair = Open(Server(server), Client(client), nullptr, later);
    if (pair->Shake()) return {Cause::kNone, Cause::kNone};
    return {pair->client->failure(), pair->server->failure()};
  }

  // Whether a second connection resumes the first one's session.
  bool Resumes(const std::shared_ptr<const ServerContext>& first, const std::shared_ptr<const ServerContext>& second,
               const std::shared_ptr<const ClientContext>& client, const std::shared_ptr<const ClientContext>& later_client) {
    ClientSession slot;
    for (const auto& [server, with] : {std::pair(first, client), std::pair(second, later_client)}) {
      const auto pair = Open(server, with, &slot);
      EXPECT_TRUE(pair->Shake());
      // Tickets come behind the handshake; reading takes them in.
      std::string none;
      EXPECT_EQ(Read(*pair->client, none).kind, IoResult::Kind::kWouldBlock);
      if (server == second && with == later_client && pair->server->resumed()) return true;
    }
    return false;
  }

  static inline harness::TempDir* directory_ = nullptr;
  static inline TestAuthority* ca_ = nullptr;
  static inline KeyedPem* leaf_ = nullptr;
  std::shared_ptr<TicketKeyRing> ring_ = std::make_shared<TicketKeyRing>();
  HostCas host_cas_;
};

TEST_F(SessionTest, CarriesBytesBothWaysAndAgreesOnAProtocol) {
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  EXPECT_EQ(pair->server->protocol(), "http/1.1");
  EXPECT_EQ(pair->client->protocol(), "http/1.1");
  EXPECT_EQ(Write(*pair->client, "GET ", "/").bytes, 5u);
  std::string got;
  EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kOk);
  EXPECT_EQ(got, "GET /");
  EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kWouldBlock);
  EXPECT_FALSE(pair->server->HasPending());
}

// Random pieces into a small pipe: writes block in the middle of records and are repeated with more bytes behind, from another place.
TEST_F(SessionTest, LosesNothingWhenWritesBlockAndReadsAreSmall) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  std::string sent(700'000, '\0');
  for (char& c : sent) c = static_cast<char>('a' + random.Below(26));
  std::string got;
  std::size_t done = 0;
  std::size_t owed = 0;  // of a record that is half on its way
  int blocked = 0;
  for (int rounds = 0; got.size() < sent.size() && rounds < 100'000; ++rounds) {
    // A copy each time: the bytes move. What blocked is offered again, perhaps with more behind it.
    const std::string offer = sent.substr(done, std::max<std::size_t>(owed, 1 + random.Below(90'000)));
    const std::size_t split = random.Below(offer.size() + 1);
    const IoResult put = offer.empty() ? IoResult() : Write(*pair->server, std::string_view(offer).substr(0, split), std::string_view(offer).substr(split));
    ASSERT_NE(put.kind, IoResult::Kind::kError);
    done += put.bytes;
    owed = std::min<std::size_t>(offer.size() - put.bytes, 16384);
    if (owed > 0) ++blocked;
    // Before waiting for the descriptor, what is pending is read: nothing may be left behind that no readiness tells of.
    const IoResult taken = Read(*pair->client, got, 1 + random.Below(40'000));
    ASSERT_NE(taken.kind, IoResult::Kind::kError);
  }
  EXPECT_EQ(got, sent);
  EXPECT_GT(blocked, 0);
}

TEST_F(SessionTest, SaysThatBytesArePendingUntilAllAreRead) {
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  ASSERT_EQ(Write(*pair->client, std::string(10'000, 'x')).bytes, 10'000u);
  ASSERT_EQ(Write(*pair->client, "last").bytes, 4u);
  std::string got;
  ASSERT_EQ(Read(*pair->server, got, 100).bytes, 100u);
  int reads = 0;
  while (pair->server->HasPending() && ++reads < 1000) Read(*pair->server, got, 100);
  EXPECT_EQ(got.size(), 10'004u) << "bytes were left that no readiness would tell of";
}

TEST_F(SessionTest, SaysWhenTheDescriptorWasEmptied) {
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  std::string got;
  Read(*pair->client, got);  // tickets
  EXPECT_TRUE(pair->client->Emptied());
  Write(*pair->client, "one record");
  Read(*pair->server, got);
  EXPECT_EQ(got, "one record");
  EXPECT_TRUE(pair->server->Emptied()) << "a second look would find nothing";
  const std::string large(40'000, 'x');
  Write(*pair->client, large);
  Read(*pair->server, got);
  EXPECT_FALSE(pair->server->Emptied()) << "the buffer of a record was full; more may wait";
  while (!pair->server->Emptied()) Read(*pair->server, got);
  EXPECT_EQ(got.size(), 10 + large.size());
  Write(*pair->client, "to be read in pieces");
  Read(*pair->server, got, 2);
  EXPECT_TRUE(pair->server->Emptied());
  Write(*pair->client, "news");
  Read(*pair->server, got, 2);
  EXPECT_FALSE(pair->server->Emptied()) << "the descriptor was not looked at";
  while (Read(*pair->server, got).kind == IoResult::Kind::kOk) continue;
  shutdown(pair->fd[1], SHUT_WR);
  EXPECT_NE(Read(*pair->server, got).kind, IoResult::Kind::kWouldBlock);
  EXPECT_FALSE(pair->server->Emptied()) << "an end is not to be waited for again";
}

TEST_F(SessionTest, TellsAnEndFromATruncation) {
  {
    const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
    ASSERT_TRUE(pair->Shake());
    Write(*pair->client, "bye");
    pair->client->Shutdown();
    std::string got;
    EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kOk);
    EXPECT_FALSE(pair->server->Emptied()) << "the end came with the bytes and would not be asked for";
    EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kEnd);
    // Our direction is still open.
    EXPECT_EQ(Write(*pair->server, "answer").kind, IoResult::Kind::kOk);
    EXPECT_EQ(Read(*pair->client, got).kind, IoResult::Kind::kOk);
    EXPECT_EQ(got, "byeanswer");
  }
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  Write(*pair->client, "by");
  shutdown(pair->fd[1], SHUT_WR);
  std::string got;
  EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kOk);
  EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kError);
  EXPECT_EQ(Write(*pair->server, "x").kind, IoResult::Kind::kError);
}

TEST_F(SessionTest, IsQuietWhenOnlyTicketsHaveCome) {
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  EXPECT_TRUE(pair->client->Quiet());
  Write(*pair->server, "surprise");
  EXPECT_FALSE(pair->client->Quiet());
  std::string got;
  Read(*pair->client, got);
  EXPECT_EQ(got, "surprise");
}

TEST_F(SessionTest, RefusesBytesThatWereChangedOnTheWay) {
  const auto pair = Open(Server(ServerForm()), Client(ClientForm()));
  ASSERT_TRUE(pair->Shake());
  std::array<int, 2> wire{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, wire.data()), 0);
  const std::string record("\x17\x03\x03\x00\x20" "this is no record that was sealed", 37);
  ASSERT_EQ(write(pair->fd[1], record.data(), record.size()), static_cast<ssize_t>(record.size()));
  std::string got;
  EXPECT_EQ(Read(*pair->server, got).kind, IoResult::Kind::kError);
  EXPECT_EQ(got, "");
  for (const int fd : wire) close(fd);
}

TEST_F(SessionTest, VerifiesTheBackend) {
  const auto fails = [&](auto change) {
    ClientOptions options = ClientForm();
    change(options);
    return Verdicts(ServerForm(), options).first;
  };
  auto strangers = TestAuthority::Make(*directory_, "strangers");
  ASSERT_TRUE(strangers.ok());
  const std::string other_ca = strangers->own().chain;
  EXPECT_EQ(fails([](ClientOptions&) {}), Cause::kNone);
  EXPECT_EQ(fails([](ClientOptions& o) { o.server_name = "192.0.2.1"; }), Cause::kNone);
  EXPECT_EQ(fails([](ClientOptions& o) { o.server_name = "b.example"; }), Cause::kUpstreamTlsWrongName);
  EXPECT_EQ(fails([](ClientOptions& o) { o.server_name = "192.0.2.2"; }), Cause::kUpstreamTlsWrongName);
  EXPECT_EQ(fails([&](ClientOptions& o) { o.ca_pem = other_ca; }), Cause::kUpstreamTlsUntrusted);
  EXPECT_EQ(fails([&](ClientOptions& o) { o.ca_pem = other_ca, o.insecure_skip_verify = true; }), Cause::kNone);
  EXPECT_EQ(fails([](ClientOptions& o) { o.names = {"URI:spiffe://a/b"}; }), Cause::kUpstreamTlsWrongName);
  EXPECT_EQ(fails([](ClientOptions& o) { o.server_name = "b.example", o.names = {"DNS:A.example"}; }), Cause::kNone);
  EXPECT_EQ(fails([](ClientOptions& o) { o.pins = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}; }), Cause::kUpstreamTlsWrongName);
  EXPECT_EQ(fails([](ClientOptions& o) { o.min_version = Version::kTls13; }), Cause::kNone);
  ServerOptions old = ServerForm();
  old.max_version = Version::kTls12;
  ClientOptions modern = ClientForm();
  modern.min_version = Version::kTls13;
  EXPECT_EQ(Verdicts(old, modern).first, Cause::kUpstreamTlsFailed);
  EXPECT_EQ(Verdicts(old, modern).second, Cause::kTlsVersionNotShared);
  // Its certificate lives 30 days.
  EXPECT_EQ(Verdicts(ServerForm(), ClientForm(), std::chrono::hours(24 * 31)).first, Cause::kUpstreamTlsUntrusted);
  EXPECT_EQ(Verdicts(ServerForm(), ClientForm(), std::chrono::hours(24 * 31)).second, Cause::kTlsRefusedByClient);
}

TEST_F(SessionTest, RefusesAClientThatOffersOtherProtocolsOnly) {
  ClientOptions options = ClientForm();
  options.alpn = {"acme-tls/1"};
  EXPECT_EQ(Verdicts(ServerForm(), options).second, Cause::kTlsNothingShared);
}

TEST_F(SessionTest, ResumesWhereTheTicketKeysAreShared) {
  const auto client = Client(ClientForm());
  auto other_ring = std::make_shared<TicketKeyRing>();
  const auto here = Server(ServerForm());
  EXPECT_TRUE(Resumes(here, Server(ServerForm()), client, client)) << "another agent with the same keys";
  EXPECT_FALSE(Resumes(here, Server(ServerForm(), other_ring), client, client)) << "other keys";
  ServerOptions elsewhere = ServerForm();
  elsewhere.scope = "another listener";
  EXPECT_FALSE(Resumes(here, Server(elsewhere), client, client));
  ServerOptions stricter = ServerForm();
  stricter.client_auth = ClientAuth::kOptional;
  stricter.client_ca_pem = ca_->own().chain;
  EXPECT_FALSE(Resumes(here, Server(stricter), client, client)) << "clients are judged by other rules now";
  ServerOptions without = ServerForm();
  without.resumption = false;
  const auto off = Server(without);
  EXPECT_FALSE(Resumes(off, off, client, client));
  EXPECT_FALSE(Resumes(here, here, client, Client(ClientForm()))) << "verified under a context that is no longer in use";
  ServerOptions old = ServerForm();
  old.max_version = Version::kTls12;
  const auto tls12 = Server(old);
  EXPECT_TRUE(Resumes(tls12, tls12, client, client));
}

TEST_F(SessionTest, ResumesAcrossAChangeOfTicketKeys) {
  const std::string now(kTicketKeyBytes, 'n');
  const std::string before(kTicketKeyBytes, 'b');
  const std::string next(kTicketKeyBytes, 'x');
  const auto ring = [](const std::vector<std::string_view>& keys) {
    auto made = std::make_shared<TicketKeyRing>();
    made->Set(keys);
    return made;
  };
  const auto early = Server(ServerForm(), ring({now, before, next}));
  const auto late = Server(ServerForm(), ring({next, now, "y" + std::string(kTicketKeyBytes - 1, 'y')}));
  const auto much_later = Server(ServerForm(), ring({std::string(kTicketKeyBytes, 'z')}));
  const auto client = Client(ClientForm());
  EXPECT_TRUE(Resumes(early, late, client, client));
  EXPECT_TRUE(Resumes(late, early, client, client)) << "an agent that has not heard of the change yet";
  EXPECT_FALSE(Resumes(early, much_later, client, client));
}

std::size_t Waiting(int fd) {
  std::array<char, 65536> bytes{};
  const ssize_t seen = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  return seen < 0 ? 0 : static_cast<std::size_t>(seen);
}

TEST_F(SessionTest, TicketsLeaveWithTheAnswerToAClientThatHasAskedAlready) {
  Pair pair;
  pair.server = Session::Accept(Server(ServerForm()), pair.fd[0], SystemClock().WallNow());
  pair.client = Session::Connect(Client(ClientForm()), pair.fd[1], SystemClock().WallNow(), nullptr);
  EXPECT_EQ(pair.client->Handshake(), Step::kWantRead);
  EXPECT_EQ(pair.server->Handshake(), Step::kWantRead);
  EXPECT_GT(Waiting(pair.fd[1]), 0U) << "a flight that the client waits for is held back";
  EXPECT_EQ(pair.client->Handshake(), Step::kDone);
  EXPECT_EQ(Write(*pair.client, "question").bytes, 8U);
  EXPECT_EQ(pair.server->Handshake(), Step::kDone);
  EXPECT_EQ(Waiting(pair.fd[1]), 0U);
  std::string question;
  Read(*pair.server, question);
  EXPECT_EQ(question, "question");
  EXPECT_EQ(Write(*pair.server, "answer").bytes, 6U);
  EXPECT_GT(Waiting(pair.fd[1]), 200U) << "tickets and answer";
  std::string answer;
  Read(*pair.client, answer);
  EXPECT_EQ(answer, "answer");
}

TEST_F(SessionTest, GivesATicketForEachOneUsedUnlessClientsShowCertificates) {
  ServerOptions judging = ServerForm();
  judging.client_auth = ClientAuth::kOptional;
  judging.client_ca_pem = ca_->own().chain;
  ServerOptions tls12 = ServerForm();
  tls12.max_version = Version::kTls12;
  for (const auto& [form, anew] : {std::pair(ServerForm(), true), std::pair(judging, false), std::pair(tls12, false)}) {
    const auto server = Server(form);
    const auto client = Client(ClientForm());
    ClientSession slot;
    std::string none;
    const auto first = Open(server, client, &slot);
    ASSERT_TRUE(first->Shake());
    Read(*first->client, none);
    const auto second = Open(server, client, &slot);
    ASSERT_TRUE(second->Shake());
    ASSERT_TRUE(second->server->resumed());
    EXPECT_EQ(Waiting(second->fd[1]) > 0, anew) << static_cast<int>(form.client_auth);
  }
}

TEST_F(SessionTest, ShowsTheCertificateOfTheNameAndNoneOfAnotherKind) {
  const KeyedPem rsa = Issue({.name = "rsa", .alternative_names = "DNS:b.example", .key = "RSA:2048"});
  const KeyedPem late = Issue({.name = "late", .alternative_names = "DNS:c.example"});
  ServerOptions both = ServerForm();
  both.certificates.push_back({rsa.chain, rsa.key, ""});
  both.certificates.push_back({late.chain, late.key, ""});
  for (const char* name : {"a.example", "b.example", "c.example"}) {
    ClientOptions asks = ClientForm();
    asks.server_name = name;
    EXPECT_EQ(Verdicts(both, asks).first, Cause::kNone) << name;
  }
  ClientOptions stranger = ClientForm();
  stranger.server_name = "d.example";
  EXPECT_NE(Verdicts(both, stranger).first, Cause::kNone) << "shown the first one, which is not its";
}

TEST_F(SessionTest, NeedsACertificate) {
  ServerOptions bare = ServerForm();
  bare.certificates.clear();
  EXPECT_EQ(ServerContext::Build(bare, ring_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, TicketsGoAtOnceToAClientThatHasNotAsked) {
  Pair pair;
  pair.server = Session::Accept(Server(ServerForm()), pair.fd[0], SystemClock().WallNow());
  pair.client = Session::Connect(Client(ClientForm()), pair.fd[1], SystemClock().WallNow(), nullptr);
  ASSERT_TRUE(pair.Shake());
  EXPECT_GT(Waiting(pair.fd[1]), 100U);
}

TEST_F(SessionTest, RefusesRenegotiation) {
  ServerOptions old = ServerForm();
  old.max_version = Version::kTls12;
  Pair pair;
  pair.server = Session::Accept(Server(old), pair.fd[0], SystemClock().WallNow());
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_clear_options(context, SSL_OP_NO_SSL_MASK);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, pair.fd[1]);
  SSL_set_connect_state(ssl);
  bool done = false;
  for (int i = 0; i < 20 && !done; ++i) {
    const int returned = SSL_do_handshake(ssl);
    const Step step = pair.server->Handshake();
    done = returned == 1 && step == Step::kDone;
  }
  ASSERT_TRUE(done);
  SSL_renegotiate(ssl);
  bool agreed = false;
  for (int i = 0; i < 10 && !agreed; ++i) {
    agreed = SSL_do_handshake(ssl) == 1;
    std::string none;
    EXPECT_NE(Read(*pair.server, none).kind, IoResult::Kind::kOk);
  }
  EXPECT_FALSE(agreed);
  SSL_free(ssl);
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace switchyard::agent::tls
