// TextValue: a message on its way to text: bare words, quoted texts, lists and maps in order. Written as YAML or as JSON.
//
// Absent and default fields of a resource are left out, so that it reads as it was written; of every other message the plain fields are
// always there, so that scripts find them. `optional` and message fields are there when they are set.
//
// Thread-safety: pure functions. Cost: one tree of the message's size. Text that is not UTF-8 is written with `?` in place of bad bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

struct TextEntry;

struct TextValue {
  // kBare is written as it is, in JSON too: numbers, true, false, null.
  enum class Kind { kBare, kText, kList, kMap };
  Kind kind = Kind::kBare;
  // Of kBare and kText.
  std::string text;
  // Of kList.
  std::vector<TextValue> elements;
  // Of kMap.
  std::vector<TextEntry> entries;
};

struct TextEntry {
  TextEntry(std::string key, TextValue value) : first(std::move(key)), second(std::move(value)) {}
  std::string first;
  TextValue second;
};

enum class OutputFields { kLeaveOut, kWrite };

// `kind`, `name`, `labels`, (`generation`, `updated`,) `spec`.
TextValue ResourceValue(const v1::Resource& resource, OutputFields output_fields);
// Any message; resources within it have the form above.
TextValue MessageValue(const google::protobuf::Message& message);

// Two spaces per level; no line end at the end.
std::string JsonText(const TextValue& value);
// Block style, with a line end at the end. Words that YAML could take for something else are quoted.
std::string YamlText(const TextValue& value);

}  // namespace switchyard::config
