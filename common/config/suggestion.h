// "did you mean": the nearest of some known words.
//
// Source: optimal string alignment distance (F. Damerau, 1964): insertions, deletions, replacements and swaps of neighbours cost 1; letter case is free.
// Thread-safety: pure functions. Cost: O(candidates x length^2), words above kMaxWord characters are passed over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::config {

inline constexpr std::size_t kMaxSuggestWord = 64;

// The candidate at the least distance, when it is near enough to be meant (at most a third of the word, at least 1); else empty.
// Equally near: the first.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `; did you mean "balancer"?`, or empty when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace switchyard::config
