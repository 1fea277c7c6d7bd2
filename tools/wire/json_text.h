// JSON strings for bytes of any kind: what a tool saw on the wire is not always text.
//
// Each byte becomes the code point of its value (0-255), so a reader gets the bytes back by encoding the string as Latin-1.
// Thread-safety: pure functions. Cost: one pass.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::tools::wire {

// With the quotes around it; pure ASCII.
std::string JsonString(std::string_view bytes);

}  // namespace switchyard::tools::wire
