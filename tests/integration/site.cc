#include "tests/integration/site.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

namespace switchyard::integration {
namespace {

// The one fleet of this program. A static owner would end it after main, when the harness's own statics may be gone.
class FleetEnvironment : public testing::Environment {
 public:
  harness::Fleet* Get() {
    if (!tried_) {
      tried_ = true;
      auto fleet = harness::Fleet::Start();
      if (fleet.ok()) fleet_ = *std::move(fleet);
      else failure_ = fleet.status();
    }
    if (fleet_ == nullptr) ADD_FAILURE() << "no fleet: " << failure_;
    return fleet_.get();
  }
  void TearDown() override { fleet_.reset(); }

 private:
  std::unique_ptr<harness::Fleet> fleet_;
  absl::Status failure_;
  bool tried_ = false;
};

FleetEnvironment* const kEnvironment = static_cast<FleetEnvironment*>(testing::AddGlobalTestEnvironment(new FleetEnvironment));

}  // namespace

harness::Fleet* SharedFleet() { return kEnvironment->Get(); }

Site::Site(SiteOptions options) {
  static int made = 0;
  name_ = fmt::format("site-{}", ++made);
  fleet_ = options.fleet != nullptr ? options.fleet : SharedFleet();
  if (fleet_ == nullptr) return;
  yaml_ = Yaml(options);
  const absl::Status status = fleet_->Apply(yaml_);
  EXPECT_TRUE(status.ok()) << status;
  ok_ = status.ok();
}

Site::~Site() {
  if (!ok_) return;
  (void)fleet_->Yardctl({"delete", "-f", "-"}, yaml_);
}

std::string Site::Yaml(const SiteOptions& options) const {
  std::string backends;
  for (const std::string& address : options.backends) backends += fmt::format("    - {{address: \"{}\"}}\n", address);
  return fmt::format(
      "kind: Listener\nname: {0}\nspec:\n  address: 127.0.0.1\n  port: {1}\n  http: {2}\n  agents: {{match_labels: {8}}}\n{9}---\n"
      "kind: Route\nname: {0}\nspec:\n  listeners: [{0}]\n  forward: {{upstreams: [{{upstream: {0}}}]}}\n  timeouts: {3}\n---\n"
      "kind: Upstream\nname: {0}\nspec:\n  pool: {4}\n{5}  backends:{6}\n{7}",
      name_, port(), options.http, options.timeouts, options.pool,
      options.upstream_line.empty() ? "" : "  " + options.upstream_line + "\n", backends.empty() ? " []" : "", backends, options.agents,
      options.listener_line.empty() ? "" : "  " + options.listener_line + "\n");
}

harness::RawHttpClient Site::Connect(int receive_buffer) const {
  auto client = harness::RawHttpClient::Connect(port(), receive_buffer);
  if (!client.ok()) {
    ADD_FAILURE() << client.status();
    return harness::RawHttpClient::Unconnected();
  }
  return *std::move(client);
}

std::string Get(const std::string& path) { return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path); }

}  // namespace switchyard::integration
