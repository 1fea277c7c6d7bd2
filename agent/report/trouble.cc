#include "agent/report/trouble.h"

#include <algorithm>
#include <tuple>

namespace switchyard::agent::report {

namespace {

void Sort(std::vector<BackendTrouble>& rows) {
  std::sort(rows.begin(), rows.end(), [](const BackendTrouble& a, const BackendTrouble& b) {
    return std::tie(a.upstream, a.address, a.route) < std::tie(b.upstream, b.address, b.route);
  });
}

}  // namespace

Troubles TroubleIn(const Window& window, std::size_t most) {
  Troubles out;
  for (const auto& [upstream, backends] : window.backends) {
    for (const auto& [address, backend] : backends) {
      const bool closed = backend.breakers[1] + backend.breakers[2] + backend.breakers[3] == 0;
      if (!closed || backend.ejected > 0) out.rows.push_back({upstream, address, "", backend.breakers, backend.ejected, backend.reason});
      for (const auto& [route, trouble] : backend.routes) out.rows.push_back({upstream, address, route, trouble.breakers, 0, trouble.reason});
    }
  }
  Sort(out.rows);
  if (out.rows.size() <= most) return out;
  std::stable_partition(out.rows.begin(), out.rows.end(), [](const BackendTrouble& row) { return row.breakers[2] > 0 || row.ejected > 0; });
  out.left_out = out.rows.size() - most;
  out.rows.resize(most);
  Sort(out.rows);
  return out;
}

}  // namespace switchyard::agent::report
