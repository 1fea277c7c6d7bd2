// One row of a table of field rules, and what the tests of validation share: resources and catalogs from proto text.
//
// A row merges `change` into a resource that is in order, and expects either nothing (`field` empty) or exactly one violation on `field`
// whose reason holds `reason`. Thread-safety: tests only, one thread.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "common/config/resource_key.h"
#include "common/config/violation.h"
#include "controlplane/store/catalog.h"
#include "controlplane/validation/validator.h"

namespace switchyard::controlplane::validation {

struct RuleCase {
  std::string change;
  std::string field;
  std::string reason;
};

inline v1::Resource Merged(v1::Resource resource, const std::string& text) {
  google::protobuf::TextFormat::Parser parser;
  EXPECT_TRUE(parser.MergeFromString(text, &resource)) << text;
  return resource;
}

inline v1::Resource MakeResource(const std::string& text) { return Merged(v1::Resource(), text); }

inline std::string AllText(const config::ViolationList& violations) {
  std::string out;
  for (const v1::Violation& violation : violations.kept()) out += config::ToString(violation) + "\n";
  return out;
}

inline void ExpectRule(const v1::Resource& base, const RuleCase& row) {
  SCOPED_TRACE(row.change.substr(0, 200));
  config::ViolationList found;
  ValidateResource(Merged(base, row.change), WallTime(), found);
  if (row.field.empty()) {
    EXPECT_TRUE(found.empty()) << AllText(found);
    return;
  }
  ASSERT_EQ(found.total(), 1U) << AllText(found);
  EXPECT_EQ(found.kept()[0].field(), row.field) << AllText(found);
  EXPECT_NE(found.kept()[0].reason().find(row.reason), std::string::npos) << AllText(found);
}

inline void ExpectRules(const v1::Resource& base, const std::vector<RuleCase>& rows) {
  for (const RuleCase& row : rows) ExpectRule(base, row);
}

// `count` times `text`, in which every `#` is the number, from 0.
inline std::string Repeated(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    for (const char c : text) out += c == '#' ? std::to_string(i) : std::string(1, c);
    out += ' ';
  }
  return out;
}

inline store::Catalog MakeCatalog(const std::vector<v1::Resource>& resources) {
  store::Catalog catalog;
  catalog.generation = 7;
  for (const v1::Resource& resource : resources) {
    catalog.resources[{config::KindOf(resource), resource.name()}] = std::make_shared<const v1::Resource>(resource);
  }
  return catalog;
}

inline v1::ResourceKey Key(v1::Kind kind, const std::string& name) {
  v1::ResourceKey key;
  key.set_kind(kind);
  key.set_name(name);
  return key;
}

inline std::vector<v1::ResourceKey> AllKeys(const store::Catalog& catalog) {
  std::vector<v1::ResourceKey> keys;
  for (const auto& [key, resource] : catalog.resources) keys.push_back(config::KeyOf(*resource));
  return keys;
}

}  // namespace switchyard::controlplane::validation
