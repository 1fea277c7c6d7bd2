// Pattern: a regular expression of a resource, in RE2's syntax.
//
// RE2 matches in time linear in the text, whatever the pattern, so a stranger's path cannot hold up a worker. A pattern is bounded in
// length and in the size of its program, which bounds the memory of one to about 1 MiB.
// Thread-safety: immutable and shared; RE2 takes a reader's lock of its own per search. Cost: a range check that fails most texts, then
// O(length). Errors: INVALID_ARGUMENT that says what is wrong with the pattern. Source: https://github.com/google/re2/wiki/Syntax
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}

namespace switchyard::rules {

class Pattern {
 public:
  static constexpr std::size_t kMaxLength = 1024;
  static constexpr int kMaxInstructions = 2000;
  static constexpr std::size_t kMaxSubstitution = 1024;

  static absl::StatusOr<Pattern> Compile(std::string_view text);

  // Whether it covers the whole of `text`.
  bool Matches(std::string_view text) const;
  enum class Replaced : std::uint8_t { kNone, kSome, kTooLong };
  // Replaces every occurrence. kTooLong: the result would be longer than `max_length`, and `text` is as it was.
  Replaced Replace(std::string& text, std::string_view substitution, std::size_t max_length) const;
  // OK: `\0`-`\9` in it stand for groups that the pattern has.
  absl::Status CheckSubstitution(std::string_view substitution) const;
  const std::string& text() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled);

  std::shared_ptr<const re2::RE2> compiled_;
  // Every text that matches lies between them; `bounded_` says whether they are known.
  std::string least_;
  std::string most_;
  bool bounded_ = false;
};

}  // namespace switchyard::rules
