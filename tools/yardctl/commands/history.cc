#include <fmt/format.h>

#include <algorithm>

#include "common/config/resource_key.h"
#include "common/config/yaml_codec.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

// Pages until `limit` entries are there or the history ends.
grpc::Status ReadEntries(const HistoryOptions& options, const Context& context, v1::HistoryResponse& found) {
  v1::HistoryRequest request;
  while (static_cast<std::uint32_t>(found.entries_size()) < options.limit) {
    request.set_page_size(std::min<std::uint32_t>(options.limit - static_cast<std::uint32_t>(found.entries_size()), 1000));
    v1::HistoryResponse page;
    const grpc::Status status = context.fleet->History(NewCall(context).get(), request, &page);
    if (!status.ok()) return status;
    found.mutable_entries()->MergeFrom(page.entries());
    if (page.next_page_token().empty() || page.entries().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  return grpc::Status::OK;
}

void PrintList(const Context& context, const v1::HistoryResponse& found) {
  Table table({">GENERATION", "TIME", "AUTHOR", "CHANGES", "REASON"});
  for (const v1::HistoryEntry& entry : found.entries())
    table.Add({std::to_string(entry.generation()), CivilTime(entry.time()), entry.author(), ChangeSummary(entry.changes()), entry.reason()});
  context.out << table.Text();
}

void PrintOne(const Context& context, const v1::HistoryResponse& found) {
  for (const v1::HistoryEntry& entry : found.entries()) {
    context.out << fmt::format("generation {}  {}  {}\n{}\n", entry.generation(), CivilTime(entry.time()),
                               Printable(entry.author()), Printable(entry.reason()));
    for (const v1::Change& change : entry.changes())
      context.out << fmt::format("  {}  {}\n", config::ToString(change.key()), ActionWord(change.action()));
  }
}

}  // namespace

ExitCode RunHistory(const HistoryOptions& options, const Context& context) {
  v1::HistoryResponse found;
  grpc::Status status;
  if (options.generation > 0) {
    v1::HistoryRequest request;
    request.set_generation(options.generation);
    status = context.fleet->History(NewCall(context).get(), request, &found);
  } else {
    status = ReadEntries(options, context, found);
  }
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson) {
    PrintJson(context, found);
  } else if (context.format == Format::kYaml && options.generation > 0) {
    for (int i = 0; i < found.resources_size(); ++i) context.out << (i > 0 ? "---\n" : "") << config::ToYaml(found.resources(i));
  } else if (context.format == Format::kYaml) {
    PrintJson(context, found);
  } else if (context.format == Format::kName) {
    for (const v1::HistoryEntry& entry : found.entries()) context.out << entry.generation() << '\n';
  } else if (options.generation > 0) {
    PrintOne(context, found);
  } else {
    PrintList(context, found);
  }
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
