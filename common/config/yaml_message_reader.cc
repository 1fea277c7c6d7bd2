#include "common/config/yaml_message_reader.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/config/field_words.h"
#include "common/config/suggestion.h"
#include "common/config/yaml_codec.h"
#include "common/config/yaml_scalar.h"

namespace switchyard::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = YamlNode::Kind;

// Bytes of text that count as one more value.
constexpr std::size_t kTextPerValue = 64;

std::vector<std::string_view> FieldNames(const Descriptor& type) {
  std::vector<std::string_view> names;
  for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
  return names;
}

bool IsScalarField(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || IsDuration(field) || IsTimestamp(field);
}

}  // namespace

std::string DescribeNode(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return fmt::format("{} \"{}\"", node.quoted ? "text" : "the word", CleanText(node.text, 64));
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kAlias:
      return "an alias";
  }
  return "something else";
}

YamlMessageReader::Below::Below(YamlMessageReader& reader, std::string_view name) : reader_(reader), length_(reader.path_.size()) {
  if (!reader.path_.empty()) reader.path_ += '.';
  reader.path_ += name;
}

YamlMessageReader::Below::Below(YamlMessageReader& reader, std::size_t index) : Below(reader, std::to_string(index), Bracket{}) {}

YamlMessageReader::Below::Below(YamlMessageReader& reader, std::string_view text, Bracket) : reader_(reader), length_(reader.path_.size()) {
  reader.path_ += '[';
  reader.path_ += text;
  reader.path_ += ']';
}

YamlMessageReader::Below YamlMessageReader::Below::Entry(YamlMessageReader& reader, std::string_view key) { return {reader, key, Bracket{}}; }

YamlMessageReader::Below::~Below() { reader_.path_.resize(length_); }

void YamlMessageReader::Begin(const YamlTree& tree, Subject subject) {
  tree_ = &tree;
  subject_ = std::move(subject);
  path_.clear();
}

void YamlMessageReader::BeginText() {
  tree_ = nullptr;
  subject_ = {};
  path_.clear();
}

void YamlMessageReader::Fail(SourcePosition position, std::string reason) { Fail({}, position, std::move(reason)); }

void YamlMessageReader::Fail(std::string_view field, SourcePosition position, std::string reason) {
  // Only counted, so nothing need be made.
  if (full()) return out_.Add(v1::Violation());
  v1::Violation violation;
  if (subject_.key.kind() != v1::KIND_UNSPECIFIED || !subject_.key.name().empty()) *violation.mutable_resource() = subject_.key;
  violation.mutable_resource()->set_name(CleanText(subject_.key.name()));
  if (violation.resource().name().empty() && violation.resource().kind() == v1::KIND_UNSPECIFIED) violation.clear_resource();
  std::string path = path_;
  if (!field.empty()) path += fmt::format("{}{}", path.empty() ? "" : ".", field);
  violation.set_field(CleanText(path));
  violation.set_reason(CleanText(reason));
  violation.set_file(CleanText(file_));
  violation.set_line(position.line);
  violation.set_column(position.column);
  out_.Add(std::move(violation));
}

bool YamlMessageReader::Spend(const YamlNode& node) {
  if (budget_ == 0) return false;
  // Long texts cost more, so that aliases of one cannot fill the memory either.
  const std::size_t cost = 1 + node.text.size() / kTextPerValue;
  budget_ -= std::min(cost, budget_);
  if (budget_ > 0) return true;
  Fail(node.position, fmt::format("with its aliases followed, the text has more than {} values; write less, or split it", kMaxNodes));
  return false;
}

bool YamlMessageReader::KeyIsFit(const YamlNode& key) {
  if (key.kind == Kind::kScalar && key.text == "<<" && !key.quoted) {
    Fail(key.position, "merge keys (<<) are not supported; write the fields out, or use an alias for a whole value");
    return false;
  }
  if (key.kind == Kind::kScalar && !key.tagged) return true;
  Fail(key.position, fmt::format("expected the name of a field, found {}", key.tagged ? "a tag" : DescribeNode(key)));
  return false;
}

void YamlMessageReader::ForEachEntry(std::uint32_t map, const Each& each) {
  std::unordered_set<std::string_view> seen;
  for (std::uint32_t at = tree_->at(map).first; at != YamlNode::kNone && !exhausted();) {
    const YamlNode& key = tree_->at(tree_->Resolve(at));
    const std::uint32_t value = tree_->at(at).next;
    at = tree_->at(value).next;
    // Before anything else: an alias of a map full of mistakes costs as much as one of good fields.
    if (!Spend(key)) return;
    if (!KeyIsFit(key)) continue;
    if (!seen.insert(key.text).second) {
      Fail(CleanText(key.text, 64), key.position, "is set twice; keep one");
      continue;
    }
    each(key.text, key, value);
  }
}

void YamlMessageReader::ReadMessage(std::uint32_t node_index, Message& message) {
  const std::uint32_t index = tree_->Resolve(node_index);
  const YamlNode& node = tree_->at(index);
  if (node.kind != Kind::kMap || node.tagged) {
    Fail(node.position, fmt::format("expected a map of fields, found {}", node.tagged ? "a tag" : DescribeNode(node)));
    return;
  }
  const Descriptor& type = *message.GetDescriptor();
  ForEachEntry(index, [&](const std::string& name, const YamlNode& key, std::uint32_t value) {
    if (const FieldDescriptor* field = type.FindFieldByName(name)) {
      ReadField(*field, value, key.position, message);
    } else {
      Fail(CleanText(name, 64), key.position, full() ? "" : "is no known field" + DidYouMean(name, FieldNames(type)));
    }
  });
}

void YamlMessageReader::ReadField(const FieldDescriptor& field, std::uint32_t node_index, SourcePosition key_position, Message& message) {
  const std::uint32_t index = tree_->Resolve(node_index);
  const YamlNode& node = tree_->at(index);
  const Below below(*this, field.name());
  positions_.AddField(subject_.index, path_, node.kind == Kind::kScalar ? tree_->at(node_index).position : key_position);
  if (!Spend(node) || node.kind == Kind::kNull) return;
  if (node.tagged) return Fail(node.position, "tags (!) are not supported; write the value alone");
  if (ExcludedByOneof(field, key_position, message)) return;
  if (field.is_map()) return ReadMap(field, index, message);
  if (field.is_repeated()) return ReadList(field, index, message);
  ReadValue(field, index, message);
}

bool YamlMessageReader::ExcludedByOneof(const FieldDescriptor& field, SourcePosition position, const Message& message) {
  const auto* oneof = field.real_containing_oneof();
  if (oneof == nullptr) return false;
  const FieldDescriptor* other = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  if (other == nullptr || other == &field) return false;
  Fail(position, fmt::format("\"{}\" is set already, and only one of them may be; keep one", other->name()));
  return true;
}

void YamlMessageReader::ReadList(const FieldDescriptor& field, std::uint32_t index, Message& message) {
  const YamlNode& list = tree_->at(index);
  if (list.kind != Kind::kList) {
    return Fail(list.position, fmt::format("expected a list, found {}; write [...] or one `- ` per element", DescribeNode(list)));
  }
  std::size_t i = 0;
  for (std::uint32_t at = list.first; at != YamlNode::kNone && !exhausted(); at = tree_->at(at).next, ++i) {
    const Below below(*this, i);
    const std::uint32_t element = tree_->Resolve(at);
    const YamlNode& node = tree_->at(element);
    // The parser places nothing at what follows it.
    const SourcePosition position = node.kind == Kind::kNull ? list.position : tree_->at(at).position;
    positions_.AddField(subject_.index, path_, position);
    if (!Spend(node)) return;
    if (node.tagged || node.kind == Kind::kNull) {
      Fail(position, node.tagged ? "tags (!) are not supported; write the value alone" : "is empty; write a value or take the element out");
    } else {
      ReadValue(field, element, message);
    }
  }
}

void YamlMessageReader::ReadMap(const FieldDescriptor& field, std::uint32_t index, Message& message) {
  const YamlNode& map = tree_->at(index);
  if (map.kind != Kind::kMap) return Fail(map.position, fmt::format("expected a map, found {}", DescribeNode(map)));
  const Descriptor& entry_type = *field.message_type();
  ForEachEntry(index, [&](const std::string& text, const YamlNode& key, std::uint32_t value_index) {
    const Below below = Below::Entry(*this, CleanText(text, 64));
    const std::uint32_t resolved = tree_->Resolve(value_index);
    const YamlNode& value = tree_->at(resolved);
    positions_.AddField(subject_.index, path_, value.kind == Kind::kScalar ? value.position : key.position);
    if (!Spend(value)) return;
    if (value.kind == Kind::kNull) return Fail(key.position, "has no value; write \"\" for an empty one");
    Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    std::string problem = SetScalar(key, *entry_type.map_key(), entry);
    if (!problem.empty()) return Fail(key.position, std::move(problem));
    if (value.tagged) return Fail(value.position, "tags (!) are not supported; write the value alone");
    ReadValue(*entry_type.map_value(), resolved, entry);
  });
}

void YamlMessageReader::ReadValue(const FieldDescriptor& field, std::uint32_t index, Message& message) {
  const YamlNode& node = tree_->at(index);
  if (!IsScalarField(field)) return ReadSubMessage(field, index, message);
  if (node.kind != Kind::kScalar) {
    return Fail(node.position, fmt::format("expected {}, found {}", DescribeExpected(field), DescribeNode(node)));
  }
  std::string problem = SetScalar(node, field, message);
  if (!problem.empty()) Fail(node.position, std::move(problem));
}

void YamlMessageReader::ReadSubMessage(const FieldDescriptor& field, std::uint32_t index, Message& message) {
  const auto& reflection = *message.GetReflection();
  // A wrong value still makes the (empty) message, so that a list keeps its indices.
  ReadMessage(index, field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field));
}

}  // namespace switchyard::config
