#include "tools/yard-origin/site.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/wire/json_text.h"

namespace switchyard::tools::origin {
namespace {

struct CounterName {
  const char* name;
  std::atomic<std::uint64_t> Counters::*member;
};
constexpr CounterName kCounters[] = {
    {"connections", &Counters::connections},   {"closed", &Counters::closed},       {"requests", &Counters::requests},
    {"responses", &Counters::responses},       {"health_checks", &Counters::health_checks},
    {"body_bytes", &Counters::body_bytes},     {"errors", &Counters::errors},       {"resets", &Counters::resets},
    {"hangs", &Counters::hangs},               {"truncated", &Counters::truncated}, {"bad_requests", &Counters::bad_requests},
    {"aborted", &Counters::aborted},
};

void Separate(std::string& json) {
  if (json.back() != '[') json += ",\n";
}

}  // namespace

void Lane::RememberRequest(std::uint64_t connection, std::string_view head, std::string_view error) {
  if (ring_.empty()) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = ring_[written_++ % ring_.size()];
  entry.connection = connection;
  entry.head.assign(head.substr(0, kMaxLoggedHead));
  entry.error.assign(error);
  entry.body_bytes = 0;
  entry.body_crc = 0;
}

void Lane::RememberBody(std::uint64_t bytes, std::uint32_t crc) {
  if (ring_.empty() || written_ == 0) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = ring_[(written_ - 1) % ring_.size()];
  entry.body_bytes = bytes;
  entry.body_crc = crc;
}

void Lane::RememberRaw(std::uint64_t connection, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  auto it = std::find_if(raw_.begin(), raw_.end(), [&](const Raw& raw) { return raw.connection == connection; });
  if (it == raw_.end()) {
    if (raw_.size() < kRawConnections) raw_.emplace_back();
    it = raw_.begin() + static_cast<std::ptrdiff_t>(raw_next_);
    raw_next_ = (raw_next_ + 1) % kRawConnections;
    *it = Raw{connection, {}};
  }
  it->bytes.append(bytes.substr(0, kMaxRaw - std::min(kMaxRaw, it->bytes.size())));
}

void Lane::AppendLog(std::string& json) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t kept = std::min<std::uint64_t>(written_, ring_.size());
  for (std::uint64_t i = written_ - kept; i < written_; ++i) {
    const Entry& entry = ring_[i % ring_.size()];
    Separate(json);
    json += fmt::format(R"({{"connection":{},"head":{},"error":{},"body_bytes":{},"body_crc32":"{:08x}"}})", entry.connection,
                        wire::JsonString(entry.head), wire::JsonString(entry.error), entry.body_bytes, entry.body_crc);
  }
}

void Lane::AppendRaw(std::string& json) const {
  const std::lock_guard lock(mutex_);
  for (const Raw& raw : raw_) {
    Separate(json);
    json += fmt::format(R"({{"connection":{},"bytes":{}}})", raw.connection, wire::JsonString(raw.bytes));
  }
}

void Lane::ClearLog() {
  const std::lock_guard lock(mutex_);
  written_ = 0;
  raw_.clear();
  raw_next_ = 0;
}

Site::Site(std::string name, unsigned workers, std::size_t log_size)
    : name_(std::move(name)), behaviour_(std::make_shared<const Behaviour>()) {
  for (unsigned i = 0; i < workers; ++i) lanes_.push_back(std::make_unique<Lane>(log_size));
}

std::shared_ptr<const Behaviour> Site::behaviour() const {
  const std::lock_guard lock(mutex_);
  return behaviour_;
}

void Site::SetBehaviour(Behaviour behaviour) {
  auto next = std::make_shared<const Behaviour>(std::move(behaviour));
  const std::lock_guard lock(mutex_);
  behaviour_ = std::move(next);
  version_.fetch_add(1, std::memory_order_release);
}

std::string Site::StatsJson() const {
  std::string json = fmt::format(R"({{"name":{})", wire::JsonString(name_));
  for (const CounterName& counter : kCounters) {
    std::uint64_t sum = 0;
    for (const auto& lane : lanes_) sum += (lane->counters.*counter.member).load(std::memory_order_relaxed);
    json += fmt::format(R"(,"{}":{})", counter.name, sum);
  }
  return json + "}\n";
}

std::string Site::LogJson() const {
  std::string json = R"({"requests":[)";
  for (const auto& lane : lanes_) lane->AppendLog(json);
  return json + "]}\n";
}

std::string Site::RawJson() const {
  std::string json = R"({"connections":[)";
  for (const auto& lane : lanes_) lane->AppendRaw(json);
  return json + "]}\n";
}

void Site::ClearLog() {
  for (const auto& lane : lanes_) lane->ClearLog();
}

}  // namespace switchyard::tools::origin
