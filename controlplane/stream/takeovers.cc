#include "controlplane/stream/takeovers.h"

#include <algorithm>

namespace switchyard::controlplane::stream {

bool Takeovers::Admit(const std::string& present, const std::string& newcomer, TimePoint now) {
  if (present == newcomer) return true;
  while (!past_.empty() && now - past_.front().at > kWithin) past_.pop_front();
  const auto lost = std::count_if(past_.begin(), past_.end(), [&](const Takeover& t) { return t.loser == newcomer; });
  if (lost >= kReplacedBefore) return false;
  past_.push_back({now, present});
  if (past_.size() > kRemembered) past_.pop_front();
  return true;
}

}  // namespace switchyard::controlplane::stream
