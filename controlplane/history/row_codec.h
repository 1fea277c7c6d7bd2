// A row: the points of one group of series at one time, as bytes on disk. Pure.
//
// Layout, version 1: byte 1; then per series: length of the name, the name, then the nine columns, all unsigned LEB128. Rates and bytes are
// in hundredths, latencies in microseconds. Zeros take one byte each. What comes after the last whole series is damage: such a row is refused
// as a whole.
// Thread-safety: pure functions. Bounds: kMaxRowSeries, names of 255 bytes; values stop at 2^53.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controlplane/history/point.h"

namespace switchyard::controlplane::history {

inline constexpr std::size_t kMaxRowSeries = 2048;
inline constexpr std::size_t kMaxSeriesName = 255;

// Name within the group, and its point.
using Row = std::vector<std::pair<std::string, Point>>;

// Series beyond the bounds are left out.
std::string EncodeRow(const Row& row);
// False: not a row; `row` is then of no use.
bool DecodeRow(std::string_view bytes, Row& row);

}  // namespace switchyard::controlplane::history
