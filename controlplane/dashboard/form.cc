#include "controlplane/dashboard/form.h"

#include <algorithm>

namespace switchyard::controlplane::dashboard {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Decode(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return false;
      const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return true;
}

}  // namespace

std::optional<Form> ParseForm(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    std::string name, value;
    if (!Decode(field.substr(0, equals), name) || !Decode(field.substr(std::min(equals + 1, field.size())), value)) return std::nullopt;
    if (form.size() == kMaxFields || !form.emplace(std::move(name), std::move(value)).second) return std::nullopt;
  }
  return form;
}

std::string_view FieldOf(const Form& form, std::string_view name) {
  const auto it = form.find(name);
  return it == form.end() ? std::string_view() : it->second;
}

}  // namespace switchyard::controlplane::dashboard
