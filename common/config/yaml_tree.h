// YamlTree: one YAML document as a compact tree with positions; YamlDocuments: the documents of a text, one after the other.
//
// The tree is a flat array: nodes name their first child and next sibling by index. The children of a map are key, value, key, value ...
// Aliases stay aliases (so that a bomb costs nothing here); `Resolve` gives what one stands for. An alias within its own anchor is refused.
//
// Thread-safety: a tree is a value; one owner per YamlDocuments. Cost: about 1 us and 80 bytes per node.
// Bounds: kMaxDepth levels, kMaxNodes nodes over all documents of a text. Errors: a YamlError; after one the text is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/source_map.h"

namespace switchyard::config {

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap, kAlias };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Kind kind = Kind::kNull;
  // In quotes, or a block scalar: text and nothing else.
  bool quoted = false;
  // Has an explicit tag, such as !!str.
  bool tagged = false;
  SourcePosition position;
  std::string text;
  // Of a list or map: the first child. Of an alias: the node that it stands for.
  std::uint32_t first = kNone;
  std::uint32_t next = kNone;
};

class YamlTree {
 public:
  static constexpr std::uint32_t kRoot = 0;

  const YamlNode& at(std::uint32_t index) const { return nodes_[index]; }
  // The index itself, or that of what an alias stands for.
  std::uint32_t Resolve(std::uint32_t index) const { return at(index).kind == YamlNode::Kind::kAlias ? at(index).first : index; }
  std::size_t size() const { return nodes_.size(); }

  // For the builder.
  std::vector<YamlNode>& nodes() { return nodes_; }

 private:
  std::vector<YamlNode> nodes_;
};

struct YamlError {
  SourcePosition position;
  std::string reason;
};

class YamlDocuments {
 public:
  // `text` must outlive this.
  explicit YamlDocuments(std::string_view text);
  ~YamlDocuments();
  YamlDocuments(const YamlDocuments&) = delete;
  YamlDocuments& operator=(const YamlDocuments&) = delete;

  // The next document into `tree` (its nodes are replaced; a document without content is one kNull node). False at the end and on an error.
  bool Next(YamlTree& tree);
  const std::optional<YamlError>& error() const { return error_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::optional<YamlError> error_;
  std::size_t nodes_ = 0;
};

}  // namespace switchyard::config
