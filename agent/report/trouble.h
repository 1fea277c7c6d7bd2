// BackendTrouble: the backends whose breakers are not simply closed, or that outlier detection has out, and the routes whose breakers there are
// not, for people.
//
// Thread-safety: pure. Bounds: `most` rows; the rest is left out and counted, and what is open or out goes before what is not. Order: by upstream,
// address and route.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/report/window.h"

namespace switchyard::agent::report {

inline constexpr std::size_t kMaxTroubleRows = 1'000;
// Of breakers, in the order of BackendWindow.breakers.
inline constexpr std::array<std::string_view, 4> kBreakerStates = {"closed", "soft", "open", "half_open"};

struct BackendTrouble {
  std::string upstream;
  std::string address;
  std::string route;  // empty: the backend's own
  std::array<std::uint32_t, 4> breakers{};  // workers by state
  std::uint32_t ejected = 0;                // workers
  std::string reason;
};

struct Troubles {
  std::vector<BackendTrouble> rows;
  std::size_t left_out = 0;
};

Troubles TroubleIn(const Window& window, std::size_t most = kMaxTroubleRows);

}  // namespace switchyard::agent::report
