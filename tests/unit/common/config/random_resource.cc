#include "tests/unit/common/config/random_resource.h"

#include <array>
#include <limits>
#include <string>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "common/base/clock.h"
#include "common/config/proto_duration.h"

namespace switchyard::tests {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Texts that careless writers and readers get wrong.
constexpr std::array<std::string_view, 44> kTexts = {
    "",       "a",        "true",   "False",  "null",  "~",        "yes",     "No",          "on",     "1",       "1.10",      "0x1F",
    "1e3",    ".nan",     "-.inf",  "-",      "--- ",  "# no",     "a # b",   "a: b",        "a:",     "&a",      "*a",        "!t",
    "|",      ">",        "%a",     "@a",     "`a`",   "[a]",      "{a}",     "'q'",         "\"q\"",  "\\n\\",   "tab\there", "two\nlines",
    " lead",  "trail ",   "\r\n",   "\x01\x7f", "h\xc3\xa9llo", "\xc2\x85\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x9a\x82"};

std::string RandomText(Random& random) {
  std::string text(kTexts[random.Below(kTexts.size())]);
  if (random.Below(3) == 0) text += kTexts[random.Below(kTexts.size())];
  if (random.Below(10) == 0) text += '\0';
  return text;
}

template <typename T>
T RandomNumber(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return std::numeric_limits<T>::max();
    case 1:
      return std::numeric_limits<T>::min();
    case 2:
      return static_cast<T>(random.Next());
    default:
      return static_cast<T>(random.Below(100));
  }
}

// Of up to 100 days to the nanosecond, or up to 90 years to the second.
Duration RandomDuration(Random& random) {
  constexpr std::uint64_t kDay = 86'400;
  if (random.Below(2) == 0) return Duration(static_cast<std::int64_t>(random.Below(100 * kDay * 1'000'000'000)));
  return std::chrono::seconds(random.Below(90 * 365 * kDay));
}

void FillWellKnown(Random& random, Message& message) {
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    message.CopyFrom(config::ToProto(RandomDuration(random)));
  } else {
    google::protobuf::Timestamp time;
    time.set_seconds(static_cast<std::int64_t>(random.Below(250'000'000'000)));
    time.set_nanos(static_cast<std::int32_t>(random.Below(1'000'000'000)));
    message.CopyFrom(time);
  }
}

void FillMessage(Random& random, Message& message) {
  if (message.GetDescriptor()->file()->package() == "google.protobuf") return FillWellKnown(random, message);
  FillRandomly(random, message);
}

int RandomEnumNumber(Random& random, const FieldDescriptor& field) {
  const auto& type = *field.enum_type();
  return type.value(static_cast<int>(random.Below(static_cast<std::uint64_t>(type.value_count()))))->number();
}

void FillField(Random& random, const FieldDescriptor& field, Message& message) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return field.is_repeated() ? r.AddUInt32(&message, &field, RandomNumber<std::uint32_t>(random))
                                 : r.SetUInt32(&message, &field, RandomNumber<std::uint32_t>(random));
    case FieldDescriptor::CPPTYPE_UINT64:
      return r.SetUInt64(&message, &field, RandomNumber<std::uint64_t>(random));
    case FieldDescriptor::CPPTYPE_BOOL:
      return r.SetBool(&message, &field, random.Below(2) == 0);
    case FieldDescriptor::CPPTYPE_ENUM:
      return field.is_repeated() ? r.AddEnumValue(&message, &field, RandomEnumNumber(random, field))
                                 : r.SetEnumValue(&message, &field, RandomEnumNumber(random, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return r.SetDouble(&message, &field, random.Unit() * 200 - 50);
    case FieldDescriptor::CPPTYPE_STRING:
      return field.is_repeated() ? r.AddString(&message, &field, RandomText(random)) : r.SetString(&message, &field, RandomText(random));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillMessage(random, field.is_repeated() ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field));
    default:
      return;  // no resource has such a field
  }
}

void FillMap(Random& random, const FieldDescriptor& field, Message& message) {
  // Distinct keys: reflection would add equal ones twice.
  for (std::uint64_t i = 0; i < random.Below(4); ++i) {
    Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    entry.GetReflection()->SetString(&entry, field.message_type()->map_key(), std::to_string(i) + RandomText(random));
    FillField(random, *field.message_type()->map_value(), entry);
  }
}

}  // namespace

void FillRandomly(Random& random, Message& message) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (random.Below(2) == 0) continue;
    if (field.is_map()) {
      FillMap(random, field, message);
    } else if (field.is_repeated()) {
      for (std::uint64_t n = random.Below(4); n > 0; --n) FillField(random, field, message);
    } else {
      FillField(random, field, message);
    }
  }
}

v1::Resource RandomResource(Random& random) {
  v1::Resource resource;
  FillRandomly(random, resource);
  resource.set_name("n" + std::to_string(random.Below(1'000'000)));
  switch (random.Below(3)) {
    case 0:
      FillRandomly(random, *resource.mutable_listener());
      break;
    case 1:
      FillRandomly(random, *resource.mutable_route());
      break;
    default:
      FillRandomly(random, *resource.mutable_upstream());
  }
  return resource;
}

}  // namespace switchyard::tests
