// Goal: lists of backends follow DNS and files, and what is wrong changes nothing. Method: messages by hand, a resolver that answers as told,
// files in a directory of the test, simulated time.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "agent/discovery/dns_answer.h"
#include "agent/discovery/dns_source.h"
#include "agent/discovery/file_source.h"
#include "common/base/manual_loop.h"
#include "common/base/status.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/discovery/dns_bytes.h"

namespace switchyard::agent::discovery {
namespace {

using namespace dns_bytes;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kQuestion = Name("api.example.com") + Number(1, 2) + Number(1, 2);

std::string Joined(const Backends& backends) {
  std::string out;
  for (const auto& backend : backends) {
    out += (out.empty() ? "" : " ") + backend.address();
    if (backend.has_weight()) out += "*" + std::to_string(backend.weight());
  }
  return out;
}

TEST(DnsAnswerTest, GivesAddressesServicesAndTheLeastTimeToLive) {
  const std::string answers = Record(5, 20, Name("alias.example.com")) + Record(1, 60, Address("192.0.2.1")) + Record(28, 30, Address("2001:db8::1")) +
                              Record(33, 40, Srv(1, 5, 8080, "t.example.com")) + Record(16, 1, "ignored");
  const auto answer = ParseDnsAnswer(Response("id", kQuestion, answers, 5));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses, (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  ASSERT_EQ(answer->services.size(), 1U);
  EXPECT_EQ(answer->services[0].target, "t.example.com");
  EXPECT_EQ(answer->services[0].port, 8080);
  EXPECT_EQ(answer->ttl_seconds, 20U) << "of the alias";
}

TEST(DnsAnswerTest, RefusesWhatDoesNotAddUp) {
  const std::string good = Response("id", kQuestion, Record(1, 60, Address("192.0.2.1")), 1);
  ASSERT_TRUE(ParseDnsAnswer(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(ParseDnsAnswer(good.substr(0, size))) << size;
  EXPECT_FALSE(ParseDnsAnswer(Response("id", kQuestion, Record(1, 60, "12345"), 1)));
  EXPECT_FALSE(ParseDnsAnswer(Response("id", kQuestion, Record(33, 60, Number(1, 6)), 1)));
  EXPECT_FALSE(ParseDnsAnswer(Response("id", "\xc0\x0c" + Number(1, 2) + Number(1, 2), "", 0))) << "a name that points at itself";
}

// Answers what the test has put there.
class FakeResolver final : public Resolver {
 public:
  using Answers = std::map<std::pair<std::string, DnsType>, absl::StatusOr<DnsAnswer>>;
  FakeResolver(Loop& loop, const Answers& answers) : loop_(loop), answers_(answers) {}
  std::unique_ptr<Question> Ask(const std::string& name, DnsType type, Done done) override {
    const auto at = answers_.find({name, type});
    loop_.Post([done = std::move(done), answer = at == answers_.end() ? absl::NotFoundError("none") : at->second] { done(answer); });
    return std::make_unique<Question>();
  }

 private:
  Loop& loop_;
  const Answers& answers_;
};

class DnsSourceTest : public testing::Test {
 protected:
  void Start(const std::string& name, v1::DnsRecord record) {
    v1::DnsDiscovery terms;
    terms.set_name(name);
    terms.set_record(record);
    terms.set_port(record == v1::DNS_RECORD_SRV ? 0 : 80);
    source_ = std::make_unique<DnsSource>(loop_, std::make_unique<FakeResolver>(loop_, answers_), terms, 1, [this](const Backends& backends, bool) {
      ++told_;
      list_ = Joined(backends);
    });
    source_->Start();
    loop_.RunReady();
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  FakeResolver::Answers answers_;
  std::unique_ptr<DnsSource> source_;
  std::string list_;
  int told_ = 0;
};

TEST_F(DnsSourceTest, FollowsAddressesWhenTheirTimeIsOver) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.2", "192.0.2.1"}, {}, 60};
  answers_[{"api", DnsType::kAaaa}] = DnsAnswer{{"2001:db8::1"}, {}, 90};
  Start("api", v1::DNS_RECORD_ADDRESS);
  EXPECT_EQ(list_, "192.0.2.1:80 192.0.2.2:80 [2001:db8::1]:80");
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.3"}, {}, 60};
  loop_.Advance(seconds(53));
  EXPECT_EQ(told_, 1) << "not before nine tenths of the time are over";
  loop_.Advance(seconds(8));
  EXPECT_EQ(list_, "192.0.2.3:80 [2001:db8::1]:80");
  loop_.Advance(seconds(61));
  EXPECT_EQ(told_, 2) << "an equal answer is no news";
}

TEST_F(DnsSourceTest, ClampsTimesToLive) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 0};
  Start("api", v1::DNS_RECORD_ADDRESS);
  loop_.Advance(seconds(4));
  EXPECT_EQ(source_->Status().looks, 1U);
  loop_.Advance(seconds(2));
  EXPECT_EQ(source_->Status().looks, 2U);
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 1'000'000};
  loop_.Advance(seconds(6));
  EXPECT_EQ(source_->Status().looks, 3U);
  loop_.Advance(std::chrono::minutes(6));
  EXPECT_EQ(source_->Status().looks, 4U);
}

TEST_F(DnsSourceTest, KeepsTheLastGoodListAndAsksMoreAndMoreSeldom) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 5};
  Start("api", v1::DNS_RECORD_ADDRESS);
  answers_[{"api", DnsType::kA}] = absl::UnavailableError("timeout");
  loop_.Advance(seconds(6));
  EXPECT_EQ(source_->Status().error, "timeout");
  EXPECT_EQ(source_->Status().backends, 1U);
  answers_.clear();
  loop_.Advance(std::chrono::minutes(10));
  EXPECT_EQ(list_, "192.0.2.1:80") << "a name that is gone keeps its list, too";
  EXPECT_LE(source_->Status().looks, 18U);
  EXPECT_GE(source_->Status().looks, 10U);
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.9"}, {}, 5};
  loop_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(list_, "192.0.2.9:80");
  EXPECT_EQ(source_->Status().error, "");
}

TEST_F(DnsSourceTest, PartOfAnAnswerDoesNotTakeBackendsAway) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 5};
  answers_[{"api", DnsType::kAaaa}] = DnsAnswer{{"2001:db8::1"}, {}, 5};
  Start("api", v1::DNS_RECORD_ADDRESS);
  answers_[{"api", DnsType::kAaaa}] = absl::UnavailableError("server failure");
  loop_.Advance(seconds(6));
  EXPECT_EQ(list_, "192.0.2.1:80 [2001:db8::1]:80");
}

TEST_F(DnsSourceTest, AQuestionThatAlwaysFailsDoesNotHoldUpTheOther) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 5};
  answers_[{"api", DnsType::kAaaa}] = absl::UnavailableError("server failure");
  Start("api", v1::DNS_RECORD_ADDRESS);
  EXPECT_EQ(list_, "192.0.2.1:80");
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.2"}, {}, 5};
  loop_.Advance(seconds(6));
  EXPECT_EQ(list_, "192.0.2.2:80");
  EXPECT_EQ(source_->Status().error, "server failure");
}

TEST_F(DnsSourceTest, AFailedQuestionKeepsItsOwnLastAnswerOnly) {
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 5};
  answers_[{"api", DnsType::kAaaa}] = DnsAnswer{{"2001:db8::1"}, {}, 5};
  Start("api", v1::DNS_RECORD_ADDRESS);
  answers_[{"api", DnsType::kA}] = DnsAnswer{{"192.0.2.2"}, {}, 5};
  answers_[{"api", DnsType::kAaaa}] = absl::UnavailableError("server failure");
  loop_.Advance(seconds(6));
  EXPECT_EQ(list_, "192.0.2.2:80 [2001:db8::1]:80");
  answers_.erase({"api", DnsType::kA});
  loop_.Advance(seconds(6));
  EXPECT_EQ(list_, "192.0.2.2:80 [2001:db8::1]:80") << "nothing new came";
  answers_[{"api", DnsType::kAaaa}] = DnsAnswer{{"2001:db8::3"}, {}, 5};
  loop_.Advance(seconds(20));
  EXPECT_EQ(list_, "[2001:db8::3]:80");
}

TEST_F(DnsSourceTest, ServicesGivePortsAndWeightsOfTheBestPriority) {
  answers_[{"_http._tcp.api", DnsType::kSrv}] =
      DnsAnswer{{}, {{"a", 8001, 1, 30}, {"b", 8002, 1, 0}, {"backup", 8003, 2, 1}, {"", 8004, 1, 1}}, 60};
  answers_[{"a", DnsType::kA}] = DnsAnswer{{"192.0.2.1"}, {}, 60};
  answers_[{"b", DnsType::kAaaa}] = DnsAnswer{{"2001:db8::2"}, {}, 60};
  answers_[{"backup", DnsType::kA}] = DnsAnswer{{"192.0.2.3"}, {}, 60};
  Start("_http._tcp.api", v1::DNS_RECORD_SRV);
  EXPECT_EQ(list_, "192.0.2.1:8001*30 [2001:db8::2]:8002");
}

TEST_F(DnsSourceTest, TellsOfAFirstAnswerThatBroughtNothing) {
  Start("nobody", v1::DNS_RECORD_ADDRESS);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(list_, "");
  EXPECT_NE(source_->Status().error.find("no such records"), std::string::npos);
}

// --- files ---

TEST(BackendsFile, ReadsYamlAndJson) {
  EXPECT_EQ(Joined(*ParseBackendsFile("# ours\nbackends:\n  - address: 192.0.2.2:80\n    weight: 3\n  - {address: '192.0.2.1:80'}\n")),
            "192.0.2.1:80 192.0.2.2:80*3");
  EXPECT_EQ(Joined(*ParseBackendsFile("{\"backends\": [{\"address\": \"[::1]:80\"}]}")), "[::1]:80");
  EXPECT_EQ(Joined(*ParseBackendsFile("backends: []\n")), "");
}

TEST(BackendsFile, SaysWhatIsWrong) {
  const std::map<std::string, std::string> cases = {
      {"backends: [{address: nobody}]", "backends[0].address"},
      {"backends: [{address: '192.0.2.1:0'}]", "port 0"},
      {"backends: [{adress: '192.0.2.1:1'}]", "line 1"},
      {"# one\n# two\nbackends: 7\n", "line 3"},
      {"backends: []\nbalancer: ROUND_ROBIN\n", "more than `backends`"},
      {"backends: [{address: '192.0.2.1:1'}, {address: '192.0.2.1:1'}]", "twice"},
      {"backends: [{address: '192.0.2.1:1', weight: 10001}]", "weight"},
      {"}{", "line"}};
  for (const auto& [text, part] : cases) {
    const auto got = ParseBackendsFile(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_NE(Message(got.status()).find(part), std::string_view::npos) << got.status();
  }
}

TEST(FileSourceTest, AFirstListThatIsEmptyIsNews) {
  const harness::TempDir directory;
  const std::string path = directory.path() + "/endpoints.yaml";
  std::ofstream(path) << "backends: []";
  ManualClock clock;
  ManualLoop loop(clock);
  int told = 0;
  int changes = 0;
  FileSource source(loop, path, [&](const Backends& backends, bool changed) {
    ++told;
    changes += changed && backends.empty() ? 1 : 0;
  });
  source.Start();
  loop.Advance(seconds(3));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(changes, 1) << "what the source before it has found would hold for good";
}

TEST(FileSourceTest, FollowsTheFileAndKeepsTheLastGoodList) {
  const harness::TempDir directory;
  const std::string path = directory.path() + "/endpoints.yaml";
  const auto write = [&](const std::string& text) {
    std::ofstream(path + ".new") << text;
    ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
  };
  ManualClock clock;
  ManualLoop loop(clock);
  std::string list = "none";
  int told = 0;
  FileSource source(loop, path, [&](const Backends& backends, bool) {
    ++told;
    list = Joined(backends);
  });
  source.Start();
  loop.RunReady();
  EXPECT_EQ(told, 1) << "a missing file is an answer";
  EXPECT_NE(source.Status().error.find("cannot be read"), std::string::npos);
  write("backends: [{address: '192.0.2.1:80'}]");
  loop.Advance(seconds(1));
  EXPECT_EQ(list, "192.0.2.1:80");
  EXPECT_EQ(source.Status().error, "");
  write("backends: [{address: oops}]");
  loop.Advance(seconds(1));
  EXPECT_EQ(list, "192.0.2.1:80");
  EXPECT_NE(source.Status().error.find("backends[0].address"), std::string::npos);
  write("backends: [{address: '192.0.2.2:80'}]");
  loop.Advance(seconds(1));
  EXPECT_EQ(list, "192.0.2.2:80");
  EXPECT_EQ(std::remove(path.c_str()), 0);
  loop.Advance(seconds(5));
  EXPECT_EQ(list, "192.0.2.2:80");
  EXPECT_EQ(told, 3);
  EXPECT_NE(source.Status().error.find("cannot be read"), std::string::npos);
  write(std::string(FileSource::kMaxBytes + 1, '#'));
  loop.Advance(seconds(1));
  EXPECT_NE(source.Status().error.find("larger than"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::agent::discovery
