// Table: aligned columns for people.
//
// The first row is the heading. Columns are as wide as their widest cell, two spaces apart, no trailing spaces; width counts characters of
// UTF-8, not bytes. Control characters in cells are shown as `?`, so that text from elsewhere cannot drive a terminal.
// Thread-safety: one owner. Cost: O(cells).
#pragma once

#include <string>
#include <vector>

namespace switchyard::tools::yardctl {

class Table {
 public:
  explicit Table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
  // Columns whose heading starts with `>` are aligned to the right (the mark is not shown).
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.size() == 1; }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace switchyard::tools::yardctl
