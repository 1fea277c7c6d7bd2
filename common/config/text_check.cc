#include "common/config/text_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/utf8.h"
#include "common/config/yaml_codec.h"

namespace switchyard::config {
namespace {

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

bool IsFlow(char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

SourcePosition PositionOf(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t start = before.rfind('\n');
  return {line, static_cast<std::uint32_t>(offset - (start == std::string_view::npos ? 0 : start + 1)) + 1};
}

}  // namespace

std::optional<YamlError> CheckText(std::string_view text) {
  if (text.size() > kMaxInputBytes) {
    return YamlError{{}, fmt::format("has {} bytes, more than {} MiB; split it", text.size(), kMaxInputBytes >> 20U)};
  }
  const auto control = std::find_if(text.begin(), text.end(), IsControl);
  const auto first_bad = std::min(static_cast<std::size_t>(control - text.begin()), FindInvalidUtf8(text));
  if (first_bad < text.size()) {
    return YamlError{PositionOf(text, first_bad), fmt::format("is not a text: found byte 0x{:02x}, expected YAML or JSON in UTF-8",
                                                              static_cast<unsigned char>(text[first_bad]))};
  }
  if (static_cast<std::size_t>(std::count_if(text.begin(), text.end(), IsFlow)) > kMaxNodes) {
    return YamlError{{}, fmt::format("has more than {} brackets and commas; split it", kMaxNodes)};
  }
  return std::nullopt;
}

}  // namespace switchyard::config
