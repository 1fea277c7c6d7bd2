// Pages: sizes and tokens of paged answers.
//
// A token names the last item of the page before (`list1/3/web`), so pages stay stable while items come and go: nothing that was there all
// the time is skipped or shown twice. Tokens are for the call that made them; people need not read them.
// Thread-safety: pure functions. Errors: INVALID_ARGUMENT for a token that this call did not make.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::controlplane::admin {

// 0 asks for `by_default`; more than `most` gets `most`.
std::size_t PageSize(std::uint32_t asked, std::size_t by_default, std::size_t most);

// REQUIRES: no part but the last contains '/'.
std::string MakePageToken(std::string_view verb, const std::vector<std::string>& parts);
// The parts, exactly `count`.
absl::StatusOr<std::vector<std::string>> ParsePageToken(std::string_view verb, std::string_view token, std::size_t count);
// A whole decimal number.
absl::StatusOr<std::uint64_t> ParseNumber(std::string_view text);

}  // namespace switchyard::controlplane::admin
