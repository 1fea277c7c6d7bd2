#include "agent/discovery/source.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "common/config/limits.h"

namespace switchyard::agent::discovery {

void Normalize(Backends& backends) {
  std::stable_sort(backends.begin(), backends.end(), [](const auto& a, const auto& b) { return a.address() < b.address(); });
  const auto same = [](const auto& a, const auto& b) { return a.address() == b.address(); };
  backends.erase(std::unique(backends.begin(), backends.end(), same), backends.end());
  if (backends.size() > switchyard::config::kMaxDiscovered) backends.resize(switchyard::config::kMaxDiscovered);
}

bool SameBackends(const Backends& a, const Backends& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return google::protobuf::util::MessageDifferencer::Equals(x, y); });
}

}  // namespace switchyard::agent::discovery
