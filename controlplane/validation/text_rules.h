// The grammars of names and words that resources hold: what a character may be, in one place.
//
// Each predicate is about the characters and the shape; lengths are beside it where the proto states one. ASCII only, no locale.
// Thread-safety: pure functions. Cost: O(length), no allocation.
// Source: names and labels: proto/switchyard/v1/resource.proto; token, field value: RFC 9110 sections 5.6.2, 5.5; host: RFC 1123
// section 2.1, with `_`, which names in use have.
#pragma once

#include <cstddef>
#include <string_view>

namespace switchyard::controlplane::validation {

// 1-63 of [a-z0-9.-], first and last a letter or digit.
bool IsResourceName(std::string_view text);
// Characters of label keys and values: [A-Za-z0-9._/-], any number of them.
bool IsLabelText(std::string_view text);
// Not empty.
bool IsToken(std::string_view text);
// A field value as it stands between the optional white space: visible characters, inner spaces and tabs, bytes >= 0x80.
bool IsFieldValue(std::string_view text);
// Labels of 1-63 letters, digits, `-` and `_`, divided by dots; also covers IPv4. At most 253 characters.
bool IsHostName(std::string_view text);
// `[...]` around an IPv6 literal.
bool IsBracketedV6(std::string_view text);
// A path as it stands in a request line: starts with `/`, visible ASCII, without `?` and `#`.
bool IsPath(std::string_view text);
// Characters of UTF-8 text, not bytes.
std::size_t CharacterCount(std::string_view text);

}  // namespace switchyard::controlplane::validation
