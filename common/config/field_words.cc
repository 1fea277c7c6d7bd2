#include "common/config/field_words.h"

#include <algorithm>

#include "common/config/resource_key.h"

namespace switchyard::config {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kKindType = "switchyard.v1.Kind";
constexpr std::string_view kCauseType = "switchyard.v1.Cause";
constexpr std::string_view kUnspecified = "UNSPECIFIED";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

// Every enum of ours has a value 0 named <PREFIX>_UNSPECIFIED.
std::string_view Prefix(const EnumDescriptor& type) {
  const std::string_view zero = type.value(0)->name();
  return zero.ends_with(kUnspecified) ? zero.substr(0, zero.size() - kUnspecified.size()) : std::string_view();
}

std::string_view Short(const EnumValueDescriptor& value) {
  const std::string_view prefix = Prefix(*value.type());
  const std::string_view name = value.name();
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

bool IsMessage(const FieldDescriptor& field, std::string_view name) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field.message_type()->full_name() == name;
}

}  // namespace

std::string EnumWord(const EnumDescriptor& type, int number) {
  const EnumValueDescriptor* value = type.FindValueByNumber(number);
  if (value == nullptr) return std::to_string(number);
  std::string word(Short(*value));
  if (type.full_name() == kKindType && number != 0) return std::string(KindName(static_cast<v1::Kind>(number)));
  if (type.full_name() == kCauseType) {
    if (number == 0) return "none";
    std::transform(word.begin(), word.end(), word.begin(), Lower);
  }
  return word;
}

const EnumValueDescriptor* FindEnumWord(const EnumDescriptor& type, std::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (EqualsIgnoreCase(word, Short(value)) || EqualsIgnoreCase(word, value.name())) return &value;
  }
  return type.full_name() == kCauseType && EqualsIgnoreCase(word, "none") ? type.value(0) : nullptr;
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::string out;
  for (int i = 0; i < type.value_count(); ++i) {
    if (Short(*type.value(i)) == kUnspecified) continue;
    out += (out.empty() ? "" : ", ") + EnumWord(type, type.value(i)->number());
  }
  return out;
}

bool IsDuration(const FieldDescriptor& field) { return IsMessage(field, "google.protobuf.Duration"); }
bool IsTimestamp(const FieldDescriptor& field) { return IsMessage(field, "google.protobuf.Timestamp"); }

}  // namespace switchyard::config
