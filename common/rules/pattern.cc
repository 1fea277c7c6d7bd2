#include "common/rules/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace switchyard::rules {
namespace {

constexpr std::int64_t kMaxMemory = 1 << 20;
constexpr int kRangeLength = 64;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Pattern::Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {
  bounded_ = compiled_->PossibleMatchRange(&least_, &most_, kRangeLength);
}

absl::StatusOr<Pattern> Pattern::Compile(std::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("is empty; expected a regular expression");
  if (text.size() > kMaxLength) {
    return absl::InvalidArgumentError(fmt::format("has {} characters; at most {} allowed", text.size(), kMaxLength));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  // Paths and header values are bytes; what is not UTF-8 must not fail to match `.`.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  auto compiled = std::make_shared<const re2::RE2>(Piece(text), options);
  if (compiled->error_code() == re2::RE2::ErrorPatternTooLarge || (compiled->ok() && compiled->ProgramSize() > kMaxInstructions)) {
    return absl::InvalidArgumentError(
        fmt::format("is a regular expression that is too costly: its program has more than {} instructions; repeat less", kMaxInstructions));
  }
  if (!compiled->ok()) return absl::InvalidArgumentError(fmt::format("is not a regular expression (RE2 syntax): {}", compiled->error()));
  return Pattern(std::move(compiled));
}

bool Pattern::Matches(std::string_view text) const {
  if (bounded_ && (text < least_ || text > most_)) return false;
  return re2::RE2::FullMatch(Piece(text), *compiled_);
}

Pattern::Replaced Pattern::Replace(std::string& text, std::string_view substitution, std::size_t max_length) const {
  std::string out = text;
  if (re2::RE2::GlobalReplace(&out, *compiled_, Piece(substitution)) == 0) return Replaced::kNone;
  if (out.size() > max_length) return Replaced::kTooLong;
  text = std::move(out);
  return Replaced::kSome;
}

absl::Status Pattern::CheckSubstitution(std::string_view substitution) const {
  if (substitution.size() > kMaxSubstitution) {
    return absl::InvalidArgumentError(fmt::format("has {} characters; at most {} allowed", substitution.size(), kMaxSubstitution));
  }
  std::string error;
  if (compiled_->CheckRewriteString(Piece(substitution), &error)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("does not fit the pattern: {}", error));
}

const std::string& Pattern::text() const { return compiled_->pattern(); }

}  // namespace switchyard::rules
