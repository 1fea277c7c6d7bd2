// Goal: names and labels have exactly the shape that resource.proto states.
// Method: tables of changes to a resource in order; each row is at or just beyond one bound.
#include "controlplane/validation/label_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Base() { return MakeResource("name: 'checkout' upstream {}"); }

std::string Name(const std::string& name) { return "name: '" + name + "'"; }
std::string Label(const std::string& key, const std::string& value) { return "labels { key: '" + key + "' value: '" + value + "' }"; }

TEST(ResourceName, TakesOneToSixtyThreeCharacters) {
  ExpectRules(Base(), {{Name("a"), "", ""},
                       {Name("0"), "", ""},
                       {Name("a.b-c.9"), "", ""},
                       {Name(std::string(63, 'x')), "", ""},
                       {Name(std::string(64, 'x')), "name", "64 characters"}});
}

TEST(ResourceName, RefusesOtherCharactersAndEdges) {
  ExpectRules(Base(), {{Name("Checkout"), "name", "lower-case"},
                       {Name("-a"), "name", "both ends"},
                       {Name("a-"), "name", "both ends"},
                       {Name(".a"), "name", "both ends"},
                       {Name("a."), "name", "both ends"},
                       {Name("a_b"), "name", "\"a_b\""},
                       {Name("a/b"), "name", "\"a/b\""},
                       {Name("a b"), "name", "\"a b\""},
                       {Name("caf\\303\\251"), "name", "lower-case"}});
  v1::Resource nameless = Base();
  nameless.clear_name();
  ExpectRule(nameless, {"", "name", "is missing"});
}

TEST(Labels, TakeKeysOfOneToSixtyThreeAndValuesOfNoneToSixtyThreeCharacters) {
  ExpectRules(Base(), {{Label("k", ""), "", ""},
                       {Label(std::string(63, 'k'), std::string(63, 'v')), "", ""},
                       {Label("app.example/Name_1-x", "A.b/c_d-E"), "", ""},
                       {Label("", "v"), "labels[]", "key of 0 characters"},
                       {Label(std::string(64, 'k'), ""), "labels[" + std::string(64, 'k') + "]", "key of 64"},
                       {Label("team", std::string(64, 'v')), "labels[team]", "value of 64"},
                       {Label("te am", ""), "labels[te am]", "\"te am\""},
                       {Label("team", "a b"), "labels[team]", "\"a b\""},
                       {Label("team", "a=b"), "labels[team]", "\"a=b\""}});
}

TEST(Labels, AreAtMostThirtyTwo) {
  ExpectRules(Base(), {{Repeated(32, Label("k#", "v")), "", ""}, {Repeated(33, Label("k#", "v")), "labels", "33 labels; at most 32"}});
}

TEST(Labels, OfBackendsObeyTheSameRules) {
  ExpectRules(Base(),
              {{"upstream { backends { address: '10.0.0.1:80' " + Label("k", "v w") + " } }", "spec.backends[0].labels[k]", "v w"}});
}

TEST(Resource, WithoutSpecIsRefused) {
  v1::Resource empty = Base();
  empty.clear_spec();
  ExpectRule(empty, {"", "spec", "expected a Listener, Route, Upstream or Secret"});
}

TEST(Resource, CollectsEveryViolation) {
  config::ViolationList found;
  ValidateResource(MakeResource("name: 'A' labels { key: '' } listener { port: 70000 http { max_headers: 7 max_head_bytes: 1 } }"), WallTime(), found);
  EXPECT_EQ(found.total(), 5U) << AllText(found);
}

}  // namespace
}  // namespace switchyard::controlplane::validation
