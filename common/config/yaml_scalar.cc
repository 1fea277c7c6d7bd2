#include "common/config/yaml_scalar.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "common/base/duration.h"
#include "common/base/status.h"
#include "common/config/field_words.h"
#include "common/config/proto_duration.h"
#include "common/config/suggestion.h"
#include "common/config/violation.h"
#include "common/tls/sha256.h"

namespace switchyard::config {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Expected(const YamlNode& node, const FieldDescriptor& field) {
  const char* quotes = node.quoted ? "; write it without quotes" : "";
  return fmt::format("expected {}, found {} \"{}\"{}", DescribeExpected(field), node.quoted ? "text" : "the word", CleanText(node.text, 64), quotes);
}

template <typename T>
bool ParseWhole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename T>
std::string ReadNumber(const YamlNode& node, const FieldDescriptor& field, T& value) {
  if (node.quoted) return Expected(node, field);
  if constexpr (std::is_floating_point_v<T>) return ParseWhole(node.text, value) && std::isfinite(value) ? std::string() : Expected(node, field);
  if (ParseWhole(node.text, value)) return {};
  const std::string_view digits = std::string_view(node.text).substr(node.text.starts_with('-') ? 1 : 0);
  const bool is_number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  return is_number ? fmt::format("{} is out of range; expected {}", CleanText(node.text, 64), DescribeExpected(field)) : Expected(node, field);
}

std::string ReadBool(const YamlNode& node, const FieldDescriptor& field, bool& value) {
  const bool is_true = node.text == "true" || node.text == "True" || node.text == "TRUE";
  const bool is_false = node.text == "false" || node.text == "False" || node.text == "FALSE";
  if (node.quoted || (!is_true && !is_false)) return Expected(node, field);
  value = is_true;
  return {};
}

std::string ReadEnum(const YamlNode& node, const EnumDescriptor& type, int& number) {
  const EnumValueDescriptor* value = FindEnumWord(type, node.text);
  if (value == nullptr) {
    return fmt::format("\"{}\" is none of {}", CleanText(node.text, 64), EnumChoices(type));
  }
  number = value->number();
  return {};
}

std::string ReadDuration(const YamlNode& node, google::protobuf::Duration& value) {
  const absl::StatusOr<Duration> duration = ParseDuration(node.text);
  if (!duration.ok()) return CleanText(switchyard::Message(duration.status()));
  value = ToProto(*duration);
  return {};
}

std::string ReadTimestamp(const YamlNode& node, google::protobuf::Timestamp& value) {
  if (google::protobuf::util::TimeUtil::FromString(node.text, &value)) return {};
  return fmt::format("\"{}\" is not a time; expected one such as 2026-01-31T09:30:00Z", CleanText(node.text, 64));
}

std::string ReadWellKnown(const YamlNode& node, const FieldDescriptor& field, Message& message) {
  // Checked before the field is made, so that a bad value leaves it absent.
  google::protobuf::Duration duration;
  google::protobuf::Timestamp timestamp;
  const bool is_duration = IsDuration(field);
  std::string problem = is_duration ? ReadDuration(node, duration) : ReadTimestamp(node, timestamp);
  if (!problem.empty()) return problem;
  const auto& reflection = *message.GetReflection();
  Message& target = field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field);
  target.CopyFrom(is_duration ? static_cast<const Message&>(duration) : static_cast<const Message&>(timestamp));
  return {};
}

std::string ReadBytes(const YamlNode& node, std::string& value) {
  value = tls::FromHex(node.text, node.text.size() / 2);
  return value.size() * 2 == node.text.size() ? std::string() : fmt::format("\"{}\" is not hexadecimal", CleanText(node.text, 64));
}

// Where a value goes: set, or added when the field is repeated.
struct Slot {
  const FieldDescriptor& field;
  Message& message;
};

template <typename T>
std::string Store(std::string problem, const T& value, const Slot& slot, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                  void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  if (problem.empty()) (slot.message.GetReflection()->*(slot.field.is_repeated() ? add : set))(&slot.message, &slot.field, value);
  return problem;
}

template <typename T>
std::string StoreNumber(const YamlNode& node, const Slot& slot, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                        void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  T value = 0;
  return Store(ReadNumber(node, slot.field, value), value, slot, set, add);
}

}  // namespace

std::string SetScalar(const YamlNode& node, const FieldDescriptor& field, Message& message) {
  const Slot slot{field, message};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return StoreNumber<std::int32_t>(node, slot, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return StoreNumber<std::int64_t>(node, slot, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return StoreNumber<std::uint32_t>(node, slot, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return StoreNumber<std::uint64_t>(node, slot, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return StoreNumber<double>(node, slot, &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return StoreNumber<float>(node, slot, &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool value = false;
      return Store(ReadBool(node, field, value), value, slot, &Reflection::SetBool, &Reflection::AddBool);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      int value = 0;
      return Store(ReadEnum(node, *field.enum_type(), value), value, slot, &Reflection::SetEnumValue, &Reflection::AddEnumValue);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value = node.text;
      std::string problem = field.type() == FieldDescriptor::TYPE_BYTES ? ReadBytes(node, value) : std::string();
      return Store(std::move(problem), value, slot, &Reflection::SetString, &Reflection::AddString);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadWellKnown(node, field, message);
  }
  return Expected(node, field);
}

std::string DescribeExpected(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return fmt::format("a whole number from {} to {}", std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max());
    case FieldDescriptor::CPPTYPE_INT64:
      return fmt::format("a whole number from {} to {}", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    case FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint32_t>::max());
    case FieldDescriptor::CPPTYPE_UINT64:
      return fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max());
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return fmt::format("one of {}", EnumChoices(*field.enum_type()));
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "hexadecimal digits" : "text";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (IsDuration(field)) return "a duration such as 250ms";
      if (IsTimestamp(field)) return "a time such as 2026-01-31T09:30:00Z";
      return "a map of fields";
  }
  return "another type";
}

}  // namespace switchyard::config
