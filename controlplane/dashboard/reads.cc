#include "controlplane/dashboard/reads.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/resource_key.h"
#include "common/config/redaction.h"
#include "common/config/yaml_codec.h"
#include "common/observe/json_text.h"
#include "common/rpc/proto_time.h"
#include "controlplane/admin/agents_handler.h"
#include "controlplane/admin/explain_handler.h"
#include "controlplane/admin/get_handler.h"
#include "controlplane/admin/history_handler.h"
#include "controlplane/admin/overview_handler.h"
#include "controlplane/admin/past.h"
#include "controlplane/admin/series_handler.h"
#include "controlplane/admin/status_handler.h"
#include "controlplane/admin/top_handler.h"
#include "controlplane/dashboard/json_answer.h"
#include "controlplane/dashboard/topology.h"

namespace switchyard::controlplane::dashboard {
namespace {

constexpr int kViewer = 1;
constexpr int kAdmin = 3;

const std::map<std::string_view, int>& Levels() {
  static const std::map<std::string_view, int> levels = {
      {"/api/overview", kViewer}, {"/api/info", kViewer},   {"/api/top", kViewer},      {"/api/agents", kViewer},
      {"/api/status", kViewer},   {"/api/series", kViewer}, {"/api/topology", kViewer}, {"/api/history", kViewer},
      {"/api/diff", kViewer},     {"/api/yaml", kViewer},   {"/api/weights", kViewer},
      {"/api/explain", kViewer}, {"/api/tokens", kAdmin},    {"/api/credentials", kAdmin},
      {"/api/actions", kAdmin}};
  return levels;
}

// 0 for what is no number: as if it were not there.
std::uint64_t NumberIn(const Form& form, std::string_view name) {
  const std::string_view text = FieldOf(form, name);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint32_t SmallIn(const Form& form, std::string_view name) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(NumberIn(form, name), UINT32_MAX));
}

template <class Answer>
absl::StatusOr<std::string> ToJson(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return CompactJson(*answer);
}

absl::StatusOr<std::string> SeriesJson(const Parts& parts, const Form& form) {
  v1::SeriesRequest request;
  request.set_of(std::string(FieldOf(form, "of")));
  request.set_max_points(SmallIn(form, "max_points"));
  request.set_backends(FieldOf(form, "backends") == "true");
  if (const auto last = FieldOf(form, "last"); !last.empty()) {
    const auto parsed = ParseDuration(last);
    if (!parsed.ok()) return parsed.status();
    *request.mutable_last() = rpc::ToProto(*parsed);
  }
  return ToJson(admin::HandleSeries(parts.recorder->ring(), *parts.clock, request));
}

// One resource as people write it.
absl::StatusOr<std::string> YamlJson(const Parts& parts, const Form& form) {
  v1::GetRequest request;
  request.mutable_key()->set_kind(config::ParseKind(FieldOf(form, "kind")));
  request.mutable_key()->set_name(std::string(FieldOf(form, "name")));
  auto resource = admin::HandleGet(*parts.store, request);
  if (!resource.ok()) return resource.status();
  observe::JsonObject out;
  out.Add("yaml", config::ToYaml(*resource));
  out.Add("generation", resource->generation());
  return out.Finish();
}

}  // namespace

int Reads::LevelOf(std::string_view path) {
  const auto it = Levels().find(path);
  return it == Levels().end() ? 0 : it->second;
}

absl::StatusOr<Reads::Body> Reads::Read(const std::string& path, const std::string& query) {
  const std::string target = path + "?" + query;
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(parts_.clock->Now().time_since_epoch()).count();
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(second_, second) != second) shared_.clear();
    if (const auto it = shared_.find(target); it != shared_.end()) return it->second;
  }
  const auto form = ParseForm(query);
  if (!form) return absl::InvalidArgumentError("the query cannot be read");
  auto json = Make(path, *form);
  if (!json.ok()) return json.status();
  auto body = std::make_shared<const std::string>(*std::move(json));
  const std::lock_guard lock(mutex_);
  if (second_ == second && shared_.size() < kMaxShared) shared_[target] = body;
  return body;
}

void Reads::Forget() {
  const std::lock_guard lock(mutex_);
  shared_.clear();
}

absl::StatusOr<std::string> Reads::Make(std::string_view path, const Form& form) const {
  if (path == "/api/overview") {
    return CompactJson(HandleOverview(parts_.facts, {parts_.clock, parts_.store, parts_.registry, parts_.recorder, parts_.found, parts_.fleet}));
  }
  if (path == "/api/info") return CompactJson(HandleInfo(parts_.facts, *parts_.store, *parts_.registry));
  if (path == "/api/series") return SeriesJson(parts_, form);
  if (path == "/api/topology") return TopologyJson(*parts_.found->With(parts_.store->Read()));
  if (path == "/api/yaml") return YamlJson(parts_, form);
  if (path == "/api/top") {
    v1::TopRequest request;
    request.set_upstream(std::string(FieldOf(form, "upstream")));
    const auto window = static_cast<std::int64_t>(std::min<std::uint64_t>(NumberIn(form, "window"), 60));
    if (window > 0) request.mutable_window()->set_seconds(window);
    return ToJson(admin::HandleTop(*parts_.aggregator, request));
  }
  if (path == "/api/status") {
    v1::StatusRequest request;
    request.set_generation(NumberIn(form, "generation"));
    return ToJson(admin::HandleStatus(*parts_.store, *parts_.registry, request));
  }
  if (path == "/api/weights") {
    v1::WeightsRequest request;
    request.set_upstream(std::string(FieldOf(form, "upstream")));
    request.mutable_window()->set_seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(NumberIn(form, "window"), 600)));
    return CompactJson(parts_.fleet->Weights(request));
  }
  if (path == "/api/explain") {
    v1::ExplainRequest request;
    request.set_upstream(std::string(FieldOf(form, "upstream")));
    request.set_backend(std::string(FieldOf(form, "backend")));
    return ToJson(admin::HandleExplain(*parts_.fleet, *parts_.aggregator, request));
  }
  return MakeLists(path, form);
}

absl::StatusOr<std::string> Reads::MakeLists(std::string_view path, const Form& form) const {
  const std::string token(FieldOf(form, "page_token"));
  if (path == "/api/agents") {
    v1::AgentsRequest request;
    request.set_page_size(SmallIn(form, "page_size"));
    request.set_page_token(token);
    return ToJson(admin::HandleAgents(*parts_.registry, *parts_.clock, parts_.store->Read()->generation, request, parts_.board));
  }
  if (path == "/api/history") {
    v1::HistoryRequest request;
    request.set_page_size(SmallIn(form, "page_size"));
    request.set_page_token(token);
    request.set_generation(NumberIn(form, "generation"));
    return ToJson(admin::HandleHistory(*parts_.store, request));
  }
  if (path == "/api/diff") {
    v1::DiffRequest request;
    request.set_from(NumberIn(form, "from"));
    request.set_to(NumberIn(form, "to"));
    return ToJson(admin::HandleDiff(*parts_.store, request));
  }
  if (path == "/api/tokens") return ToJson(parts_.tokens->List());
  if (path == "/api/credentials") return ToJson(parts_.credentials->List());
  if (path == "/api/actions") {
    v1::ActionsRequest request;
    request.set_limit(SmallIn(form, "limit"));
    return ToJson(parts_.actions->List(request));
  }
  return absl::NotFoundError("there is no such page");
}

}  // namespace switchyard::controlplane::dashboard
