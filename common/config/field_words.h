// How the words of the API look in text: enum values, and names of types for messages to people.
//
// Enum values are written without the prefix of their type (`BALANCER_LEAST_REQUEST` -> `LEAST_REQUEST`); kinds as people write them (`Upstream`);
// causes as in headers and logs (`no_route`, lower case). Reading takes these, the full name, and any letter case.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>

namespace switchyard::config {

// A number that the enum does not know is written as the number.
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number);

// Null when the word is none of the enum's.
const google::protobuf::EnumValueDescriptor* FindEnumWord(const google::protobuf::EnumDescriptor& type, std::string_view word);

// `HTTP1` or `ROUND_ROBIN, LEAST_REQUEST`: what may be written, without UNSPECIFIED.
std::string EnumChoices(const google::protobuf::EnumDescriptor& type);

bool IsDuration(const google::protobuf::FieldDescriptor& field);
bool IsTimestamp(const google::protobuf::FieldDescriptor& field);

}  // namespace switchyard::config
