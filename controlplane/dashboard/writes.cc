#include "controlplane/dashboard/writes.h"

#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/yaml_codec.h"
#include "common/rpc/proto_time.h"
#include "controlplane/admin/apply_handler.h"
#include "controlplane/dashboard/json_answer.h"

namespace switchyard::controlplane::dashboard {
namespace {

constexpr int kOperator = 2;
constexpr int kAdmin = 3;

std::optional<std::uint64_t> NumberIn(const Form& form, std::string_view name) {
  const std::string_view text = FieldOf(form, name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::StatusOr<google::protobuf::Duration> LifeIn(const Form& form) {
  const auto life = ParseDuration(FieldOf(form, "ttl"));
  if (!life.ok()) return life.status();
  return rpc::ToProto(*life);
}

v1::AccessRole RoleIn(const Form& form) {
  static const std::map<std::string_view, v1::AccessRole> roles = {
      {"viewer", v1::ACCESS_ROLE_VIEWER}, {"operator", v1::ACCESS_ROLE_OPERATOR}, {"admin", v1::ACCESS_ROLE_ADMIN}};
  const auto it = roles.find(FieldOf(form, "role"));
  return it == roles.end() ? v1::ACCESS_ROLE_UNSPECIFIED : it->second;
}

Response ResultResponse(admin::IntentResult result, const config::SourceMap* positions) {
  if (result.status.ok()) return JsonResponse(CompactJson(admin::ApplyResponseOf(result)));
  if (positions != nullptr) {
    for (v1::Violation& violation : *result.violations.mutable_violations()) config::Locate(violation, *positions);
  }
  return ErrorResponse(result.status, result.violations);
}

}  // namespace

int Writes::LevelOf(std::string_view path) {
  if (path == "/api/apply" || path == "/api/rollback") return kOperator;
  for (const std::string_view known : {"/api/tokens", "/api/tokens/revoke", "/api/credentials", "/api/credentials/revoke"}) {
    if (path == known) return kAdmin;
  }
  return 0;
}

void Writes::Write(const std::string& path, const Form& form, const std::string& who, Reply reply) {
  using Handler = Response (Writes::*)(const Form&, const std::string&);
  static const std::map<std::string_view, Handler> handlers = {{"/api/apply", &Writes::Apply},
                                                               {"/api/rollback", &Writes::Rollback},
                                                               {"/api/tokens", &Writes::CreateToken},
                                                               {"/api/tokens/revoke", &Writes::RevokeToken},
                                                               {"/api/credentials", &Writes::CreateCredential},
                                                               {"/api/credentials/revoke", &Writes::RevokeCredential}};
  const auto it = handlers.find(path);
  if (it == handlers.end()) return reply(ErrorResponse(absl::NotFoundError("there is no such action")));
  runtime::WorkQueue& queue = LevelOf(path) == kOperator ? *parts_.changes : *parts_.calls;
  const bool posted = queue.Post([this, handler = it->second, form, who, reply] {
    Response response = (this->*handler)(form, who);
    reads_.Forget();
    reply(std::move(response));
  });
  if (!posted) reply(ErrorResponse(absl::ResourceExhaustedError("the controller has too many calls at once; try again")));
}

Response Writes::Apply(const Form& form, const std::string& who) {
  config::ViolationList violations;
  auto parsed = config::ParseResources(FieldOf(form, "yaml"), "input", violations);
  if (!violations.empty()) return ErrorResponse(violations.ToStatus(), violations.ToProto());
  admin::Intent intent;
  intent.upserts = std::move(parsed.resources);
  intent.dry_run = FieldOf(form, "dry_run") == "true";
  intent.author = who;
  intent.reason = std::string(FieldOf(form, "reason"));
  intent.expected_generation = NumberIn(form, "expected_generation");
  return ResultResponse(parts_.desk->Carry(intent, "apply", who), &parsed.positions);
}

Response Writes::Rollback(const Form& form, const std::string& who) {
  v1::RollbackRequest request;
  request.set_generation(NumberIn(form, "generation").value_or(0));
  request.set_dry_run(FieldOf(form, "dry_run") == "true");
  request.set_reason(std::string(FieldOf(form, "reason")));
  if (const auto expected = NumberIn(form, "expected_generation")) request.set_expected_generation(*expected);
  admin::Intent intent;
  return ResultResponse(parts_.desk->Rollback(request, who, intent), nullptr);
}

Response Writes::CreateToken(const Form& form, const std::string& who) {
  v1::CreateTokenRequest request;
  request.set_uses(static_cast<std::uint32_t>(std::min<std::uint64_t>(NumberIn(form, "uses").value_or(1), UINT32_MAX)));
  request.set_description(std::string(FieldOf(form, "description")));
  const auto life = LifeIn(form);
  if (!life.ok()) return ErrorResponse(life.status());
  *request.mutable_ttl() = *life;
  const auto created = parts_.tokens->Create(request);
  if (!created.ok()) return ErrorResponse(created.status());
  parts_.desk->Note(who, "token create", "token " + created->info().id());
  return JsonResponse(CompactJson(*created));
}

Response Writes::RevokeToken(const Form& form, const std::string& who) {
  if (auto status = parts_.tokens->Revoke(FieldOf(form, "id")); !status.ok()) return ErrorResponse(status);
  parts_.desk->Note(who, "token revoke", fmt::format("token {}", FieldOf(form, "id")));
  return JsonResponse("{}");
}

Response Writes::CreateCredential(const Form& form, const std::string& who) {
  v1::CreateCredentialRequest request;
  request.set_name(std::string(FieldOf(form, "name")));
  request.set_role(RoleIn(form));
  const auto life = LifeIn(form);
  if (!life.ok()) return ErrorResponse(life.status());
  *request.mutable_ttl() = *life;
  const auto created = parts_.credentials->Create(request, who);
  if (!created.ok()) return ErrorResponse(created.status());
  parts_.desk->Note(who, "credential create", fmt::format("credential {} for {}", created->info().id(), request.name()));
  return JsonResponse(CompactJson(*created));
}

Response Writes::RevokeCredential(const Form& form, const std::string& who) {
  if (auto status = parts_.credentials->Revoke(FieldOf(form, "id")); !status.ok()) return ErrorResponse(status);
  parts_.desk->Note(who, "credential revoke", fmt::format("credential {}", FieldOf(form, "id")));
  return JsonResponse("{}");
}

}  // namespace switchyard::controlplane::dashboard
