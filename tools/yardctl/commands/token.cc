#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

ExitCode Create(const TokenOptions& options, const Context& context) {
  v1::CreateTokenRequest request;
  request.set_uses(options.uses);
  *request.mutable_ttl() = rpc::ToProto(options.ttl);
  request.set_description(options.description);
  v1::CreateTokenResponse response;
  const grpc::Status status = context.fleet->CreateToken(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  // The token alone on stdout, so that a script can take it as it is.
  context.out << response.token() << '\n';
  if (context.format == Format::kTable)
    context.err << fmt::format("token {}: good for {} agent{}, ends {}. It is shown this once.\n", response.info().id(), response.info().uses_left(),
                               response.info().uses_left() == 1 ? "" : "s", RelativeTime(response.info().expires(), context.clock.WallNow()));
  return ExitCode::kOk;
}

ExitCode List(const Context& context) {
  v1::ListTokensResponse response;
  const grpc::Status status = context.fleet->ListTokens(NewCall(context).get(), v1::ListTokensRequest(), &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  Table table({"ID", ">USES LEFT", "EXPIRES", "CREATED", "DESCRIPTION"});
  const WallTime now = context.clock.WallNow();
  for (const v1::TokenInfo& token : response.tokens()) {
    if (context.format == Format::kName) context.out << token.id() << '\n';
    else
      table.Add({token.id(), std::to_string(token.uses_left()), RelativeTime(token.expires(), now), RelativeTime(token.created(), now),
                 token.description()});
  }
  if (!table.empty()) context.out << table.Text();
  return ExitCode::kOk;
}

ExitCode Revoke(const TokenOptions& options, const Context& context) {
  v1::RevokeTokenRequest request;
  request.set_id(options.id);
  v1::RevokeTokenResponse response;
  const grpc::Status status = context.fleet->RevokeToken(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  context.out << fmt::format("token {} revoked; agents that joined by it stay\n", options.id);
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunToken(const TokenOptions& options, const Context& context) {
  switch (options.verb) {
    case TokenOptions::Verb::kCreate: return Create(options, context);
    case TokenOptions::Verb::kList: return List(context);
    case TokenOptions::Verb::kRevoke: return Revoke(options, context);
  }
  return ExitCode::kUsage;
}

}  // namespace switchyard::tools::yardctl
