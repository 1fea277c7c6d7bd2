// Context: what every command works with - the controller, the output and the time.
//
// Results go to `out` in the format asked for; complaints and hints go to `err`. Formats: table for people; json (one object, field names of
// the API); yaml (resources as `apply` takes them; anything else as JSON, which YAML includes); name (one `Kind/name` or id per line).
// Thread-safety: one command at a time. Errors: `Report` turns a failed call into text and an exit code.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "switchyard/v1/fleet.grpc.pb.h"
#include "tools/yardctl/exit_code.h"

namespace switchyard::tools::yardctl {

enum class Format { kTable, kJson, kYaml, kName };

struct Context {
  v1::FleetService::StubInterface* fleet = nullptr;  // null for commands that work offline
  const Clock& clock;
  std::ostream& out;
  std::ostream& err;
  Format format = Format::kTable;
  Duration timeout = std::chrono::seconds(10);  // of one call, time to wait for agents aside
  bool terminal = false;                        // `out` is one: colour and live refresh make sense
  std::string address;                          // of the controller, for complaints
};

// For one call; its deadline is the context's timeout plus `extra`.
std::unique_ptr<grpc::ClientContext> NewCall(const Context& context, Duration extra = Duration(0));

class Input;
// Writes what went wrong to `err`, with a remedy where there is one. Violations are given the places of `input`, when there is one.
// REQUIRES: !status.ok().
ExitCode Report(const Context& context, const grpc::Status& status, const Input* input = nullptr);

// As Report, for a call that changes something: when the answer was lost it says that the change may have been committed.
ExitCode ReportChange(const Context& context, const grpc::Status& status, bool dry_run, const Input* input);

// As JSON with a line end.
void PrintJson(const Context& context, const google::protobuf::Message& message);

}  // namespace switchyard::tools::yardctl
