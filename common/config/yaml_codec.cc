#include "common/config/yaml_codec.h"

#include "common/config/text_check.h"
#include "common/config/text_value.h"
#include "common/config/yaml_message_reader.h"
#include "common/config/yaml_resource_reader.h"
#include "common/config/yaml_tree.h"

namespace switchyard::config {

ParsedResources ParseResources(std::string_view text, std::string_view file_name, ViolationList& out) {
  ParsedResources parsed;
  parsed.positions = SourceMap(std::string(file_name));
  YamlMessageReader reader(file_name, kMaxNodes, parsed.positions, out);
  const auto fail = [&reader](const YamlError& error) {
    reader.BeginText();
    reader.Fail(error.position, error.reason);
  };
  if (const auto problem = CheckText(text)) {
    fail(*problem);
    return parsed;
  }
  const std::size_t before = out.total();
  YamlResourceReader resources(reader, parsed.positions, parsed.resources);
  YamlDocuments documents(text);
  YamlTree tree;
  while (documents.Next(tree) && resources.ReadDocument(tree)) {
  }
  if (documents.error().has_value()) fail(*documents.error());
  if (parsed.resources.empty() && out.total() == before) fail({{}, "holds no resource; expected at least one map with kind, name and spec"});
  parsed.positions.Seal();
  return parsed;
}

std::string ToYaml(const v1::Resource& resource) { return YamlText(ResourceValue(resource, OutputFields::kLeaveOut)); }

std::string ToJson(const google::protobuf::Message& message) { return JsonText(MessageValue(message)); }

void Locate(v1::Violation& violation, const SourceMap& positions) {
  if (violation.line() != 0 || !violation.has_resource()) return;
  const SourcePosition position = positions.Find(violation.resource(), violation.field());
  if (position.line == 0) return;
  violation.set_file(CleanText(positions.file()));
  violation.set_line(position.line);
  violation.set_column(position.column);
}

}  // namespace switchyard::config
