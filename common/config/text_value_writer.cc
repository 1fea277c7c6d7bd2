#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "common/config/text_value.h"
#include "common/config/utf8.h"

namespace switchyard::config {
namespace {

constexpr std::size_t kIndent = 2;

// Characters beyond ASCII that a reader could take for a line end, or that nobody sees: C1 controls, line and paragraph separators, byte order
// marks and the last two of the plane.
bool IsInvisible(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa1;
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9" || character == "\xef\xbb\xbf" || character == "\xef\xbf\xbe" ||
         character == "\xef\xbf\xbf";
}

unsigned CodePoint(std::string_view character) {
  unsigned value = static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1fU : 0x0fU);
  for (const char c : character.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3fU);
  return value;
}

void AppendAscii(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? fmt::format("\\u{:04x}", static_cast<unsigned>(c)) : std::string(1, c);
  }
}

// As JSON (RFC 8259 section 7), which a YAML double-quoted scalar includes.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) {
      out += '?';
    } else if (length == 1) {
      AppendAscii(text.front(), out);
    } else if (IsInvisible(text.substr(0, length))) {
      out += fmt::format("\\u{:04x}", CodePoint(text.substr(0, length)));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsReserved(std::string_view word) {
  static constexpr std::array<std::string_view, 8> kWords = {"true", "false", "null", "yes", "no", "on", "off", "nan"};
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view reserved : kWords) {
    if (lower == reserved) return true;
  }
  return lower == "y" || lower == "n" || lower == "inf";
}

// `250ms`, `1h30m`: starts with a digit, yet is no number in any YAML.
bool IsDurationWord(std::string_view text) {
  bool letter = false;
  for (const char c : text) {
    if (!IsDigit(c) && (c < 'a' || c > 'z')) return false;
    letter = letter || !IsDigit(c);
  }
  return letter && IsDigit(text.front()) && !IsDigit(text.back()) && text.find('e') == std::string_view::npos && text.find('x') == std::string_view::npos &&
         text.find('o') == std::string_view::npos;
}

// A word that means the same text to every YAML reader.
bool IsPlainWord(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  if (IsDurationWord(text)) return true;
  if (!IsLetter(text.front()) && text.front() != '/' && text.front() != '_') return false;
  for (const char c : text) {
    if (!IsLetter(c) && !IsDigit(c) && c != '_' && c != '-' && c != '.' && c != '/') return false;
  }
  return !IsReserved(text);
}

void AppendYamlScalar(const TextValue& value, std::string& out) {
  if (value.kind == TextValue::Kind::kBare || IsPlainWord(value.text)) {
    out += value.text;
  } else {
    AppendQuoted(value.text, out);
  }
}

bool IsEmpty(const TextValue& value) { return value.elements.empty() && value.entries.empty(); }

// Writes what stands after `key:` or `-`; `column` is where the entries of `value` start.
void AppendYaml(const TextValue& value, std::size_t column, bool after_dash, std::string& out) {
  if (value.kind == TextValue::Kind::kBare || value.kind == TextValue::Kind::kText) {
    out += ' ';
    AppendYamlScalar(value, out);
    out += '\n';
    return;
  }
  if (IsEmpty(value)) {
    out += value.kind == TextValue::Kind::kList ? " []\n" : " {}\n";
    return;
  }
  // The first entry of a map stands on the line of its dash; everything else starts on a line of its own.
  bool same_line = after_dash && value.kind == TextValue::Kind::kMap;
  out += same_line ? ' ' : '\n';
  for (const TextValue& element : value.elements) {
    out.append(column, ' ');
    out += '-';
    AppendYaml(element, column + kIndent, true, out);
  }
  for (const auto& [key, entry] : value.entries) {
    if (!same_line) out.append(column, ' ');
    same_line = false;
    AppendYamlScalar({TextValue::Kind::kText, key, {}, {}}, out);
    out += ':';
    AppendYaml(entry, column + kIndent, false, out);
  }
}

void AppendJson(const TextValue& value, std::size_t column, std::string& out) {
  const auto separate = [&out, column](bool first) {
    out += first ? "\n" : ",\n";
    out.append(column + kIndent, ' ');
  };
  const auto close = [&out, column](char bracket) {
    out += '\n';
    out.append(column, ' ');
    out += bracket;
  };
  if (value.kind == TextValue::Kind::kBare) {
    out += value.text;
  } else if (value.kind == TextValue::Kind::kText) {
    AppendQuoted(value.text, out);
  } else if (IsEmpty(value)) {
    out += value.kind == TextValue::Kind::kList ? "[]" : "{}";
  } else if (value.kind == TextValue::Kind::kList) {
    out += '[';
    for (const TextValue& element : value.elements) {
      separate(&element == &value.elements.front());
      AppendJson(element, column + kIndent, out);
    }
    close(']');
  } else {
    out += '{';
    for (const auto& entry : value.entries) {
      separate(&entry == &value.entries.front());
      AppendQuoted(entry.first, out);
      out += ": ";
      AppendJson(entry.second, column + kIndent, out);
    }
    close('}');
  }
}

}  // namespace

std::string JsonText(const TextValue& value) {
  std::string out;
  AppendJson(value, 0, out);
  return out;
}

std::string YamlText(const TextValue& value) {
  std::string out;
  AppendYaml(value, 0, false, out);
  // The first line end, or the space before a lone scalar.
  return out.substr(1);
}

}  // namespace switchyard::config
