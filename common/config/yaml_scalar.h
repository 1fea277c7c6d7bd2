// One YAML scalar -> one value of a protobuf field.
//
// Numbers are plain decimal (no quotes, no separators, no exponent for whole ones); NaN and infinities are refused; booleans are `true` and `false`;
// text is any scalar, taken as it is written; durations, enums, timestamps and bytes are as yaml_codec.h says.
//
// Thread-safety: pure functions. Errors: the answer is empty when the value was set, else what was expected.
#pragma once

#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "common/config/yaml_tree.h"

namespace switchyard::config {

// Sets the field (or adds to it, when it is repeated). REQUIRES: `node` is a scalar; the field is no message, or a duration or timestamp.
std::string SetScalar(const YamlNode& node, const google::protobuf::FieldDescriptor& field, google::protobuf::Message& message);

// What a field takes, for people: `a whole number from 0 to 4294967295`, `a duration such as 250ms`, `a map of fields`.
std::string DescribeExpected(const google::protobuf::FieldDescriptor& field);

}  // namespace switchyard::config
