// UTF-8, as far as strictness needs it: which bytes are a character.
//
// Source: RFC 3629 section 4 (no overlong forms, no surrogates, at most U+10FFFF). Thread-safety: pure functions. Cost: a few ns per character.
#pragma once

#include <cstddef>
#include <string_view>

namespace switchyard::config {

// Bytes of the character at the start of `text`, 1-4; 0 when it is empty or does not start with a valid character.
std::size_t Utf8Length(std::string_view text);

// Offset of the first byte that is not part of a valid character; npos when all is valid.
std::size_t FindInvalidUtf8(std::string_view text);

}  // namespace switchyard::config
