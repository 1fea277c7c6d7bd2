// YamlResourceReader: a YAML document -> resources: the envelope (`kind`, `name`, `labels`, `spec`) around the fields.
//
// Thread-safety: one owner. Bounds: kMaxResources over the whole text. Errors: violations.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <string>
#include <vector>

#include "common/config/yaml_message_reader.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

class YamlResourceReader {
 public:
  YamlResourceReader(YamlMessageReader& reader, SourceMap& positions, std::vector<v1::Resource>& resources)
      : reader_(reader), positions_(positions), resources_(resources) {}

  // A document: one resource, a list of them (bare, or under `resources` as `get -o json` writes it), or nothing. False when no more should be read.
  bool ReadDocument(const YamlTree& tree);

 private:
  static std::uint32_t ListedIn(const YamlTree& tree);
  bool ReadOne(const YamlTree& tree, std::uint32_t node);
  // The key as far as it can be read, without complaints: it names the resource in all violations that follow.
  static v1::ResourceKey PeekKey(const YamlTree& tree, std::uint32_t map);
  void ReadEnvelope(std::uint32_t map, v1::Resource& resource);
  void ReadKind(std::uint32_t node, SourcePosition key_position);
  void ReadSpec(std::uint32_t node, SourcePosition key_position, v1::Resource& resource);
  void CheckEnvelope(SourcePosition position, bool has_kind, const v1::Resource& resource);

  YamlMessageReader& reader_;
  SourceMap& positions_;
  std::vector<v1::Resource>& resources_;
  std::set<std::pair<v1::Kind, std::string>> seen_;
};

}  // namespace switchyard::config
