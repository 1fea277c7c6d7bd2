// DnsSource: the backends of a name in DNS: asks, keeps the answer for its time to live, asks again.
//
// One look is one question per record type, and for SRV then the addresses of each target. A question that fails is answered by its own last
// good answer, if it has one; "no such record" is an answer. A look counts when at least one question brought records; else it failed: the
// last good list holds, and the next look follows after the least time to live, doubled with each further failure up to kLongestRetry. Times
// are cut by up to a tenth, so that agents do not fall into step.
//
// Thread-safety: loop thread only. Bounds: kMaxTargets SRV targets of the best priority, kMaxDiscovered backends, one look at a time.
// Errors: Status says why the newest look failed. Source: RFC 1035, RFC 2782 (weights within one priority), RFC 2308 (failures are cached, too).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/discovery/resolver.h"
#include "agent/discovery/source.h"
#include "common/base/loop.h"
#include "common/base/random.h"

namespace switchyard::agent::discovery {

class DnsSource final : public Source {
 public:
  static constexpr Duration kLongestRetry = std::chrono::minutes(1);
  static constexpr std::size_t kMaxTargets = 64;

  DnsSource(Loop& loop, std::unique_ptr<Resolver> resolver, v1::DnsDiscovery terms, std::uint64_t seed, Found found);

  void Start() override;
  SourceStatus Status() const override;

 private:
  using Asked = std::pair<std::string, DnsType>;

  void Look();
  void Ask(const std::string& name, DnsType type, const SrvRecord* service);
  void AskAddresses(const std::string& name, const SrvRecord* service);
  void OnAnswer(const Asked& asked, absl::StatusOr<DnsAnswer> answer, const SrvRecord* service);
  void TakeServices(const DnsAnswer& answer);
  void TakeAddresses(const DnsAnswer& answer, const SrvRecord* service);
  void EndLook();
  void Succeed();
  void Fail();
  void LookAgain(Duration after);

  Loop& loop_;
  const std::unique_ptr<Resolver> resolver_;
  const v1::DnsDiscovery terms_;
  Random random_;
  const Found found_;

  // The look under way.
  std::vector<std::unique_ptr<Resolver::Question>> questions_;
  std::vector<SrvRecord> services_;
  Backends gathered_;
  std::map<Asked, DnsAnswer> answers_;  // old ones in place of failures included
  bool brought_records_ = false;        // new ones
  std::size_t open_ = 0;
  std::uint32_t ttl_seconds_ = 0;
  std::string error_;

  Backends good_;
  std::map<Asked, DnsAnswer> good_answers_;  // of the last look that counted
  SourceStatus status_;
  std::uint32_t failures_in_a_row_ = 0;
  std::unique_ptr<Loop::Timer> timer_;
};

}  // namespace switchyard::agent::discovery
