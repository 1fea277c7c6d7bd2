// Goal: people's texts become exactly the messages that they mean, and every mistake is told with its place. Method: small texts with one
// property each; the round trip with random messages is in yaml_round_trip_test.cc, bounds are in yaml_bounds_test.cc.
#include "common/config/yaml_codec.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/proto_duration.h"

namespace switchyard::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  ParsedResources parsed;
  ViolationList violations;

  explicit Read(std::string_view text) { parsed = ParseResources(text, "a.yaml", violations); }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const v1::Violation& v : violations.kept()) lines.push_back(ToString(v));
    return lines;
  }
};

constexpr std::string_view kUpstream = R"(# a comment
kind: Upstream
name: checkout
labels: {team: payments, tier: "1"}
spec:
  backends:
    - {address: "10.0.0.1:8080", weight: 0}
    - address: 10.0.0.2:8080
      zone: eu-1a
      labels: {rack: r1}
      state: draining
  balancer: ROUND_ROBIN
  health_check:
    interval: 1m30s
    http: {path: /health, expected_statuses: [200, 204]}
  pool:
    max_idle_per_backend: 0
  connect_timeout: 250ms
)";

TEST(YamlCodec, ReadsAResource) {
  const Read read(kUpstream);
  EXPECT_THAT(read.Lines(), ElementsAre());
  ASSERT_EQ(read.parsed.resources.size(), 1U);
  const v1::Resource& resource = read.parsed.resources[0];
  EXPECT_EQ(resource.name(), "checkout");
  EXPECT_EQ(resource.labels().at("tier"), "1");
  const v1::Upstream& upstream = resource.upstream();
  ASSERT_EQ(upstream.backends_size(), 2);
  EXPECT_TRUE(upstream.backends(0).has_weight());
  EXPECT_EQ(upstream.backends(0).weight(), 0U);
  EXPECT_FALSE(upstream.backends(1).has_weight());
  EXPECT_EQ(upstream.backends(1).state(), v1::BACKEND_STATE_DRAINING);
  EXPECT_EQ(upstream.balancer(), v1::BALANCER_ROUND_ROBIN);
  EXPECT_EQ(FromProto(upstream.health_check().interval()), std::chrono::seconds(90));
  EXPECT_EQ(upstream.health_check().http().expected_statuses(1), 204U);
  EXPECT_TRUE(upstream.pool().has_max_idle_per_backend());
  EXPECT_EQ(FromProto(upstream.connect_timeout()), std::chrono::milliseconds(250));
}

TEST(YamlCodec, ReadsManyDocumentsAndListsAndSkipsEmptyOnes) {
  const Read read(
      "---\n---\nkind: upstream\nname: a\nspec: {}\n---\n# nothing\n---\n"
      "- {kind: Upstreams, name: b, spec: {}}\n- {kind: UPSTREAM, name: c, spec: {}}\n");
  EXPECT_THAT(read.Lines(), ElementsAre());
  ASSERT_EQ(read.parsed.resources.size(), 3U);
  EXPECT_TRUE(read.parsed.resources[2].has_upstream());
}

TEST(YamlCodec, ReadsJson) {
  const Read read("{\"kind\": \"Listener\",\n\t\"name\": \"web\", \"spec\": {\"port\": 80, \"http\": {\"max_body_bytes\": 0}}}");
  EXPECT_THAT(read.Lines(), ElementsAre());
  ASSERT_EQ(read.parsed.resources.size(), 1U);
  EXPECT_EQ(read.parsed.resources[0].listener().port(), 80U);
  EXPECT_TRUE(read.parsed.resources[0].listener().http().has_max_body_bytes());
}

TEST(YamlCodec, ReadsWindowsLineEndsAndAByteOrderMark) {
  const Read read("\xef\xbb\xbfkind: Upstream\r\nname: a\r\nspec: {}\r\n");
  EXPECT_THAT(read.Lines(), ElementsAre());
  ASSERT_EQ(read.parsed.resources.size(), 1U);
  EXPECT_EQ(read.parsed.resources[0].name(), "a");
}

TEST(YamlCodec, TakesNullAsAbsent) {
  const Read read("kind: Listener\nname: a\nlabels:\nspec: {port: 80, address: ~, http: null}\n");
  EXPECT_THAT(read.Lines(), ElementsAre());
  EXPECT_FALSE(read.parsed.resources[0].listener().has_http());
}

TEST(YamlCodec, FollowsAliases) {
  const Read read(
      "kind: Upstream\nname: a\nspec:\n  backends:\n    - &b {address: \"10.0.0.1:1\", labels: &l {x: y}}\n"
      "    - {address: \"10.0.0.2:1\", labels: *l}\n    - *b\n");
  EXPECT_THAT(read.Lines(), ElementsAre());
  ASSERT_EQ(read.parsed.resources[0].upstream().backends_size(), 3);
  EXPECT_EQ(read.parsed.resources[0].upstream().backends(1).labels().at("x"), "y");
  EXPECT_EQ(read.parsed.resources[0].upstream().backends(2).address(), "10.0.0.1:1");
}

TEST(YamlCodec, ReadsOutputOnlyFieldsOfTheEnvelope) {
  const Read read("kind: Upstream\nname: a\ngeneration: 17\nupdated: \"2026-01-31T09:30:00Z\"\nspec: {}\n");
  EXPECT_THAT(read.Lines(), ElementsAre());
  EXPECT_EQ(read.parsed.resources[0].generation(), 17U);
  EXPECT_TRUE(read.parsed.resources[0].has_updated());
}

struct Mistake {
  std::string name;
  std::string text;
  std::vector<std::string> lines;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class YamlMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(YamlMistakes, AreToldWithTheirPlace) {
  const Read read(GetParam().text);
  EXPECT_EQ(read.Lines(), GetParam().lines);
}

std::string Upstream(const std::string& fields) { return "kind: Upstream\nname: u\nspec:\n" + fields; }
std::string Listener(const std::string& fields) { return "kind: Listener\nname: l\nspec:\n" + fields; }

const std::vector<Mistake> kMistakes = {
    {"EmptyFile", "", {"a.yaml: holds no resource; expected at least one map with kind, name and spec"}},
    {"OnlyComments", "# hello\n\n", {"a.yaml: holds no resource; expected at least one map with kind, name and spec"}},
    {"BinaryGarbage", std::string("kind: x\n\x7f"
                                  "ELF\x02\x00\x01",
                                  15),
     {"a.yaml:2:1: is not a text: found byte 0x7f, expected YAML or JSON in UTF-8"}},
    {"NotUtf8", "kind: \xff\n", {"a.yaml:1:7: is not a text: found byte 0xff, expected YAML or JSON in UTF-8"}},
    {"Utf16", std::string("k\0i\0n\0d\0", 8), {"a.yaml:1:2: is not a text: found byte 0x00, expected YAML or JSON in UTF-8"}},
    {"PlainText", "hello world\n",
     {"a.yaml:1:1: expected a resource (a map with kind, name and spec), found the word \"hello world\""}},
    {"BrokenYaml", "kind: Upstream\nname: [a\n", {"a.yaml:3:1: is not valid YAML: end of sequence flow not found"}},
    {"UnknownField", Upstream("  conect_timeout: 1s\n"),
     {"a.yaml:4:3: Upstream/u: spec.conect_timeout: is no known field; did you mean \"connect_timeout\"?"}},
    {"CamelCaseField", Upstream("  connectTimeout: 1s\n"),
     {"a.yaml:4:3: Upstream/u: spec.connectTimeout: is no known field; did you mean \"connect_timeout\"?"}},
    {"FarUnknownField", Upstream("  backends: [{zzzzzz: 1}]\n"), {"a.yaml:4:15: Upstream/u: spec.backends[0].zzzzzz: is no known field"}},
    {"UnknownEnvelopeField", "kind: Upstream\nname: u\nmetadata: {}\nspec: {}\n",
     {"a.yaml:3:1: Upstream/u: metadata: is no known field of a resource"}},
    {"RepeatedField", Upstream("  connect_timeout: 1s\n  connect_timeout: 2s\n"),
     {"a.yaml:5:3: Upstream/u: spec.connect_timeout: is set twice; keep one"}},
    {"TwoOfAOneof", Upstream("  health_check: {tcp: {}, http: {}}\n"),
     {"a.yaml:4:27: Upstream/u: spec.health_check.http: \"tcp\" is set already, and only one of them may be; keep one"}},
    {"WordForNumber", Listener("  port: 80a\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found the word \"80a\""}},
    {"QuotedWordForNumber", Listener("  port: \"80a\"\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found text \"80a\"; write it without quotes"}},
    {"NegativeNumber", Listener("  port: -1\n"),
     {"a.yaml:4:9: Listener/l: spec.port: -1 is out of range; expected a whole number from 0 to 4294967295"}},
    {"HugeNumber", Listener("  port: 99999999999999999999999\n"),
     {"a.yaml:4:9: Listener/l: spec.port: 99999999999999999999999 is out of range; expected a whole number from 0 to 4294967295"}},
    {"Fraction", Listener("  port: 80.5\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found the word \"80.5\""}},
    {"NotANumber", Listener("  port: .nan\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found the word \".nan\""}},
    {"ListForNumber", Listener("  port: [80]\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found a list"}},
    {"WordForList", "kind: Route\nname: r\nspec: {listeners: web}\n",
     {"a.yaml:3:19: Route/r: spec.listeners: expected a list, found the word \"web\"; write [...] or one `- ` per element"}},
    {"WordForMap", Listener("  http: fast\n"), {"a.yaml:4:9: Listener/l: spec.http: expected a map of fields, found the word \"fast\""}},
    {"EmptyElement", "kind: Route\nname: r\nspec:\n  listeners:\n    - web\n    -\n  hosts: []\n",
     {"a.yaml:5:5: Route/r: spec.listeners[1]: is empty; write a value or take the element out"}},
    {"BareDuration", Upstream("  connect_timeout: 5\n"),
     {"a.yaml:4:20: Upstream/u: spec.connect_timeout: \"5\" is not a duration; write a number and a unit, such as 250ms, 1.5s, 10m or 24h"}},
    {"BadEnum", Upstream("  balancer: FASTEST\n"),
     {"a.yaml:4:13: Upstream/u: spec.balancer: \"FASTEST\" is none of ROUND_ROBIN, LEAST_REQUEST, RANDOM, "
      "PEAK_EWMA, RING_HASH, MAGLEV, RENDEZVOUS, PREQUAL, ADAPTIVE"}},
    {"BadBool", "kind: Route\nname: r\nspec: {matches: [{headers: [{name: x, present: yes}]}]}\n",
     {"a.yaml:3:48: Route/r: spec.matches[0].headers[0].present: expected true or false, found the word \"yes\""}},
    {"Tag", Listener("  port: !!int 80\n"), {"a.yaml:4:9: Listener/l: spec.port: tags (!) are not supported; write the value alone"}},
    {"MergeKey", Upstream("  <<: {}\n"),
     {"a.yaml:4:3: Upstream/u: spec: merge keys (<<) are not supported; write the fields out, or use an alias for a whole value"}},
    {"ListAsKey", Upstream("  ? [a]\n  : b\n"), {"a.yaml:4:5: Upstream/u: spec: expected the name of a field, found a list"}},
    {"EndlessAlias", "kind: Upstream\nname: u\nspec: &s\n  pool: *s\n",
     {"a.yaml:4:9: the alias stands within its own anchor, so its value would be endless"}},
    {"UnknownAlias", Upstream("  pool: *nowhere\n"), {"a.yaml:4:9: is not valid YAML: the referenced anchor is not defined"}},
    {"NoKind", "name: u\nspec: {}\n", {"a.yaml:1:1: ?/u: kind: is required: one of Listener, Route, Upstream, Secret"}},
    {"UnknownKind", "kind: Upsteam\nname: u\nspec: {}\n",
     {"a.yaml:1:7: ?/u: kind: \"Upsteam\" is none of Listener, Route, Upstream, Secret; did you mean \"Upstream\"?"}},
    {"NoName", "kind: Upstream\nspec: {}\n", {"a.yaml:1:1: Upstream/: name: is required"}},
    {"NoSpec", "kind: Upstream\nname: u\n", {"a.yaml:1:1: Upstream/u: spec: is required: the fields of the Upstream"}},
    {"LabelWithoutValue", "kind: Upstream\nname: u\nlabels: {team: }\nspec: {}\n",
     {"a.yaml:3:10: Upstream/u: labels[team]: has no value; write \"\" for an empty one"}},
    {"DuplicateResource", "kind: Upstream\nname: u\nspec: {}\n---\nkind: Upstream\nname: u\nspec: {}\n",
     {"a.yaml:5:1: Upstream/u: name: there is another Upstream/u in this file; keep one"}},
    {"EveryMistakeIsTold", Listener("  port: x\n  protocl: HTTP1\n  http: {max_headers: y}\n"),
     {"a.yaml:4:9: Listener/l: spec.port: expected a whole number from 0 to 4294967295, found the word \"x\"",
      "a.yaml:5:3: Listener/l: spec.protocl: is no known field; did you mean \"protocol\"?",
      "a.yaml:6:23: Listener/l: spec.http.max_headers: expected a whole number from 0 to 4294967295, found the word \"y\""}},
};

INSTANTIATE_TEST_SUITE_P(All, YamlMistakes, testing::ValuesIn(kMistakes), [](const auto& at) { return at.param.name; });

TEST(YamlCodec, ReadsOnAfterAMistakeInOneResource) {
  const Read read("kind: Upstream\nname: a\nspec: {oops: 1}\n---\nkind: Upstream\nname: b\nspec: {}\n");
  EXPECT_EQ(read.Lines().size(), 1U);
  ASSERT_EQ(read.parsed.resources.size(), 2U);
  EXPECT_EQ(read.parsed.resources[1].name(), "b");
}

TEST(YamlCodec, LocatesFieldsAndTheNearestThingAroundAbsentOnes) {
  const Read read(kUpstream);
  const auto where = [&read](const std::string& field) {
    v1::Violation violation;
    violation.mutable_resource()->set_kind(v1::KIND_UPSTREAM);
    violation.mutable_resource()->set_name("checkout");
    violation.set_field(field);
    Locate(violation, read.parsed.positions);
    return violation.file() + ":" + std::to_string(violation.line()) + ":" + std::to_string(violation.column());
  };
  EXPECT_EQ(where("spec.backends[1].state"), "a.yaml:11:14");
  EXPECT_EQ(where("spec.backends[0].address"), "a.yaml:7:17");
  EXPECT_EQ(where("spec.backends[0].zone"), "a.yaml:7:7");
  EXPECT_EQ(where("spec.backends"), "a.yaml:6:3");
  EXPECT_EQ(where("labels[team]"), "a.yaml:4:16");
  EXPECT_EQ(where("labels[other]"), "a.yaml:4:1");
  EXPECT_EQ(where("name"), "a.yaml:3:7");
  EXPECT_EQ(where(""), "a.yaml:2:1");
}

TEST(YamlCodec, LeavesViolationsOfOtherResourcesAlone) {
  const Read read(kUpstream);
  v1::Violation violation;
  violation.mutable_resource()->set_kind(v1::KIND_ROUTE);
  violation.mutable_resource()->set_name("checkout");
  Locate(violation, read.parsed.positions);
  EXPECT_EQ(violation.line(), 0U);
  EXPECT_EQ(violation.file(), "");
}

TEST(YamlCodec, WritesYamlAsAPersonWould) {
  Read read(kUpstream);
  v1::Resource resource = read.parsed.resources[0];
  resource.set_generation(7);
  EXPECT_EQ(ToYaml(resource), R"(kind: Upstream
name: checkout
labels:
  team: payments
  tier: "1"
spec:
  backends:
    - address: "10.0.0.1:8080"
      weight: 0
    - address: "10.0.0.2:8080"
      zone: eu-1a
      labels:
        rack: r1
      state: DRAINING
  balancer: ROUND_ROBIN
  health_check:
    interval: 1m30s
    http:
      path: /health
      expected_statuses:
        - 200
        - 204
  pool:
    max_idle_per_backend: 0
  connect_timeout: 250ms
)");
}

TEST(YamlCodec, WritesResourcesAsJsonWithOutputFields) {
  const Read read("kind: Upstream\nname: a\ngeneration: 3\nupdated: \"2026-01-31T09:30:00Z\"\nspec: {health_check: {tcp: {}}}\n");
  EXPECT_EQ(ToJson(read.parsed.resources[0]), R"({
  "kind": "Upstream",
  "name": "a",
  "generation": 3,
  "updated": "2026-01-31T09:30:00Z",
  "spec": {
    "health_check": {
      "tcp": {}
    }
  }
})");
}

TEST(YamlCodec, WritesOtherMessagesWithEveryPlainField) {
  v1::ApplyResponse response;
  response.set_generation(18'000'000'000'000'000'000U);
  v1::Change& change = *response.add_changes();
  change.mutable_key()->set_kind(v1::KIND_ROUTE);
  change.mutable_key()->set_name("a\"b\n\x01");
  change.set_action(v1::Change::ACTION_CREATED);
  EXPECT_EQ(ToJson(response), R"({
  "generation": 18000000000000000000,
  "changes": [
    {
      "key": {
        "kind": "Route",
        "name": "a\"b\n\u0001"
      },
      "action": "CREATED"
    }
  ],
  "warnings": [],
  "diffs": []
})");
  v1::TopRow row;
  row.set_rate(0.5);
  row.set_p50_ms(std::numeric_limits<double>::quiet_NaN());
  row.add_failures()->set_cause(v1::CAUSE_CONNECT_FAILED);
  const std::string text = ToJson(row);
  EXPECT_THAT(text, HasSubstr("\"rate\": 0.5,"));
  EXPECT_THAT(text, HasSubstr("\"p50_ms\": null,"));
  EXPECT_THAT(text, HasSubstr("\"cause\": \"connect_failed\""));
  EXPECT_THAT(text, HasSubstr("\"upstream\": \"\""));
}

TEST(YamlCodec, WritesBytesAsHexAndUnknownEnumValuesAsNumbers) {
  v1::Snapshot snapshot;
  snapshot.set_digest(std::string("\x00\xff", 2));
  EXPECT_THAT(ToJson(snapshot), HasSubstr("\"digest\": \"00ff\""));
  v1::ResourceKey key;
  key.set_kind(static_cast<v1::Kind>(99));
  EXPECT_THAT(ToJson(key), HasSubstr("\"kind\": \"99\""));
}

}  // namespace
}  // namespace switchyard::config
