#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

// A large store over a slow line.
constexpr Duration kTransfer = std::chrono::minutes(30);
constexpr std::size_t kChunk = 1 << 20;

ExitCode LocalFailure(const Context& context, const std::string& file, std::string_view what) {
  context.err << fmt::format("yardctl: {}: {}: {}\n", file, what, std::strerror(errno));
  return ExitCode::kLocalFile;
}

// All of it is on the disk, or the file is not there.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), partial_(path_ + ".partial") {
    fd_ = open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  }
  ~NewFile() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(partial_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  bool ok() const { return fd_ >= 0; }
  bool Append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = write(fd_, bytes.data(), bytes.size());
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  bool Keep() {
    if (fsync(fd_) != 0 || rename(partial_.c_str(), path_.c_str()) != 0) return false;
    close(fd_);
    fd_ = -1;
    return true;
  }

 private:
  const std::string path_;
  const std::string partial_;
  int fd_ = -1;
};

}  // namespace

ExitCode RunBackup(const BackupOptions& options, const Context& context) {
  struct stat there{};
  if (!options.force && stat(options.file.c_str(), &there) == 0) {
    context.err << fmt::format("yardctl: {} is there already; --force replaces it\n", options.file);
    return ExitCode::kLocalFile;
  }
  NewFile file(options.file);
  if (!file.ok()) return LocalFailure(context, options.file, "cannot be written");
  const auto call = NewCall(context, kTransfer);
  const auto reader = context.fleet->Backup(call.get(), {});
  v1::BackupChunk chunk;
  std::uint64_t bytes = 0;
  while (reader->Read(&chunk)) {
    bytes += chunk.data().size();
    if (!file.Append(chunk.data())) {
      call->TryCancel();
      return LocalFailure(context, options.file, "cannot be written");
    }
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return Report(context, status);
  if (!file.Keep()) return LocalFailure(context, options.file, "cannot be kept");
  context.out << fmt::format(
      "{}: {} bytes. Keep the controller's seal.key apart from it: private keys in the backup open with it only.\n", options.file, bytes);
  return ExitCode::kOk;
}

ExitCode RunRestore(const RestoreOptions& options, const Context& context) {
  std::ifstream file(options.file, std::ios::binary);
  if (!file) return LocalFailure(context, options.file, "cannot be read");
  const auto call = NewCall(context, kTransfer);
  v1::RestoreResponse response;
  const auto writer = context.fleet->Restore(call.get(), &response);
  v1::RestoreChunk chunk;
  chunk.set_dry_run(options.dry_run);
  chunk.set_author(options.author);
  chunk.set_reason(options.reason);
  std::string buffer(kChunk, '\0');
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    chunk.set_data(buffer.substr(0, static_cast<std::size_t>(file.gcount())));
    if (!writer->Write(chunk)) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return ReportChange(context, status, options.dry_run, nullptr);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  int changed = 0;
  for (const v1::Change& change : response.changes()) changed += change.action() == v1::Change::ACTION_UNCHANGED ? 0 : 1;
  context.out << fmt::format("{} generation {}: the resources of generation {}, {} of them changed\n", options.dry_run ? "would be" : "committed",
                             response.generation(), response.restored(), changed);
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
