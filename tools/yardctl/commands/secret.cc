#include <fmt/format.h>

#include <fstream>
#include <optional>

#include "tools/yardctl/commands/commands.h"

namespace switchyard::tools::yardctl {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

// Nothing, with a word on stderr, when it cannot be read.
std::optional<std::string> ReadPem(const std::string& path, const Context& context) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!text.empty() && text.size() <= kMaxFile) return text;
  context.err << fmt::format("yardctl: {} cannot be read, is empty or is larger than 1 MiB\n", path);
  return std::nullopt;
}

}  // namespace

ExitCode RunSecret(const SecretOptions& options, const Context& context) {
  if (options.ca.empty() ? options.certificate.empty() : !options.certificate.empty() || !options.key.empty()) {
    context.err << "yardctl: give --cert and --key, or --ca\n";
    return ExitCode::kUsage;
  }
  v1::ApplyRequest request;
  v1::Resource& resource = *request.add_resources();
  resource.set_name(options.name);
  if (!options.ca.empty()) {
    auto pem = ReadPem(options.ca, context);
    if (!pem) return ExitCode::kLocalFile;
    resource.mutable_secret()->mutable_ca()->set_pem(*std::move(pem));
  } else {
    auto chain = ReadPem(options.certificate, context);
    if (!chain) return ExitCode::kLocalFile;
    v1::KeyedCertificate& certificate = *resource.mutable_secret()->mutable_certificate();
    certificate.set_chain_pem(*std::move(chain));
    // Without a key: a renewed certificate for the key that is stored.
    if (!options.key.empty()) {
      auto key = ReadPem(options.key, context);
      if (!key) return ExitCode::kLocalFile;
      certificate.set_private_key_pem(*std::move(key));
    }
  }
  SetChangeOptions(options.change, request);
  v1::ApplyResponse response;
  const grpc::Status status = context.fleet->Apply(NewCall(context, options.change.wait.value_or(Duration(0))).get(), request, &response);
  if (!status.ok()) return ReportChange(context, status, options.change.dry_run, nullptr);
  ShowWarnings(context, response);
  return ShowChange(context, options.change, response);
}

}  // namespace switchyard::tools::yardctl
