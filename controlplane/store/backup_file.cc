#include "controlplane/store/backup_file.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace switchyard::controlplane::store {
namespace {

constexpr std::size_t kMaxFrame = 64 * 1024 * 1024;
constexpr std::size_t kLengthBytes = 4;
constexpr off_t kMaxFile = off_t{4} << 30;

std::string LittleEndian(std::size_t value) {
  std::string out(kLengthBytes, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i) out[i] = static_cast<char>(value >> (8 * i));
  return out;
}

absl::Status CutShort() { return absl::DataLossError("the backup file is cut short; nothing of it was used"); }
absl::Status NoBackup(std::string_view why) {
  return absl::DataLossError(fmt::format("this is no backup file, or it is damaged: {}; nothing of it was used", why));
}

// Reads the frames of a file one after the other, and sums what it reads.
class Frames {
 public:
  explicit Frames(int file) : file_(file) {}

  absl::Status Start() {
    const auto magic = Bytes(kBackupMagic.size());
    if (!magic.ok()) return magic.status();
    if (*magic != kBackupMagic) return NoBackup("it does not begin as one");
    return absl::OkStatus();
  }

  // The sum up to this frame is in `before`.
  absl::StatusOr<v1::BackupFrame> Next() {
    before_.reset();
    const auto length = Bytes(kLengthBytes);
    if (!length.ok()) return length.status();
    std::size_t size = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) size |= static_cast<std::size_t>(static_cast<unsigned char>((*length)[i])) << (8 * i);
    if (size > kMaxFrame) return NoBackup("a part is too long");
    const auto bytes = Bytes(size);
    if (!bytes.ok()) return bytes.status();
    v1::BackupFrame frame;
    if (!frame.ParseFromString(*bytes)) return NoBackup("a part cannot be read");
    if (frame.has_end()) {
      before_ = sum_.Finish();
    } else {
      Add(*length);
      Add(*bytes);
    }
    return frame;
  }

  void Add(std::string_view bytes) { sum_.Update(bytes); }
  const std::optional<std::string>& before() const { return before_; }
  bool AtEnd() const {
    char byte = 0;
    return pread(file_, &byte, 1, at_) == 0;
  }
  off_t at() const { return at_; }

 private:
  absl::StatusOr<std::string> Bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      const ssize_t got = pread(file_, bytes.data() + have, count - have, at_ + static_cast<off_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return absl::InternalError("the backup file cannot be read");
      if (got == 0) return CutShort();
      have += static_cast<std::size_t>(got);
    }
    at_ += static_cast<off_t>(count);
    return bytes;
  }

  const int file_;
  off_t at_ = 0;
  tls::Sha256Stream sum_;
  std::optional<std::string> before_;
};

absl::StatusOr<v1::BackupHeader> ReadHeader(Frames& frames) {
  if (absl::Status started = frames.Start(); !started.ok()) return started;
  frames.Add(kBackupMagic);
  auto first = frames.Next();
  if (!first.ok()) return first.status();
  if (!first->has_header()) return NoBackup("it has no header");
  if (first->header().version() > kBackupVersion) {
    return absl::FailedPreconditionError(fmt::format("the backup file is of version {}, this program reads up to {}: it was written by a newer one; use that",
                                                     first->header().version(), kBackupVersion));
  }
  return std::move(*first->mutable_header());
}

}  // namespace

absl::Status BackupWriter::Put(std::string_view bytes) {
  sum_.Update(bytes);
  return sink_(bytes);
}

absl::Status BackupWriter::Begin(v1::BackupHeader header) {
  header.set_version(kBackupVersion);
  if (absl::Status put = Put(kBackupMagic); !put.ok()) return put;
  v1::BackupFrame frame;
  *frame.mutable_header() = std::move(header);
  return Add(frame);
}

absl::Status BackupWriter::Add(const v1::BackupFrame& frame) {
  const std::string bytes = frame.SerializeAsString();
  if (bytes.size() > kMaxFrame) return absl::ResourceExhaustedError("a part of the store is too large for a backup file");
  ++frames_;
  if (absl::Status put = Put(LittleEndian(bytes.size())); !put.ok()) return put;
  return Put(bytes);
}

absl::Status BackupWriter::End() {
  v1::BackupFrame frame;
  frame.mutable_end()->set_frames(frames_);
  frame.mutable_end()->set_sha256(sum_.Finish());
  return Add(frame);
}

absl::StatusOr<v1::BackupHeader> CheckBackup(int file) {
  Frames frames(file);
  auto header = ReadHeader(frames);
  if (!header.ok()) return header.status();
  std::uint64_t count = 1;
  while (frames.at() < kMaxFile) {
    const auto frame = frames.Next();
    if (!frame.ok()) return frame.status();
    if (!frame->has_end()) {
      ++count;
      continue;
    }
    if (frame->end().sha256() != *frames.before() || frame->end().frames() != count) return NoBackup("its sum is not that of its bytes");
    if (!frames.AtEnd()) return NoBackup("something follows its end");
    return header;
  }
  return absl::ResourceExhaustedError("the backup file is larger than 4 GiB");
}

absl::Status ReadBackup(int file, const std::function<absl::Status(const v1::BackupFrame&)>& take) {
  Frames frames(file);
  if (auto header = ReadHeader(frames); !header.ok()) return header.status();
  while (true) {
    const auto frame = frames.Next();
    if (!frame.ok()) return frame.status();
    if (frame->has_end()) return absl::OkStatus();
    if (absl::Status taken = take(*frame); !taken.ok()) return taken;
  }
}

}  // namespace switchyard::controlplane::store
