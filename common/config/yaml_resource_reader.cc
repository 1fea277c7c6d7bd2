#include "common/config/yaml_resource_reader.h"

#include <string_view>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/suggestion.h"
#include "common/config/yaml_codec.h"

namespace switchyard::config {
namespace {

using google::protobuf::FieldDescriptor;
using Kind = YamlNode::Kind;

const std::vector<std::string_view> kKinds = {"Listener", "Route", "Upstream", "Secret"};
const std::vector<std::string_view> kEnvelope = {"kind", "name", "labels", "spec", "generation", "updated"};

const FieldDescriptor* SpecField(v1::Kind kind) {
  const auto& type = *v1::Resource::descriptor();
  switch (kind) {
    case v1::KIND_LISTENER:
      return type.FindFieldByNumber(v1::Resource::kListenerFieldNumber);
    case v1::KIND_ROUTE:
      return type.FindFieldByNumber(v1::Resource::kRouteFieldNumber);
    case v1::KIND_UPSTREAM:
      return type.FindFieldByNumber(v1::Resource::kUpstreamFieldNumber);
    case v1::KIND_SECRET:
      return type.FindFieldByNumber(v1::Resource::kSecretFieldNumber);
    default:
      return nullptr;
  }
}

bool IsPlainField(std::string_view name) { return name == "name" || name == "labels" || name == "generation" || name == "updated"; }

}  // namespace

// What `yardctl get -o json` writes, a ListResponse: a map of `resources` and numbers of the page. kNone: it is something else.
std::uint32_t YamlResourceReader::ListedIn(const YamlTree& tree) {
  std::uint32_t list = YamlNode::kNone;
  if (tree.at(YamlTree::kRoot).kind != Kind::kMap) return list;
  for (std::uint32_t at = tree.at(YamlTree::kRoot).first; at != YamlNode::kNone;) {
    const YamlNode& name = tree.at(tree.Resolve(at));
    const std::uint32_t value = tree.Resolve(tree.at(at).next);
    at = tree.at(tree.at(at).next).next;
    if (name.kind != Kind::kScalar) return YamlNode::kNone;
    if (name.text == "resources" && tree.at(value).kind == Kind::kList) {
      list = value;
    } else if (name.text != "next_page_token" && name.text != "generation") {
      return YamlNode::kNone;
    }
  }
  return list;
}

bool YamlResourceReader::ReadDocument(const YamlTree& tree) {
  const YamlNode& root = tree.at(YamlTree::kRoot);
  if (root.kind == Kind::kNull) return true;
  const std::uint32_t list = root.kind == Kind::kList ? YamlTree::kRoot : ListedIn(tree);
  if (list == YamlNode::kNone) return ReadOne(tree, YamlTree::kRoot);
  for (std::uint32_t at = tree.at(list).first; at != YamlNode::kNone; at = tree.at(at).next) {
    if (!ReadOne(tree, tree.Resolve(at))) return false;
  }
  return true;
}

bool YamlResourceReader::ReadOne(const YamlTree& tree, std::uint32_t index) {
  const YamlNode& node = tree.at(index);
  reader_.Begin(tree, {});
  if (reader_.exhausted()) return false;
  if (node.kind != Kind::kMap || node.tagged) {
    reader_.Fail(node.position, fmt::format("expected a resource (a map with kind, name and spec), found {}",
                                            node.tagged ? "a tag" : DescribeNode(node)));
    return true;
  }
  if (resources_.size() >= kMaxResources) {
    reader_.Fail(node.position, fmt::format("is more than {} resources; apply them in parts", kMaxResources));
    return false;
  }
  const std::size_t resource_index = positions_.AddResource(node.position);
  const v1::ResourceKey key = PeekKey(tree, index);
  reader_.Begin(tree, {key, resource_index});
  v1::Resource& resource = resources_.emplace_back();
  ReadEnvelope(index, resource);
  const bool complete = key.kind() != v1::KIND_UNSPECIFIED && !key.name().empty();
  if (complete && !seen_.emplace(key.kind(), key.name()).second) {
    reader_.Fail("name", node.position, fmt::format("there is another {} in this file; keep one", ToString(key)));
  } else if (complete) {
    positions_.SetKey(resource_index, key);
  }
  return !reader_.exhausted();
}

v1::ResourceKey YamlResourceReader::PeekKey(const YamlTree& tree, std::uint32_t map) {
  v1::ResourceKey key;
  for (std::uint32_t at = tree.at(map).first; at != YamlNode::kNone;) {
    const YamlNode& name = tree.at(tree.Resolve(at));
    const std::uint32_t value_index = tree.at(at).next;
    const YamlNode& value = tree.at(tree.Resolve(value_index));
    at = tree.at(value_index).next;
    if (name.kind != Kind::kScalar || value.kind != Kind::kScalar) continue;
    if (name.text == "kind" && key.kind() == v1::KIND_UNSPECIFIED) key.set_kind(ParseKind(value.text));
    if (name.text == "name" && key.name().empty()) key.set_name(value.text);
  }
  return key;
}

void YamlResourceReader::ReadEnvelope(std::uint32_t map, v1::Resource& resource) {
  bool has_kind = false;
  reader_.ForEachEntry(map, [&](const std::string& name, const YamlNode& key, std::uint32_t value) {
    if (name == "kind") {
      has_kind = true;
      ReadKind(value, key.position);
    } else if (name == "spec") {
      ReadSpec(value, key.position, resource);
    } else if (IsPlainField(name)) {
      reader_.ReadField(*v1::Resource::descriptor()->FindFieldByName(name), value, key.position, resource);
    } else {
      reader_.Fail(CleanText(name, 64), key.position, reader_.full() ? "" : "is no known field of a resource" + DidYouMean(name, kEnvelope));
    }
  });
  CheckEnvelope(reader_.tree().at(map).position, has_kind, resource);
}

void YamlResourceReader::ReadKind(std::uint32_t index, SourcePosition key_position) {
  const YamlNode& node = reader_.tree().at(reader_.tree().Resolve(index));
  if (node.kind == Kind::kScalar && !node.tagged && ParseKind(node.text) != v1::KIND_UNSPECIFIED) {
    positions_.AddField(reader_.subject().index, "kind", node.position);
  } else if (node.kind == Kind::kScalar) {
    reader_.Fail("kind", node.position, fmt::format("\"{}\" is none of Listener, Route, Upstream, Secret{}", CleanText(node.text, 64),
                                                    reader_.full() ? "" : DidYouMean(node.text, kKinds)));
  } else {
    reader_.Fail("kind", key_position, fmt::format("expected one of Listener, Route, Upstream, Secret, found {}", DescribeNode(node)));
  }
}

void YamlResourceReader::ReadSpec(std::uint32_t index, SourcePosition key_position, v1::Resource& resource) {
  positions_.AddField(reader_.subject().index, "spec", key_position);
  const FieldDescriptor* field = SpecField(reader_.subject().key.kind());
  // Without a kind nobody knows the fields; the missing kind is reported.
  if (field == nullptr) return;
  const YamlNode& node = reader_.tree().at(reader_.tree().Resolve(index));
  if (node.kind == Kind::kNull) return;
  const YamlMessageReader::Below below(reader_, "spec");
  reader_.ReadMessage(index, *resource.GetReflection()->MutableMessage(&resource, field));
}

void YamlResourceReader::CheckEnvelope(SourcePosition position, bool has_kind, const v1::Resource& resource) {
  if (!has_kind) reader_.Fail("kind", position, "is required: one of Listener, Route, Upstream, Secret");
  if (reader_.subject().key.name().empty()) reader_.Fail("name", position, "is required");
  const bool known = reader_.subject().key.kind() != v1::KIND_UNSPECIFIED;
  if (known && resource.spec_case() == v1::Resource::SPEC_NOT_SET) {
    reader_.Fail("spec", position, fmt::format("is required: the fields of the {}", KindName(reader_.subject().key.kind())));
  }
}

}  // namespace switchyard::config
