// Whether bytes are a text that is fit for the YAML parser, before it sees them.
//
// Refused: more than kMaxInputBytes; bytes that are not UTF-8 (RFC 3629); control characters other than tab, line feed and carriage return;
// more brackets and commas than kMaxNodes (the parser keeps a flow collection in memory until it has seen its end, so they bound its memory).
// A byte order mark of UTF-8 is let through.
//
// Thread-safety: pure functions. Cost: one pass, about 1 ns per byte.
#pragma once

#include <optional>
#include <string_view>

#include "common/config/yaml_tree.h"

namespace switchyard::config {

// Nothing when the text is fit.
std::optional<YamlError> CheckText(std::string_view text);

}  // namespace switchyard::config
