#include "common/observe/json_text.h"

#include <cmath>

#include "fmt/format.h"

namespace switchyard::observe {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 when there is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and code points above U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

std::size_t PlainLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] >= 0x20 && text[length] < 0x7F && text[length] != '"' && text[length] != '\\') ++length;
  return length;
}

void AppendEscaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (c < 0x20 || c == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  } else {
    out += static_cast<char>(c);
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view value) {
  out += '"';
  for (std::size_t at = 0; at < value.size();) {
    // Most text needs nothing done to it.
    const std::size_t plain = PlainLength(value.substr(at));
    out.append(value.substr(at, plain));
    at += plain;
    if (at == value.size()) break;
    const std::size_t length = Utf8Length(value.substr(at));
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length == 1) {
      AppendEscaped(out, static_cast<unsigned char>(value[at]));
    } else {
      out.append(value.substr(at, length));
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

void AppendJsonNumber(std::string& out, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    out += "null";
  }
}

void JsonObject::AddRaw(std::string_view key, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  AppendJsonString(text_, key);
  text_ += ':';
  text_ += json;
}

void JsonObject::Add(std::string_view key, std::string_view value) {
  std::string json;
  AppendJsonString(json, value);
  AddRaw(key, json);
}

void JsonObject::Add(std::string_view key, double value) {
  std::string json;
  AppendJsonNumber(json, value);
  AddRaw(key, json);
}

std::string JsonObject::Finish() {
  text_ += '}';
  return std::move(text_);
}

void JsonArray::AddRaw(std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json;
}

void JsonArray::Add(std::string_view value) {
  std::string json;
  AppendJsonString(json, value);
  AddRaw(json);
}

std::string JsonArray::Finish() {
  text_ += ']';
  return std::move(text_);
}

}  // namespace switchyard::observe
