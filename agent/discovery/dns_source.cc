#include "agent/discovery/dns_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/limits.h"

namespace switchyard::agent::discovery {
namespace {

constexpr std::uint64_t kJitterPart = 10;

std::string AddressOf(const std::string& ip, std::uint32_t port) {
  return ip.find(':') == std::string::npos ? fmt::format("{}:{}", ip, port) : fmt::format("[{}]:{}", ip, port);
}

}  // namespace

DnsSource::DnsSource(Loop& loop, std::unique_ptr<Resolver> resolver, v1::DnsDiscovery terms, std::uint64_t seed, Found found)
    : loop_(loop), resolver_(std::move(resolver)), terms_(std::move(terms)), random_(seed), found_(std::move(found)) {
  status_.source = fmt::format("DNS {}", terms_.name());
}

void DnsSource::Start() { Look(); }

void DnsSource::Look() {
  ++status_.looks;
  questions_.clear();
  services_.clear();
  gathered_.clear();
  answers_.clear();
  brought_records_ = false;
  error_.clear();
  ttl_seconds_ = UINT32_MAX;
  if (terms_.record() == v1::DNS_RECORD_SRV) {
    Ask(terms_.name(), DnsType::kSrv, nullptr);
  } else {
    AskAddresses(terms_.name(), nullptr);
  }
}

void DnsSource::AskAddresses(const std::string& name, const SrvRecord* service) {
  if (terms_.family() != v1::DNS_FAMILY_V6) Ask(name, DnsType::kA, service);
  if (terms_.family() != v1::DNS_FAMILY_V4) Ask(name, DnsType::kAaaa, service);
}

void DnsSource::Ask(const std::string& name, DnsType type, const SrvRecord* service) {
  ++open_;
  questions_.push_back(resolver_->Ask(name, type, [this, asked = Asked(name, type), service](absl::StatusOr<DnsAnswer> answer) {
    OnAnswer(asked, std::move(answer), service);
  }));
}

void DnsSource::OnAnswer(const Asked& asked, absl::StatusOr<DnsAnswer> answer, const SrvRecord* service) {
  --open_;
  if (answer.ok()) {
    ttl_seconds_ = std::min(ttl_seconds_, answer->ttl_seconds);
    brought_records_ = brought_records_ || !answer->addresses.empty() || !answer->services.empty();
    answers_[asked] = *std::move(answer);
  } else if (!absl::IsNotFound(answer.status())) {
    // Not so a name that has addresses of one family only, as it well may.
    error_ = std::string(Message(answer.status()));
    if (const auto before = good_answers_.find(asked); before != good_answers_.end()) answers_.insert(*before);
  }
  if (const auto known = answers_.find(asked); known != answers_.end()) {
    if (asked.second == DnsType::kSrv) {
      TakeServices(known->second);
    } else {
      TakeAddresses(known->second, service);
    }
  }
  if (open_ == 0) EndLook();
}

void DnsSource::TakeServices(const DnsAnswer& answer) {
  std::uint16_t best = UINT16_MAX;
  for (const SrvRecord& service : answer.services) best = std::min(best, service.priority);
  for (const SrvRecord& service : answer.services) {
    if (service.priority == best && !service.target.empty() && service.port != 0 && services_.size() < kMaxTargets) services_.push_back(service);
  }
  // Not before all are there: questions point at them.
  for (const SrvRecord& service : services_) AskAddresses(service.target, &service);
}

void DnsSource::TakeAddresses(const DnsAnswer& answer, const SrvRecord* service) {
  for (const std::string& ip : answer.addresses) {
    v1::Backend backend;
    backend.set_address(AddressOf(ip, service == nullptr ? terms_.port() : service->port));
    const std::uint32_t weight = service == nullptr ? 1U : std::max<std::uint32_t>(service->weight, 1);
    if (weight > 1) backend.set_weight(std::min(weight, switchyard::config::kBackendWeight.max));
    gathered_.push_back(std::move(backend));
  }
}

void DnsSource::EndLook() {
  if (gathered_.empty() && error_.empty()) error_ = fmt::format("{} has no such records", terms_.name());
  // Old answers alone are no news, and "no such record" beside a failure is no reason to let go of what a whole answer gave.
  if (gathered_.empty() || !brought_records_) return Fail();
  Succeed();
}

void DnsSource::Succeed() {
  failures_in_a_row_ = 0;
  status_.error = error_;
  good_answers_ = std::move(answers_);
  Normalize(gathered_);
  const bool changed = !SameBackends(gathered_, good_);
  const bool first = !status_.answered;
  status_.answered = true;
  if (changed) good_ = gathered_;
  status_.backends = good_.size();
  LookAgain(std::clamp<Duration>(std::chrono::seconds(ttl_seconds_), switchyard::config::DnsMinTtl(terms_), switchyard::config::DnsMaxTtl(terms_)));
  if (changed || first) found_(good_, changed);
}

void DnsSource::Fail() {
  ++status_.failures;
  status_.error = error_;
  const bool first = !status_.answered;
  status_.answered = true;
  const Duration once = switchyard::config::DnsMinTtl(terms_);
  const std::uint32_t doublings = std::min(failures_in_a_row_++, 16U);
  LookAgain(std::max(once, std::min<Duration>(once * (1U << doublings), kLongestRetry)));
  if (first) found_(good_, /*changed=*/false);
}

void DnsSource::LookAgain(Duration after) {
  after -= Duration(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(after.count()) / kJitterPart + 1)));
  timer_ = loop_.After(after, [this] { Look(); });
}

SourceStatus DnsSource::Status() const { return status_; }

}  // namespace switchyard::agent::discovery
