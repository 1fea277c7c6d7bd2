#include "controlplane/identity/actions.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/format.h>

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kSection = "action";
constexpr std::size_t kPruneEvery = 100;
constexpr std::size_t kMaxText = 256;
constexpr std::uint32_t kDefaultLimit = 100;

// Sorts as the number does.
std::string KeyOf(std::uint64_t number) { return fmt::format("{:020}", number); }

std::uint64_t NumberOf(std::string_view key) {
  std::uint64_t number = 0;
  std::from_chars(key.data(), key.data() + key.size(), number);
  return number;
}

std::string Cut(std::string_view text) {
  std::size_t size = std::min(text.size(), kMaxText);
  // Not in the middle of a character.
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return std::string(text.substr(0, size));
}

}  // namespace

absl::Status Actions::Add(std::string_view who, std::string_view verb, std::string_view subject, std::string_view refused) {
  v1::AdminAction action;
  *action.mutable_time() = rpc::ToProto(clock_.WallNow());
  action.set_who(Cut(who));
  action.set_verb(Cut(verb));
  action.set_subject(Cut(subject));
  action.set_refused(Cut(refused));
  const std::lock_guard lock(mutex_);
  if (!next_.has_value() || *next_ % kPruneEvery == 0) {
    if (auto pruned = Prune(); !pruned.ok()) return pruned;
  }
  const auto written = store_.PutRecord(kSection, KeyOf(*next_), action.SerializeAsString(), std::nullopt);
  if (!written.ok()) return written.status();
  ++*next_;
  return absl::OkStatus();
}

absl::Status Actions::Prune() {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::uint64_t newest = 0;
  for (const store::Record& record : *records) newest = std::max(newest, NumberOf(record.key));
  next_ = newest + 1;
  const std::uint64_t keep = kMaxActions - kPruneEvery;
  for (const store::Record& record : *records) {
    if (NumberOf(record.key) + keep > newest) continue;
    if (auto gone = store_.DeleteRecord(kSection, record.key, std::nullopt); !gone.ok() && !absl::IsNotFound(gone)) return gone;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ActionsResponse> Actions::List(const v1::ActionsRequest& request) const {
  auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::sort(records->begin(), records->end(), [](const store::Record& a, const store::Record& b) { return a.key > b.key; });
  const std::size_t limit = std::min<std::size_t>(request.limit() == 0 ? kDefaultLimit : request.limit(), kMaxActions);
  v1::ActionsResponse response;
  for (const store::Record& record : *records) {
    if (static_cast<std::size_t>(response.actions_size()) == limit) break;
    v1::AdminAction action;
    if (action.ParseFromString(record.value)) *response.add_actions() = std::move(action);
  }
  return response;
}

}  // namespace switchyard::controlplane::identity
