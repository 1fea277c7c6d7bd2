#include "tools/wire/json_text.h"

#include <fmt/format.h>

namespace switchyard::tools::wire {

std::string JsonString(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += {'\\', c};
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (byte < 0x20 || byte >= 0x7f) out += fmt::format("\\u{:04x}", byte);
    else out += c;
  }
  out += '"';
  return out;
}

}  // namespace switchyard::tools::wire
