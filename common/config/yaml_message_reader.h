// YamlMessageReader: one node of a YAML tree -> one protobuf message, by reflection. The strict rules are those of yaml_codec.h.
//
// Reads one resource at a time: `Begin` names it, then fields are read below a path. Every mistake is added to the violations with the
// field's path and place, and the rest is read on; places of good fields go to the source map.
//
// Thread-safety: one owner. Bounds: `budget` values over the whole text, aliases followed; then one violation, and nothing more is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "common/config/source_map.h"
#include "common/config/violation.h"
#include "common/config/yaml_tree.h"

namespace switchyard::config {

class YamlMessageReader {
 public:
  // What violations say about the resource at hand, and where its places go.
  struct Subject {
    v1::ResourceKey key;
    std::size_t index = 0;
  };

  YamlMessageReader(std::string_view file, std::size_t budget, SourceMap& positions, ViolationList& out)
      : file_(file), budget_(budget), positions_(positions), out_(out) {}

  void Begin(const YamlTree& tree, Subject subject);
  // No resource: violations then speak of the text as a whole.
  void BeginText();
  const Subject& subject() const { return subject_; }

  // The fields of a map node into `message`, below the path at hand. A node that is no map is a violation.
  void ReadMessage(std::uint32_t node, google::protobuf::Message& message);
  // One field from its value. `key_position`: where its name stands.
  void ReadField(const google::protobuf::FieldDescriptor& field, std::uint32_t node, SourcePosition key_position,
                 google::protobuf::Message& message);

  // Calls `each` for every entry; keys that are no plain word or come twice are violations and left out.
  using Each = std::function<void(const std::string& name, const YamlNode& key, std::uint32_t value)>;
  void ForEachEntry(std::uint32_t map, const Each& each);

  // A violation at the path at hand, or at `field` within it.
  void Fail(SourcePosition position, std::string reason);
  void Fail(std::string_view field, SourcePosition position, std::string reason);
  // Whether further reasons are not kept, so that costly ones need not be made.
  bool full() const { return out_.full(); }
  bool exhausted() const { return budget_ == 0; }

  // For the time of its life, the path at hand is one element longer: `.name` or `[text]`.
  class Below {
   public:
    Below(YamlMessageReader& reader, std::string_view name);
    Below(YamlMessageReader& reader, std::size_t index);
    static Below Entry(YamlMessageReader& reader, std::string_view key);
    Below(const Below&) = delete;
    Below& operator=(const Below&) = delete;
    ~Below();

   private:
    struct Bracket {};
    Below(YamlMessageReader& reader, std::string_view text, Bracket);
    YamlMessageReader& reader_;
    std::size_t length_;
  };
  const std::string& path() const { return path_; }
  const YamlTree& tree() const { return *tree_; }

 private:
  void ReadList(const google::protobuf::FieldDescriptor& field, std::uint32_t node, google::protobuf::Message& message);
  void ReadMap(const google::protobuf::FieldDescriptor& field, std::uint32_t node, google::protobuf::Message& message);
  // One value, into the field or (repeated) onto its end.
  void ReadValue(const google::protobuf::FieldDescriptor& field, std::uint32_t node, google::protobuf::Message& message);
  void ReadSubMessage(const google::protobuf::FieldDescriptor& field, std::uint32_t node, google::protobuf::Message& message);
  bool ExcludedByOneof(const google::protobuf::FieldDescriptor& field, SourcePosition position, const google::protobuf::Message& message);
  bool KeyIsFit(const YamlNode& key);
  // False when the budget is spent.
  bool Spend(const YamlNode& node);

  std::string_view file_;
  std::size_t budget_;
  SourceMap& positions_;
  ViolationList& out_;
  const YamlTree* tree_ = nullptr;
  Subject subject_;
  std::string path_;
};

// `text "80a"`, `a list`, `a map`, `nothing`: what was found, for people.
std::string DescribeNode(const YamlNode& node);

}  // namespace switchyard::config
