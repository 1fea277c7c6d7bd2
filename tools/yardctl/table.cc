#include "tools/yardctl/table.h"

#include <algorithm>
#include <string_view>

#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Clean(std::string_view text) { return text.empty() ? "-" : Printable(text); }

}  // namespace

void Table::Add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (std::string& cell : row) cell = Clean(cell);
  rows_.push_back(std::move(row));
}

std::string Table::Text() const {
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows = rows_;
  for (std::string& cell : rows.front()) {
    right.push_back(cell.starts_with('>'));
    if (right.back()) cell.erase(0, 1);
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - Width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += right[i] ? gap + row[i] : row[i] + gap;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace switchyard::tools::yardctl
