#include "controlplane/kubernetes/endpoints.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/endpoint.h"
#include "common/config/limits.h"

namespace switchyard::controlplane::kubernetes {
namespace {

// Better ones are greater.
enum class Word { kOut, kDraining, kReady };

struct Candidate {
  Word word = Word::kOut;
  std::string zone;
  std::string target;
  bool v6 = false;
};

Word WordOf(const SliceEndpoint& endpoint) {
  if (endpoint.ready) return Word::kReady;
  return endpoint.serving && endpoint.terminating ? Word::kDraining : Word::kOut;
}

bool IsTcp(const SlicePort& port) { return port.protocol.empty() || port.protocol == "TCP"; }

std::optional<std::uint32_t> AsNumber(const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > 65535) return std::nullopt;
  return number;
}

// Reads slices one by one and remembers what kept endpoints out.
class Reader {
 public:
  explicit Reader(const std::string& port) : wanted_(port), number_(AsNumber(port)) {}

  void Take(const EndpointSlice& slice) {
    if (slice.endpoints.empty()) return;
    if (slice.address_type != "IPv4" && slice.address_type != "IPv6") {
      other_type_ = slice.address_type;
      return;
    }
    const std::uint32_t port = PortOf(slice);
    if (port == 0) {
      ++without_port_;
      return;
    }
    for (const SliceEndpoint& endpoint : slice.endpoints) Take(endpoint, port);
  }

  Endpoints Finish() {
    DropSecondFamily();
    const bool any_ready = std::any_of(found_.begin(), found_.end(), [](const auto& one) { return one.second.word == Word::kReady; });
    Endpoints out;
    for (const auto& [address, candidate] : found_) {
      if (candidate.word == Word::kOut) continue;
      if (out.backends.size() == config::kMaxDiscovered) {
        out.problem = fmt::format("has more than {} endpoints; the first ones in order of address are used", config::kMaxDiscovered);
        break;
      }
      v1::Backend& backend = out.backends.emplace_back();
      backend.set_address(address);
      if (candidate.zone.size() <= config::kMaxZoneLength) backend.set_zone(candidate.zone);
      if (candidate.word == Word::kDraining && any_ready) backend.set_state(v1::BACKEND_STATE_DRAINING);
    }
    if (out.problem.empty()) out.problem = Problem();
    return out;
  }

 private:
  // 0: this slice has none that fits.
  std::uint32_t PortOf(const EndpointSlice& slice) {
    const SlicePort* only = nullptr;
    for (const SlicePort& port : slice.ports) {
      if (!IsTcp(port)) continue;
      if (!wanted_.empty() && port.name == wanted_) return port.port;
      if (number_ && (port.port == *number_ || port.port == 0)) return *number_;
      names_.insert(port.name.empty() ? std::to_string(port.port) : port.name);
      ambiguous_ = ambiguous_ || (wanted_.empty() && only != nullptr);
      only = &port;
    }
    return wanted_.empty() && only != nullptr && !ambiguous_ ? only->port : 0;
  }

  void Take(const SliceEndpoint& endpoint, std::uint32_t port) {
    const absl::StatusOr<Endpoint> address = Endpoint::FromIp(endpoint.address, static_cast<std::uint16_t>(port));
    if (!address.ok()) {
      ++odd_;
      return;
    }
    Candidate& candidate = found_[address->ToString()];
    const Word word = WordOf(endpoint);
    if (word < candidate.word) return;
    candidate = {word, endpoint.zone, endpoint.target, address->is_v6()};
  }

  void DropSecondFamily() {
    std::set<std::string> by_v4;
    for (const auto& [address, candidate] : found_) {
      if (!candidate.v6 && candidate.word != Word::kOut && !candidate.target.empty()) by_v4.insert(candidate.target);
    }
    std::erase_if(found_, [&](const auto& one) { return one.second.v6 && by_v4.contains(one.second.target); });
  }

  std::string Problem() const {
    if (ambiguous_) return fmt::format("has several ports ({}); name one in `port`", fmt::join(names_, ", "));
    if (without_port_ > 0 && !wanted_.empty()) return fmt::format("has endpoints without a TCP port \"{}\"; there are: {}", wanted_, fmt::join(names_, ", "));
    if (without_port_ > 0) return "has endpoints whose port is not known; name it in `port`";
    if (!other_type_.empty()) return fmt::format("has endpoints of type {}, which are not addresses", other_type_);
    if (odd_ > 0) return fmt::format("has {} endpoints whose address is none", odd_);
    return {};
  }

  const std::string wanted_;
  const std::optional<std::uint32_t> number_;
  std::map<std::string, Candidate> found_;
  std::set<std::string> names_;
  std::string other_type_;
  bool ambiguous_ = false;
  int without_port_ = 0;
  int odd_ = 0;
};

}  // namespace

Endpoints EndpointsOf(const Slices& slices, const std::string& port) {
  Reader reader(port);
  for (const auto& [name, slice] : slices) reader.Take(slice);
  return reader.Finish();
}

}  // namespace switchyard::controlplane::kubernetes
