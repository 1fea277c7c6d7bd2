#include "controlplane/validation/label_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

constexpr Text kLabelCharacters = "letters, digits, '.', '_', '/' and '-'";

void CheckLabel(Text field, const std::string& key, const std::string& value, Findings& out) {
  const auto add = [&](std::string reason) { out.Add(fmt::format("{}[{}]", field, key), std::move(reason)); };
  if (key.empty() || key.size() > config::kMaxLabelKeyLength) {
    add(fmt::format("has a key of {} characters; expected 1 to {}", key.size(), config::kMaxLabelKeyLength));
  } else if (!IsLabelText(key)) {
    add(fmt::format("has the key {}; expected only {}", Quoted(key), kLabelCharacters));
  }
  if (value.size() > config::kMaxLabelValueLength) {
    add(fmt::format("has a value of {} characters; at most {} allowed", value.size(), config::kMaxLabelValueLength));
  } else if (!IsLabelText(value)) {
    add(fmt::format("has the value {}; expected only {}", Quoted(value), kLabelCharacters));
  }
}

}  // namespace

void CheckName(Text field, Text name, Findings& out) {
  if (IsResourceName(name)) return;
  if (name.empty()) return out.Add(std::string(field), "is missing; expected the name of a resource");
  out.Add(
      std::string(field),
      fmt::format("is {} ({} characters); expected 1 to {} lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
                  Quoted(name), name.size(), config::kMaxNameLength));
}

void CheckLabels(Text field, const google::protobuf::Map<std::string, std::string>& labels, std::size_t max, Findings& out) {
  if (labels.empty()) return;
  if (labels.size() > max) out.Add(std::string(field), fmt::format("has {} labels; at most {} allowed", labels.size(), max));
  std::vector<const std::string*> keys;
  keys.reserve(labels.size());
  for (const auto& [key, value] : labels) keys.push_back(&key);
  std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
  if (keys.size() > max) keys.resize(max);
  for (const std::string* key : keys) CheckLabel(field, *key, labels.at(*key), out);
}

}  // namespace switchyard::controlplane::validation
