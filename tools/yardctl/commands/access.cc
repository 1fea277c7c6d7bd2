#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

v1::AccessRole RoleOf(const std::string& word) {
  if (word == "admin") return v1::ACCESS_ROLE_ADMIN;
  return word == "operator" ? v1::ACCESS_ROLE_OPERATOR : v1::ACCESS_ROLE_VIEWER;
}

std::string RoleWord(v1::AccessRole role) {
  return role == v1::ACCESS_ROLE_ADMIN ? "admin" : role == v1::ACCESS_ROLE_OPERATOR ? "operator" : "viewer";
}

bool WantsJson(const Context& context) { return context.format == Format::kJson || context.format == Format::kYaml; }

ExitCode Create(const CredentialOptions& options, const Context& context) {
  v1::CreateCredentialRequest request;
  request.set_name(options.name);
  request.set_role(RoleOf(options.role));
  *request.mutable_ttl() = rpc::ToProto(options.ttl);
  v1::CreateCredentialResponse response;
  const grpc::Status status = context.fleet->CreateCredential(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (WantsJson(context)) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  // The file alone on stdout: `yardctl credential create ann > ann.credential`.
  context.out << response.file();
  context.err << fmt::format("credential {}: {} as {}, ends {}. It holds a private key and is shown this once; keep the file at mode 0600.\n",
                             response.info().id(), response.info().name(), RoleWord(response.info().role()),
                             RelativeTime(response.info().not_after(), context.clock.WallNow()));
  return ExitCode::kOk;
}

ExitCode List(const Context& context) {
  v1::ListCredentialsResponse response;
  const grpc::Status status = context.fleet->ListCredentials(NewCall(context).get(), v1::ListCredentialsRequest(), &response);
  if (!status.ok()) return Report(context, status);
  if (WantsJson(context)) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  Table table({"ID", "NAME", "ROLE", "ENDS", "MADE BY", "STATE"});
  const WallTime now = context.clock.WallNow();
  for (const v1::CredentialInfo& info : response.credentials()) {
    if (context.format == Format::kName) {
      context.out << info.id() << '\n';
      continue;
    }
    table.Add({info.id(), info.name(), RoleWord(info.role()), RelativeTime(info.not_after(), now), info.created_by(), info.revoked() ? "revoked" : "good"});
  }
  if (!table.empty()) context.out << table.Text();
  return ExitCode::kOk;
}

ExitCode Revoke(const CredentialOptions& options, const Context& context) {
  v1::RevokeCredentialRequest request;
  request.set_id(options.id);
  v1::RevokeCredentialResponse response;
  const grpc::Status status = context.fleet->RevokeCredential(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  context.out << fmt::format("credential {} revoked\n", options.id);
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunCredential(const CredentialOptions& options, const Context& context) {
  switch (options.verb) {
    case CredentialOptions::Verb::kCreate:
      return Create(options, context);
    case CredentialOptions::Verb::kList:
      return List(context);
    case CredentialOptions::Verb::kRevoke:
      return Revoke(options, context);
  }
  return ExitCode::kUsage;
}

ExitCode RunActions(const ActionsOptions& options, const Context& context) {
  v1::ActionsRequest request;
  request.set_limit(options.limit);
  v1::ActionsResponse response;
  const grpc::Status status = context.fleet->Actions(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (WantsJson(context)) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  Table table({"TIME", "WHO", "WHAT", "ABOUT", "RESULT"});
  for (const v1::AdminAction& action : response.actions()) {
    table.Add({CivilTime(action.time()), action.who(), action.verb(), action.subject(), action.refused().empty() ? "done" : "refused: " + action.refused()});
  }
  if (!table.empty()) context.out << table.Text();
  return ExitCode::kOk;
}

ExitCode RunDashboard(const Context& context) {
  v1::DashboardLoginResponse response;
  const grpc::Status status = context.fleet->DashboardLogin(NewCall(context).get(), v1::DashboardLoginRequest(), &response);
  if (!status.ok()) return Report(context, status);
  if (WantsJson(context)) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  if (response.url().empty()) {
    context.err << "yardctl: this controller has no dashboard; start it with --dashboard-listen\n";
    return ExitCode::kNotFound;
  }
  context.out << fmt::format("{}#login={}\n", response.url(), response.code());
  if (context.format == Format::kTable) {
    context.err << "The link logs you in once, within 5 minutes. The certificate is the fleet's own: see docs/dashboard.md for browsers to trust it.\n";
  }
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
