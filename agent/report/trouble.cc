#include "agent/report/trouble.h"

#include <algorithm>
#include <tuple>

namespace switchyard::agent::report {

std::vector<BackendTrouble> TroubleIn(const Window& window) {
  std::vector<BackendTrouble> out;
  for (const auto& [upstream, backends] : window.backends) {
    for (const auto& [address, backend] : backends) {
      const bool closed = backend.breakers[1] + backend.breakers[2] + backend.breakers[3] == 0;
      if (!closed || backend.ejected > 0) out.push_back({upstream, address, "", backend.breakers, backend.ejected, backend.reason});
      for (const auto& [route, trouble] : backend.routes) out.push_back({upstream, address, route, trouble.breakers, 0, trouble.reason});
    }
  }
  std::sort(out.begin(), out.end(), [](const BackendTrouble& a, const BackendTrouble& b) {
    return std::tie(a.upstream, a.address, a.route) < std::tie(b.upstream, b.address, b.route);
  });
  if (out.size() > kMaxTroubleRows) out.resize(kMaxTroubleRows);
  return out;
}

}  // namespace switchyard::agent::report
