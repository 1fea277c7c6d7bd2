#include "controlplane/backup/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/tls/private_file.h"
#include "controlplane/store/backup_file.h"
#include "controlplane/store/rocksdb_restore.h"
#include "controlplane/store/sealed_bytes.h"

namespace switchyard::controlplane::backup {
namespace {

constexpr std::size_t kChunk = 1 << 20;
constexpr std::size_t kMaxFile = 64 * 1024;
// Relative to the data directory.
constexpr const char* kFiles[] = {"identity/ca.key", "identity/ca.pem"};
constexpr char kSealFile[] = "/seal.key";

absl::Status AddFiles(const BackupParts& parts, store::BackupWriter& writer) {
  for (const char* name : kFiles) {
    auto content = tls::ReadPrivateFile(parts.data_dir + "/" + name, kMaxFile);
    if (!content.ok()) return content.status();
    auto sealed = parts.seal->Close(*content, name);
    if (!sealed.ok()) return sealed.status();
    v1::BackupFrame frame;
    frame.mutable_file()->set_path(name);
    frame.mutable_file()->set_sealed(*std::move(sealed));
    if (absl::Status added = writer.Add(frame); !added.ok()) return added;
  }
  return absl::OkStatus();
}

// Nobody but us decides what may be written where.
bool IsKnown(const std::string& path) {
  for (const char* name : kFiles) {
    if (path == name) return true;
  }
  return false;
}

absl::Status RestoreFiles(const std::string& data_dir, int file, const tls::Seal& seal) {
  return store::ReadBackup(file, [&](const v1::BackupFrame& frame) -> absl::Status {
    if (!frame.has_file() || !IsKnown(frame.file().path())) return absl::OkStatus();
    auto content = seal.Reveal(frame.file().sealed(), frame.file().path());
    if (!content.ok()) return Annotate(content.status(), "is this the seal.key of the controller that made the backup?");
    const std::filesystem::path target = data_dir + "/" + frame.file().path();
    if (absl::Status made = tls::MakePrivateDirectory(target.parent_path().string()); !made.ok()) return made;
    return tls::WritePrivateFile(target.string(), *content);
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<TemporaryFile>> TemporaryFile::Make(const std::string& directory) {
  int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system without nameless files (NFS): a name for a moment.
    std::string name = directory + "/.backup-XXXXXX";
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) unlink(name.c_str());
  }
  if (fd < 0) return absl::InternalError(fmt::format("no temporary file in {}: {}", directory, std::strerror(errno)));
  return std::unique_ptr<TemporaryFile>(new TemporaryFile(fd));
}

TemporaryFile::~TemporaryFile() { close(fd_); }

absl::Status TemporaryFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return absl::InternalError(fmt::format("no room for the backup beside the store: {}", std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TemporaryFile::Read(std::uint64_t from) const {
  std::string bytes(kChunk, '\0');
  const ssize_t got = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(from));
  if (got < 0) return absl::InternalError(fmt::format("the backup cannot be read back: {}", std::strerror(errno)));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

absl::StatusOr<std::unique_ptr<TemporaryFile>> MakeBackup(const BackupParts& parts) {
  auto file = TemporaryFile::Make(parts.data_dir);
  if (!file.ok()) return file.status();
  store::BackupWriter writer([&](std::string_view bytes) { return (*file)->Append(bytes); });
  const auto begin = [&](const store::ExportFacts& facts) {
    v1::BackupHeader header;
    header.set_store_format(facts.format);
    header.set_generation(facts.generation);
    header.set_controller_version(parts.version);
    header.set_trust_domain(parts.trust_domain);
    *header.mutable_time() = rpc::ToProto(parts.clock->WallNow());
    return writer.Begin(std::move(header));
  };
  const auto take = [&](const store::StoredPair& pair) {
    v1::BackupFrame frame;
    frame.mutable_pair()->set_family(std::string(pair.family));
    frame.mutable_pair()->set_key(std::string(pair.key));
    frame.mutable_pair()->set_value(std::string(pair.value));
    return writer.Add(frame);
  };
  if (absl::Status exported = parts.store->Export(begin, take); !exported.ok()) return exported;
  if (absl::Status added = AddFiles(parts, writer); !added.ok()) return added;
  if (absl::Status ended = writer.End(); !ended.ok()) return ended;
  return file;
}

absl::StatusOr<Restorable> ReadResources(int file, const tls::Seal& seal) {
  auto header = store::CheckBackup(file);
  if (!header.ok()) return header.status();
  Restorable found;
  found.generation = header->generation();
  // The caller keeps the seal.
  const store::SealedBytes bytes(std::shared_ptr<const tls::Seal>(std::shared_ptr<void>(), &seal));
  auto read = store::ReadBackup(file, [&](const v1::BackupFrame& frame) -> absl::Status {
    if (!frame.has_pair() || frame.pair().family() != "resources") return absl::OkStatus();
    v1::Resource resource;
    const auto whole = bytes.Read(frame.pair().value(), frame.pair().key(), resource);
    if (!whole.ok()) return Annotate(whole.status(), "a Secret of the backup was sealed with another seal.key");
    if (!*whole) return absl::DataLossError("a resource of the backup cannot be read");
    found.resources.push_back(std::move(resource));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return found;
}

absl::Status RestoreDirectory(const std::string& data_dir, const std::string& backup, const std::string& seal_file) {
  if (absl::Status made = tls::MakePrivateDirectory(data_dir); !made.ok()) return made;
  const int opened = open(backup.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return absl::NotFoundError(fmt::format("backup {}: {}", backup, std::strerror(errno)));
  const auto closes = std::unique_ptr<const int, void (*)(const int*)>(&opened, [](const int* fd) { close(*fd); });
  if (auto header = store::CheckBackup(opened); !header.ok()) return Annotate(header.status(), backup);
  std::error_code ignored;
  if (std::filesystem::exists(data_dir + "/store", ignored)) {
    return absl::FailedPreconditionError(fmt::format("{} has a store already; restore into an empty data directory, or use `yardctl restore` "
                                                     "for the resources alone", data_dir));
  }
  auto seal = tls::Seal::Open(seal_file.empty() ? data_dir + kSealFile : seal_file, /*may_make=*/false);
  if (!seal.ok()) return Annotate(seal.status(), "the seal.key of the controller that made the backup is needed: --restore-seal-key");
  if (absl::Status restored = RestoreFiles(data_dir, opened, **seal); !restored.ok()) return restored;
  if (!seal_file.empty()) {
    auto key = tls::ReadPrivateFile(seal_file, kMaxFile);
    if (!key.ok()) return key.status();
    if (absl::Status written = tls::WritePrivateFile(data_dir + kSealFile, *key); !written.ok()) return written;
  }
  // Last: a directory with a store is a whole one.
  return store::FillStore(data_dir + "/store", opened);
}

}  // namespace switchyard::controlplane::backup
