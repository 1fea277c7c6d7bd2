#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/yaml_codec.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/commands/resource_table.h"

namespace switchyard::tools::yardctl {
namespace {

// Named resources, one call each.
grpc::Status GetNamed(const GetOptions& options, v1::Kind kind, const Context& context, v1::ListResponse& found) {
  for (const std::string& name : options.names) {
    v1::GetRequest request;
    request.mutable_key()->set_kind(kind);
    request.mutable_key()->set_name(name);
    const grpc::Status status = context.fleet->Get(NewCall(context).get(), request, found.add_resources());
    if (!status.ok()) return status;
  }
  return grpc::Status::OK;
}

// All pages. The loop ends because the server's tokens move on; a server that repeats one is cut off.
grpc::Status ListAll(const GetOptions& options, v1::Kind kind, const Context& context, v1::ListResponse& found) {
  v1::ListRequest request;
  request.set_kind(kind);
  request.mutable_match_labels()->insert(options.labels.begin(), options.labels.end());
  for (;;) {
    v1::ListResponse page;
    const grpc::Status status = context.fleet->List(NewCall(context).get(), request, &page);
    if (!status.ok()) return status;
    found.mutable_resources()->MergeFrom(page.resources());
    found.set_generation(page.generation());
    if (page.next_page_token().empty()) return grpc::Status::OK;
    if (page.next_page_token() == request.page_token()) return {grpc::StatusCode::INTERNAL, "the controller repeats a page"};
    request.set_page_token(page.next_page_token());
  }
}

void Show(const Context& context, const GetOptions& options, const v1::ListResponse& found) {
  switch (context.format) {
    case Format::kTable: context.out << ResourceTables(found.resources(), context.clock.WallNow()); break;
    case Format::kJson:
      if (options.names.size() == 1) PrintJson(context, found.resources(0));
      else PrintJson(context, found);
      break;
    case Format::kYaml:
      for (int i = 0; i < found.resources_size(); ++i) context.out << (i > 0 ? "---\n" : "") << config::ToYaml(found.resources(i));
      break;
    case Format::kName:
      for (const v1::Resource& resource : found.resources()) context.out << config::ToString(config::KeyOf(resource)) << '\n';
      break;
  }
}

}  // namespace

ExitCode RunGet(const GetOptions& options, const Context& context) {
  const v1::Kind kind = options.kind == "all" ? v1::KIND_UNSPECIFIED : config::ParseKind(options.kind);
  if (kind == v1::KIND_UNSPECIFIED && (options.kind != "all" || !options.names.empty())) {
    context.err << fmt::format("yardctl: `{}` is not a kind; kinds are listeners, routes, upstreams and secrets (or `all`, without names)\n", options.kind);
    return ExitCode::kUsage;
  }
  v1::ListResponse found;
  const grpc::Status status = options.names.empty() ? ListAll(options, kind, context, found) : GetNamed(options, kind, context, found);
  if (!status.ok()) return Report(context, status);
  Show(context, options, found);
  if (found.resources().empty() && context.format == Format::kTable) context.err << "no resources\n";
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
