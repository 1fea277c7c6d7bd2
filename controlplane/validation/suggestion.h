// Suggestion: of the names that exist, the one that a mistyped name was probably meant to be.
//
// Closeness is the number of single-character changes (insert, delete, replace, swap of neighbours); at most 2, and at most a third of the
// word, or nothing is suggested: a wrong suggestion is worse than none. Of equally close names the first offered wins.
// Thread-safety: one owner. Cost: O(length^2) per name whose length is near, else O(1); names are at most 63 characters.
// Source: F. Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964 (optimal string alignment).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace switchyard::controlplane::validation {

class Suggestion {
 public:
  explicit Suggestion(std::string_view wanted);

  void Offer(std::string_view name);
  // Empty: nothing is close enough.
  const std::string& best() const { return best_; }

 private:
  std::string wanted_;
  std::string best_;
  // Below this a name is closer than the best so far.
  std::size_t closest_;
};

// `limit` when the distance is `limit` or more.
std::size_t Distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace switchyard::controlplane::validation
