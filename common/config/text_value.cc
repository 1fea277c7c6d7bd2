#include "common/config/text_value.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "common/base/duration.h"
#include "common/config/field_words.h"
#include "common/config/proto_duration.h"
#include "common/config/resource_key.h"
#include "common/tls/sha256.h"

namespace switchyard::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Whether fields that hold their default are written.
enum class Defaults { kLeaveOut, kWrite };

TextValue FieldsValue(const Message& message, Defaults defaults);

TextValue Bare(std::string text) { return {TextValue::Kind::kBare, std::move(text), {}, {}}; }
TextValue Text(std::string text) { return {TextValue::Kind::kText, std::move(text), {}, {}}; }

// JSON has no NaN and no infinity.
TextValue Real(double value) { return Bare(std::isfinite(value) ? fmt::format("{}", value) : "null"); }

TextValue TimestampValue(const google::protobuf::Timestamp& value) {
  using google::protobuf::util::TimeUtil;
  const bool fits = value.seconds() >= TimeUtil::kTimestampMinSeconds && value.seconds() <= TimeUtil::kTimestampMaxSeconds &&
                    value.nanos() >= 0 && value.nanos() < 1'000'000'000;
  return Text(fits ? TimeUtil::ToString(value) : "out of range");
}

TextValue SubMessageValue(const FieldDescriptor& field, const Message& value, Defaults defaults) {
  if (IsDuration(field)) {
    google::protobuf::Duration duration;
    duration.CopyFrom(value);
    return Text(FormatDuration(FromProto(duration)));
  }
  if (IsTimestamp(field)) {
    google::protobuf::Timestamp timestamp;
    timestamp.CopyFrom(value);
    return TimestampValue(timestamp);
  }
  if (field.message_type() == v1::Resource::descriptor()) return MessageValue(value);
  return FieldsValue(value, defaults);
}

TextValue StringValue(const FieldDescriptor& field, const std::string& value) {
  return Text(field.type() == FieldDescriptor::TYPE_BYTES ? tls::ToHex(value) : value);
}

// One value of a singular field.
TextValue SingularValue(const Message& message, const FieldDescriptor& field, Defaults defaults) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Bare(std::to_string(r.GetInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_INT64:
      return Bare(std::to_string(r.GetInt64(message, &field)));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Bare(std::to_string(r.GetUInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Bare(std::to_string(r.GetUInt64(message, &field)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Real(r.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Real(static_cast<double>(r.GetFloat(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Bare(r.GetBool(message, &field) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return Text(EnumWord(*field.enum_type(), r.GetEnumValue(message, &field)));
    case FieldDescriptor::CPPTYPE_STRING:
      return StringValue(field, r.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SubMessageValue(field, r.GetMessage(message, &field), defaults);
  }
  return Bare("null");
}

// One value of a repeated field.
TextValue ElementValue(const Message& message, const FieldDescriptor& field, int i, Defaults defaults) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Bare(std::to_string(r.GetRepeatedInt32(message, &field, i)));
    case FieldDescriptor::CPPTYPE_INT64:
      return Bare(std::to_string(r.GetRepeatedInt64(message, &field, i)));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Bare(std::to_string(r.GetRepeatedUInt32(message, &field, i)));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Bare(std::to_string(r.GetRepeatedUInt64(message, &field, i)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Real(r.GetRepeatedDouble(message, &field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Real(static_cast<double>(r.GetRepeatedFloat(message, &field, i)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Bare(r.GetRepeatedBool(message, &field, i) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return Text(EnumWord(*field.enum_type(), r.GetRepeatedEnumValue(message, &field, i)));
    case FieldDescriptor::CPPTYPE_STRING:
      return StringValue(field, r.GetRepeatedString(message, &field, i));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SubMessageValue(field, r.GetRepeatedMessage(message, &field, i), defaults);
  }
  return Bare("null");
}

// Sorted by key, so that equal messages give equal text.
TextValue MapValue(const Message& message, const FieldDescriptor& field, Defaults defaults) {
  TextValue out{TextValue::Kind::kMap, {}, {}, {}};
  const Reflection& r = *message.GetReflection();
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    const Message& entry = r.GetRepeatedMessage(message, &field, i);
    const TextValue key = SingularValue(entry, *field.message_type()->map_key(), defaults);
    out.entries.emplace_back(key.text, SingularValue(entry, *field.message_type()->map_value(), defaults));
  }
  std::sort(out.entries.begin(), out.entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

TextValue ListValue(const Message& message, const FieldDescriptor& field, Defaults defaults) {
  TextValue out{TextValue::Kind::kList, {}, {}, {}};
  const int size = message.GetReflection()->FieldSize(message, &field);
  out.elements.reserve(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) out.elements.push_back(ElementValue(message, field, i, defaults));
  return out;
}

bool IsWritten(const Message& message, const FieldDescriptor& field, Defaults defaults) {
  const Reflection& r = *message.GetReflection();
  if (field.is_repeated()) return defaults == Defaults::kWrite || r.FieldSize(message, &field) > 0;
  if (field.has_presence()) return r.HasField(message, &field);
  return defaults == Defaults::kWrite || r.HasField(message, &field);
}

TextValue FieldsValue(const Message& message, Defaults defaults) {
  TextValue out{TextValue::Kind::kMap, {}, {}, {}};
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsWritten(message, field, defaults)) continue;
    TextValue value = field.is_map()        ? MapValue(message, field, defaults)
                      : field.is_repeated() ? ListValue(message, field, defaults)
                                            : SingularValue(message, field, defaults);
    out.entries.emplace_back(field.name(), std::move(value));
  }
  return out;
}

const FieldDescriptor& ResourceField(int number) { return *v1::Resource::descriptor()->FindFieldByNumber(number); }

}  // namespace

TextValue ResourceValue(const v1::Resource& resource, OutputFields output_fields) {
  TextValue out{TextValue::Kind::kMap, {}, {}, {}};
  const auto add = [&](const char* name, TextValue value) { out.entries.emplace_back(name, std::move(value)); };
  if (KindOf(resource) != v1::KIND_UNSPECIFIED) add("kind", Text(std::string(KindName(KindOf(resource)))));
  add("name", Text(resource.name()));
  if (!resource.labels().empty()) add("labels", MapValue(resource, ResourceField(v1::Resource::kLabelsFieldNumber), Defaults::kLeaveOut));
  if (output_fields == OutputFields::kWrite && resource.generation() != 0) add("generation", Bare(std::to_string(resource.generation())));
  if (output_fields == OutputFields::kWrite && resource.has_updated()) add("updated", TimestampValue(resource.updated()));
  const auto* oneof = v1::Resource::descriptor()->FindOneofByName("spec");
  if (const FieldDescriptor* spec = resource.GetReflection()->GetOneofFieldDescriptor(resource, oneof)) {
    add("spec", SingularValue(resource, *spec, Defaults::kLeaveOut));
  }
  return out;
}

TextValue MessageValue(const Message& message) {
  if (message.GetDescriptor() != v1::Resource::descriptor()) return FieldsValue(message, Defaults::kWrite);
  v1::Resource resource;
  resource.CopyFrom(message);
  return ResourceValue(resource, OutputFields::kWrite);
}

}  // namespace switchyard::config
