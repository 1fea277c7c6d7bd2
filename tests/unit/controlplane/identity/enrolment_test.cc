// Enrolment and renewal on a memory store: who gets a certificate, for which name, and what it costs.
#include "controlplane/identity/enrolment.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "common/base/status.h"
#include "common/tls/certificate_request.h"
#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::identity {
namespace {

using std::chrono::hours;

// Counts writes, and makes them fail on demand.
class WatchedStore final : public store::Store {
 public:
  absl::StatusOr<v1::HistoryEntry> Commit(const store::Transaction& transaction) override { return inner_->Commit(transaction); }
  std::shared_ptr<const store::Catalog> Read() const override { return inner_->Read(); }
  absl::StatusOr<std::vector<v1::HistoryEntry>> History(std::uint64_t before, std::size_t limit) const override { return inner_->History(before, limit); }
  absl::StatusOr<store::ChangeRecord> ChangeAt(std::uint64_t generation) const override { return inner_->ChangeAt(generation); }
  std::uint64_t OldestGeneration() const override { return inner_->OldestGeneration(); }
  std::unique_ptr<store::Subscription> Watch(OnChange on_change) override { return inner_->Watch(std::move(on_change)); }
  absl::StatusOr<store::Record> GetRecord(std::string_view section, std::string_view key) const override { return inner_->GetRecord(section, key); }
  absl::StatusOr<std::vector<store::Record>> ListRecords(std::string_view section) const override { return inner_->ListRecords(section); }
  absl::StatusOr<std::uint64_t> PutRecord(std::string_view section, std::string_view key, std::string_view value,
                                          std::optional<std::uint64_t> expected) override {
    ++writes;
    return inner_->PutRecord(section, key, value, expected);
  }
  absl::StatusOr<std::uint64_t> PutRecords(std::span<const store::RecordPut> puts) override {
    ++writes;
    if (full) return absl::InternalError("disk full");
    return inner_->PutRecords(puts);
  }
  absl::Status DeleteRecord(std::string_view section, std::string_view key, std::optional<std::uint64_t> expected) override {
    ++writes;
    return inner_->DeleteRecord(section, key, expected);
  }
  absl::Status Export(const std::function<absl::Status(const store::ExportFacts&)>& begin,
                      const std::function<absl::Status(const store::StoredPair&)>& take) const override {
    return inner_->Export(begin, take);
  }

  int writes = 0;
  bool full = false;

 private:
  std::unique_ptr<store::Store> inner_ = store::OpenMemoryStore();
};

class EnrolmentTest : public testing::Test {
 protected:
  std::string Token(std::uint32_t uses) {
    v1::CreateTokenRequest request;
    request.set_uses(uses);
    return tokens_.Create(request)->token();
  }
  v1::EnrollRequest Request(const std::string& token, const std::string& node) const {
    v1::EnrollRequest request;
    request.set_token(token);
    request.set_node(node);
    request.set_csr_pem(*tls::MakeCertificateRequest(key_, "whatever"));
    return request;
  }
  PeerIdentity Peer(tls::Role role, const std::string& name) const { return {role, name, clock_.WallNow() + hours(1), "x"}; }

  ManualClock clock_;
  TemporaryDirectory directory_;
  RefusalCounters refusals_;
  std::unique_ptr<WatchedStore> store_ = std::make_unique<WatchedStore>();
  std::unique_ptr<Authority> authority_ = std::move(*Authority::Open(directory_.path() + "/identity", {}, clock_));
  Tokens tokens_{*store_, clock_, refusals_, authority_->ca_fingerprint()};
  Enrolment enrolment_{*authority_, tokens_, *store_, clock_, refusals_};
  const tls::KeyPair key_ = *tls::KeyPair::Generate();
};

TEST_F(EnrolmentTest, TradesATokenForACertificateOfTheAskedName) {
  const auto enrolled = enrolment_.Enroll(Request(Token(1), "web-1"));
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  const auto leaf = tls::Certificate::FromPem(enrolled->response.certificate_pem());
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(leaf->Spiffe()->ToString(), "spiffe://switchyard/agent/web-1");
  EXPECT_EQ(leaf->PublicKeyDer(), key_.PublicKeyDer());
  EXPECT_EQ(tls::Verify(*leaf, *tls::Certificate::FromPem(enrolled->response.ca_pem()), tls::Usage::kClient, clock_.WallNow()),
            tls::Trust::kTrusted);
  EXPECT_EQ(WallTime(std::chrono::seconds(enrolled->response.not_after().seconds())), leaf->not_after());
  EXPECT_FALSE(enrolled->replaced);
}

TEST_F(EnrolmentTest, TellsAStrangerNothingButTheToken) {
  v1::EnrollRequest request = Request("wrong", "Not A Name");
  request.set_csr_pem("garbage");
  const auto refused = enrolment_.Enroll(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(refusals_.Count(Refusal::kMalformedToken), 1u);
  EXPECT_EQ(refusals_.Count(Refusal::kBadNodeName), 0u);
}

TEST_F(EnrolmentTest, TakesNoUseForARefusedRequest) {
  const std::string token = Token(1);
  EXPECT_EQ(enrolment_.Enroll(Request(token, "Not A Name")).status().code(), absl::StatusCode::kInvalidArgument);
  v1::EnrollRequest garbage = Request(token, "web-1");
  garbage.set_csr_pem("garbage");
  EXPECT_EQ(enrolment_.Enroll(garbage).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refusals_.Count(Refusal::kBadNodeName), 1u);
  EXPECT_EQ(refusals_.Count(Refusal::kBadRequest), 1u);
  EXPECT_TRUE(enrolment_.Enroll(Request(token, "web-1")).ok());
}

TEST_F(EnrolmentTest, WritesOnceForEachAgent) {
  const std::string token = Token(2);
  const int before = store_->writes;
  ASSERT_TRUE(enrolment_.Enroll(Request(token, "web-1")).ok());
  EXPECT_EQ(store_->writes, before + 1);
  ASSERT_TRUE(enrolment_.Enroll(Request(token, "web-1")).ok());
  EXPECT_EQ(store_->writes, before + 2);
  EXPECT_TRUE(absl::IsUnauthenticated(enrolment_.Enroll(Request(token, "web-1")).status()));
}

TEST_F(EnrolmentTest, TakesNoUseAndGivesNoCertificateWhenTheDiskFails) {
  const std::string token = Token(1);
  store_->full = true;
  EXPECT_EQ(enrolment_.Enroll(Request(token, "web-1")).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(enrolment_.Nodes()->empty());
  store_->full = false;
  EXPECT_TRUE(enrolment_.Enroll(Request(token, "web-1")).ok());
  EXPECT_EQ(enrolment_.Nodes()->size(), 1u);
}

TEST_F(EnrolmentTest, AllowsANameAgainAndSaysSo) {
  const std::string token = Token(3);
  EXPECT_FALSE(enrolment_.Enroll(Request(token, "web-1"))->replaced);
  EXPECT_TRUE(enrolment_.Enroll(Request(token, "web-1"))->replaced);
  clock_.Advance(std::chrono::minutes(30));
  EXPECT_FALSE(enrolment_.Enroll(Request(token, "web-2"))->replaced);
}

TEST_F(EnrolmentTest, DoesNotCallAnEndedCertificateReplaced) {
  EXPECT_TRUE(enrolment_.Enroll(Request(Token(1), "web-1")).ok());
  clock_.Advance(hours(25));
  EXPECT_FALSE(enrolment_.Enroll(Request(Token(1), "web-1"))->replaced);
}

TEST_F(EnrolmentTest, LetsOneOfTwoAgentsHaveTheLastUse) {
  const std::string token = Token(1);
  std::atomic<int> won{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> agents;
  for (int i = 0; i < 8; ++i) {
    agents.emplace_back([&, i] {
      const auto enrolled = enrolment_.Enroll(Request(token, "web-" + std::to_string(i)));
      if (enrolled.ok()) ++won;
      if (absl::IsUnauthenticated(enrolled.status())) ++refused;
    });
  }
  for (std::thread& agent : agents) agent.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
}

TEST_F(EnrolmentTest, RenewsForTheSameNameOnly) {
  v1::RenewRequest request;
  const tls::KeyPair fresh = *tls::KeyPair::Generate();
  request.set_csr_pem(*tls::MakeCertificateRequest(fresh, "another-name"));
  clock_.Advance(hours(16));
  const auto renewed = enrolment_.Renew(Peer(tls::Role::kAgent, "web-1"), request);
  ASSERT_TRUE(renewed.ok());
  const auto leaf = tls::Certificate::FromPem(renewed->certificate_pem());
  EXPECT_EQ(leaf->Spiffe()->name, "web-1");
  EXPECT_EQ(leaf->PublicKeyDer(), fresh.PublicKeyDer());
  EXPECT_EQ(leaf->not_after(), clock_.WallNow() + hours(24));
}

TEST_F(EnrolmentTest, RenewsForAgentsOnly) {
  v1::RenewRequest request;
  request.set_csr_pem(*tls::MakeCertificateRequest(key_, "x"));
  EXPECT_EQ(enrolment_.Renew(Peer(tls::Role::kAdmin, "ann"), request).status().code(), absl::StatusCode::kPermissionDenied);
  request.set_csr_pem("garbage");
  EXPECT_EQ(enrolment_.Renew(Peer(tls::Role::kAgent, "web-1"), request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EnrolmentTest, KnowsAcrossStartsWhoseCertificatesHaveNotEnded) {
  const std::string token = Token(2);
  ASSERT_TRUE(enrolment_.Enroll(Request(token, "gone")).ok());
  ASSERT_TRUE(enrolment_.Enroll(Request(token, "here")).ok());
  clock_.Advance(hours(16));
  v1::RenewRequest renewal;
  renewal.set_csr_pem(*tls::MakeCertificateRequest(key_, "x"));
  ASSERT_TRUE(enrolment_.Renew(Peer(tls::Role::kAgent, "here"), renewal).ok());
  EXPECT_EQ(Enrolment(*authority_, tokens_, *store_, clock_, refusals_).Nodes()->size(), 2u);
  clock_.Advance(hours(16));
  const auto nodes = Enrolment(*authority_, tokens_, *store_, clock_, refusals_).Nodes();
  ASSERT_EQ(nodes->size(), 1u);
  EXPECT_EQ(nodes->front().name, "here");
}

TEST_F(EnrolmentTest, ForgetsNamesThatAreLongGoneWhenRoomIsNeeded) {
  Enrolment small{*authority_, tokens_, *store_, clock_, refusals_, 2};
  const std::string token = Token(10);
  ASSERT_TRUE(small.Enroll(Request(token, "web-1")).ok());
  clock_.Advance(hours(24 * 4));
  ASSERT_TRUE(small.Enroll(Request(Token(10), "web-2")).ok());
  EXPECT_EQ(small.Enroll(Request(Token(10), "web-3")).status().code(), absl::StatusCode::kResourceExhausted);
  clock_.Advance(hours(24 * 4 + 1));
  const auto third = small.Enroll(Request(Token(10), "web-3"));
  EXPECT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(store_->ListRecords("enrolment")->size(), 2u) << "web-1, whose certificate ended seven days ago, is forgotten; web-2 is not";
}

}  // namespace
}  // namespace switchyard::controlplane::identity
