#include "controlplane/admin/overrides.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "common/config/proto_duration.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr std::string_view kSection = "override";
constexpr Duration kDefaultTtl = std::chrono::hours(1);
constexpr Duration kLongestTtl = std::chrono::hours(24 * 30);
constexpr std::size_t kMostReason = 256;

// `<unix seconds of the end> <out|in> <reason>`
std::string TextOf(const fleet::OverrideState& state) {
  const auto end = std::chrono::duration_cast<std::chrono::seconds>(state.until.time_since_epoch()).count();
  return fmt::format("{} {} {}", end, state.override == v1::OVERRIDE_OUT ? "out" : "in", state.reason);
}

std::optional<fleet::OverrideState> StateOf(std::string_view text) {
  std::int64_t end = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), end);
  if (error != std::errc() || rest == text.data() + text.size()) return std::nullopt;
  std::string_view left = text.substr(static_cast<std::size_t>(rest - text.data()) + 1);
  const bool out = left.starts_with("out ");
  if (!out && !left.starts_with("in ")) return std::nullopt;
  left.remove_prefix(out ? 4 : 3);
  return fleet::OverrideState{out ? v1::OVERRIDE_OUT : v1::OVERRIDE_IN, WallTime(std::chrono::seconds(end)), std::string(left)};
}

absl::Status Check(const v1::SetOverrideRequest& request, Duration ttl) {
  if (request.backend().empty()) return absl::InvalidArgumentError("backend: must be given, as IP:port");
  if (request.override() < v1::OVERRIDE_NONE || request.override() > v1::OVERRIDE_IN) {
    return absl::InvalidArgumentError("override: expected NONE, OUT or IN");
  }
  if (ttl < std::chrono::seconds(1) || ttl > kLongestTtl) return absl::InvalidArgumentError("ttl: must be 1s-30d");
  if (request.reason().size() > kMostReason) return absl::InvalidArgumentError("reason: at most 256 characters");
  return absl::OkStatus();
}

absl::Status Keep(store::Store& store, const std::string& key, const fleet::OverrideState& state) {
  if (state.override == v1::OVERRIDE_NONE) {
    const absl::Status gone = store.DeleteRecord(kSection, key, std::nullopt);
    return absl::IsNotFound(gone) ? absl::OkStatus() : gone;
  }
  const auto known = store.ListRecords(kSection);
  if (!known.ok()) return known.status();
  if (known->size() >= kMostOverrides) return absl::ResourceExhaustedError(fmt::format("{} backends are overridden; end some first", known->size()));
  return store.PutRecord(kSection, key, TextOf(state), std::nullopt).status();
}

}  // namespace

absl::StatusOr<v1::SetOverrideResponse> HandleSetOverride(store::Store& store, fleet::FleetLoop& fleet, const Clock& clock,
                                                          const v1::SetOverrideRequest& request) {
  const Duration ttl = request.has_ttl() ? config::FromProto(request.ttl()) : kDefaultTtl;
  if (auto status = Check(request, ttl); !status.ok()) return status;
  const fleet::OverrideState state{request.override(), clock.WallNow() + ttl, request.reason()};
  const auto upstreams = fleet.SetOverride(request.upstream(), request.backend(), state);
  if (!upstreams.ok()) return upstreams.status();
  v1::SetOverrideResponse response;
  for (const std::string& upstream : *upstreams) {
    if (auto status = Keep(store, upstream + '/' + request.backend(), state); !status.ok()) return status;
    response.add_upstreams(upstream);
  }
  return response;
}

absl::StatusOr<std::size_t> RestoreOverrides(store::Store& store, fleet::FleetLoop& fleet, const Clock& clock) {
  const auto records = store.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::size_t hold = 0;
  for (const store::Record& record : *records) {
    const auto state = StateOf(record.value);
    const std::size_t slash = record.key.find('/');
    if (!state || slash == std::string::npos || state->until <= clock.WallNow()) {
      (void)store.DeleteRecord(kSection, record.key, record.revision);
      continue;
    }
    hold += fleet.SetOverride(record.key.substr(0, slash), record.key.substr(slash + 1), *state).ok() ? 1 : 0;
  }
  return hold;
}

}  // namespace switchyard::controlplane::admin
