// Goal: two listeners that one agent would open never claim one port, and those that cannot meet are left alone.
// Method: pairs of listeners; then a check against all pairs on random catalogs, with a printed seed.
#include "controlplane/validation/port_conflicts.h"

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

v1::Resource Listener(const std::string& name, const std::string& address, unsigned port, const Labels& labels = {}) {
  v1::Resource out;
  out.set_name(name);
  out.mutable_listener()->set_address(address);
  out.mutable_listener()->set_port(port);
  for (const auto& [key, value] : labels) (*out.mutable_listener()->mutable_agents()->mutable_match_labels())[key] = value;
  return out;
}

config::ViolationList Check(const store::Catalog& catalog, const std::vector<v1::ResourceKey>& touched) {
  config::ViolationList out;
  CheckPortConflicts(catalog, touched, out);
  return out;
}

std::size_t Conflicts(const v1::Resource& a, const v1::Resource& b) {
  const store::Catalog catalog = MakeCatalog({a, b});
  return Check(catalog, AllKeys(catalog)).total();
}

TEST(PortConflicts, SameAddressAndPortClash) {
  EXPECT_EQ(Conflicts(Listener("a", "10.0.0.1", 80), Listener("b", "10.0.0.1", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "10.0.0.1", 80), Listener("b", "10.0.0.1", 81)), 0U);
  EXPECT_EQ(Conflicts(Listener("a", "10.0.0.1", 80), Listener("b", "10.0.0.2", 80)), 0U);
  EXPECT_EQ(Conflicts(Listener("a", "fd00::1", 80), Listener("b", "fd00:0::1", 80)), 1U);
}

TEST(PortConflicts, WildcardClashesWithItsFamilyOnly) {
  EXPECT_EQ(Conflicts(Listener("a", "", 80), Listener("b", "0.0.0.0", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "0.0.0.0", 80), Listener("b", "10.0.0.1", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "::", 80), Listener("b", "fd00::1", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "::", 80), Listener("b", "0:0::0", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "::", 80), Listener("b", "0.0.0.0", 80)), 0U);
  EXPECT_EQ(Conflicts(Listener("a", "::", 80), Listener("b", "10.0.0.1", 80)), 0U);
}

TEST(PortConflicts, SelectorsThatContradictEachOtherCannotMeet) {
  EXPECT_EQ(Conflicts(Listener("a", "", 80, {{"role", "edge"}}), Listener("b", "", 80, {{"role", "inner"}})), 0U);
  EXPECT_EQ(Conflicts(Listener("a", "", 80, {{"role", "edge"}}), Listener("b", "", 80, {{"role", "edge"}})), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "", 80, {{"role", "edge"}}), Listener("b", "", 80, {{"site", "x"}})), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "", 80, {{"role", "edge"}}), Listener("b", "", 80)), 1U);
  EXPECT_EQ(Conflicts(Listener("a", "", 80, {{"role", "edge"}, {"site", "x"}}), Listener("b", "", 80, {{"site", "y"}, {"tier", "1"}})), 0U);
}

TEST(PortConflicts, ViolationStandsOnTheListenerOfTheChange) {
  const store::Catalog catalog = MakeCatalog({Listener("a", "10.0.0.1", 80), Listener("b", "", 80, {{"role", "edge"}})});
  const auto found = Check(catalog, {Key(v1::KIND_LISTENER, "a")});
  ASSERT_EQ(found.total(), 1U);
  EXPECT_EQ(found.kept()[0].resource().name(), "a");
  EXPECT_EQ(found.kept()[0].field(), "spec.port");
  EXPECT_NE(found.kept()[0].reason().find("Listener \"b\" claims on 0.0.0.0"), std::string::npos) << found.kept()[0].reason();
  EXPECT_NE(found.kept()[0].reason().find("labels role=edge"), std::string::npos) << found.kept()[0].reason();
}

TEST(PortConflicts, UntouchedListenersAreNotComparedAgain) {
  const store::Catalog catalog = MakeCatalog({Listener("a", "", 80), Listener("b", "", 80), Listener("c", "", 81)});
  EXPECT_TRUE(Check(catalog, {Key(v1::KIND_LISTENER, "c")}).empty());
  EXPECT_TRUE(Check(catalog, {Key(v1::KIND_UPSTREAM, "a")}).empty());
}

TEST(PortConflicts, ThousandsOfHostsMayEachHaveTheirOwnListenerOnOnePort) {
  std::vector<v1::Resource> resources;
  for (int i = 0; i < 20'000; ++i) {
    resources.push_back(Listener("l" + std::to_string(i), "", 80, {{"host", "h" + std::to_string(i)}, {"role", "edge"}, {"site", "x"}}));
  }
  // Ties go to the first label by name, "host", which tells them apart.
  const store::Catalog catalog = MakeCatalog(resources);
  EXPECT_TRUE(Check(catalog, AllKeys(catalog)).empty());
}

TEST(PortConflicts, TooCrowdedPortIsOneViolation) {
  std::vector<v1::Resource> resources;
  for (int i = 0; i < 4'000; ++i) {
    resources.push_back(Listener("l" + std::to_string(i), "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 80));
  }
  const store::Catalog catalog = MakeCatalog(resources);
  const auto found = Check(catalog, AllKeys(catalog));
  ASSERT_EQ(found.total(), 1U);
  EXPECT_NE(found.kept()[0].reason().find("too many listeners"), std::string::npos) << found.kept()[0].reason();
}

// The rule said as plainly as possible: some agent of all label combinations opens both.
bool MeetByTrying(const v1::Listener& a, const v1::Listener& b) {
  const auto wants = [](const v1::Listener& l, const std::string& key, const std::string& value) {
    const auto it = l.agents().match_labels().find(key);
    return it == l.agents().match_labels().end() || it->second == value;
  };
  for (const std::string x : {"1", "2", "3"}) {
    for (const std::string y : {"1", "2", "3"}) {
      if (wants(a, "x", x) && wants(a, "y", y) && wants(b, "x", x) && wants(b, "y", y)) return true;
    }
  }
  return false;
}

bool AddressesClashByTable(const std::string& a, const std::string& b) {
  const auto v6 = [](const std::string& t) { return t.find(':') != std::string::npos; };
  if (v6(a) != v6(b)) return false;
  return a == b || a == "0.0.0.0" || b == "0.0.0.0" || a == "::" || b == "::";
}

TEST(PortConflicts, AgreesWithTryingEveryPairOnRandomCatalogs) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<std::string> addresses = {"0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "fd00::1"};
  for (int round = 0; round < 300; ++round) {
    std::vector<v1::Resource> all;
    for (int i = 0; i < 12; ++i) {
      Labels labels;
      if (random.Below(2) == 0) labels.emplace_back("x", std::to_string(1 + random.Below(3)));
      if (random.Below(2) == 0) labels.emplace_back("y", std::to_string(1 + random.Below(3)));
      all.push_back(Listener("l" + std::to_string(i), addresses[random.Below(addresses.size())],
                             80 + static_cast<unsigned>(random.Below(3)), labels));
    }
    std::size_t expected = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = i + 1; j < all.size(); ++j) {
        const v1::Listener& a = all[i].listener();
        const v1::Listener& b = all[j].listener();
        expected += a.port() == b.port() && AddressesClashByTable(a.address(), b.address()) && MeetByTrying(a, b) ? 1 : 0;
      }
    }
    const store::Catalog catalog = MakeCatalog(all);
    ASSERT_EQ(Check(catalog, AllKeys(catalog)).total(), expected);
  }
}

}  // namespace
}  // namespace switchyard::controlplane::validation
