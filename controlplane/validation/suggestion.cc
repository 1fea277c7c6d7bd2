#include "controlplane/validation/suggestion.h"

#include <algorithm>
#include <array>

#include "common/config/limits.h"

namespace switchyard::controlplane::validation {
namespace {

constexpr std::size_t kMostChanges = 2;
constexpr std::size_t kCharactersPerChange = 3;
constexpr std::size_t kMostLength = config::kMaxNameLength;

using Row = std::array<std::size_t, kMostLength + 1>;

}  // namespace

std::size_t Distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > kMostLength || b.size() > kMostLength) return limit;
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap >= limit) return limit;
  // Rows i - 2, i - 1 and i of the table.
  std::array<Row, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    Row& row = rows[i % 3];
    const Row& above = rows[(i + 2) % 3];
    const Row& before = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit);
}

Suggestion::Suggestion(std::string_view wanted)
    : wanted_(wanted), closest_(std::min(kMostChanges, wanted.size() / kCharactersPerChange) + 1) {}

void Suggestion::Offer(std::string_view name) {
  const std::size_t distance = Distance(wanted_, name, closest_);
  if (distance >= closest_) return;
  closest_ = distance;
  best_ = name;
}

}  // namespace switchyard::controlplane::validation
