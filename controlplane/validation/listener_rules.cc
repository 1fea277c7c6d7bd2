#include <string>

#include <fmt/format.h>

#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "controlplane/validation/resource_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckHttp(const v1::HttpOptions& http, FieldChecks& checks) {
  checks.Number("spec.http.max_head_bytes", http.max_head_bytes(), config::kMaxHeadBytes);
  checks.Number("spec.http.max_headers", http.max_headers(), config::kMaxHeaders);
  checks.Number("spec.http.max_target_bytes", http.max_target_bytes(), config::kMaxTargetBytes);
  if (http.max_target_bytes() > config::MaxHeadBytes(http) && http.max_target_bytes() <= config::kMaxTargetBytes.max) {
    checks.Fail("spec.http.max_target_bytes",
                fmt::format("is {}, more than max_head_bytes ({}), which the target is a part of", http.max_target_bytes(), config::MaxHeadBytes(http)));
  }
  checks.Time("spec.http.head_timeout", http.has_head_timeout(), http.head_timeout(), config::kHeadTimeout);
  checks.Time("spec.http.keep_alive_timeout", http.has_keep_alive_timeout(), http.keep_alive_timeout(), config::kKeepAliveTimeout);
  checks.Time("spec.http.body_idle_timeout", http.has_body_idle_timeout(), http.body_idle_timeout(), config::kBodyIdleTimeout);
  checks.Number("spec.http.max_connections", http.max_connections(), config::kMaxConnections);
  checks.Enum("spec.http.forwarded", http.forwarded(), *v1::ForwardedMode_descriptor());
  if (http.via().empty()) return;
  checks.Length("spec.http.via", http.via(), config::kMaxViaLength);
  if (const std::string problem = TokenProblem(http.via(), "pseudonym"); !problem.empty()) checks.Fail("spec.http.via", problem);
}

}  // namespace

void CheckListener(const v1::Listener& listener, FieldChecks& checks) {
  if (const auto ip = Endpoint::FromIp(config::Address(listener), 0); !ip.ok()) checks.Fail("spec.address", Message(ip.status()));
  if (listener.port() == 0) {
    checks.Fail("spec.port", fmt::format("is required: a TCP port, 1-{}", config::kMaxPort));
  } else if (listener.port() > config::kMaxPort) {
    checks.Fail("spec.port", fmt::format("is {}; expected a TCP port, 1-{}", listener.port(), config::kMaxPort));
  }
  checks.Enum("spec.protocol", listener.protocol(), *v1::ListenerProtocol_descriptor());
  CheckLabels("spec.agents.match_labels", listener.agents().match_labels(), config::kMaxSelectorLabels, checks);
  CheckHttp(listener.http(), checks);
}

}  // namespace switchyard::controlplane::validation
