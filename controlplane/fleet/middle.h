// LowerMedian: the middle of some values, the lower of two; `none` with fewer than two, since one value has no peers.
//
// Pure. Cost: linear; the order of `values` changes.
#pragma once

#include <algorithm>
#include <vector>

namespace switchyard::controlplane::fleet {

template <class T>
T LowerMedian(std::vector<T>& values, T none) {
  if (values.size() < 2) return none;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace switchyard::controlplane::fleet
