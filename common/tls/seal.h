// Seal: keeps bytes on a disk so that whoever has the disk, but not the key file, reads nothing and changes nothing unnoticed.
//
// AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce per text; `context` (what the text is, e.g. its key in the store) is
// authenticated with it, so that a sealed text cannot be put in another one's place. At 2^32 texts under one key nonces could repeat; a
// store is orders of magnitude below.
//
// What it protects: copies of the sealed bytes (backups, snapshots of the volume, a stolen database) that come without the key file. What
// it does not: anybody who can read the key file, which lies beside the data with mode 0600, or the process' memory.
//
// Thread-safety: immutable; any thread. Cost: about 1 GB/s; one allocation.
// Errors: DATA_LOSS: the text is damaged, sealed by another key, or belongs to another context. Opening a key file: as private_file.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard::tls {

class Seal {
 public:
  // `key`: 32 bytes.
  explicit Seal(std::string key) : key_(std::move(key)) {}
  ~Seal();
  Seal(const Seal&) = delete;
  Seal& operator=(const Seal&) = delete;

  // The key in `path` (mode 0600). `may_make`: a new random one is written if there is no file.
  static absl::StatusOr<std::shared_ptr<const Seal>> Open(const std::string& path, bool may_make);

  absl::StatusOr<std::string> Close(std::string_view text, std::string_view context) const;
  absl::StatusOr<std::string> Reveal(std::string_view sealed, std::string_view context) const;
  // Whether the bytes are of the form that Close makes: they begin with a byte that begins no protobuf message.
  static bool IsSealed(std::string_view bytes);

 private:
  std::string key_;
};

}  // namespace switchyard::tls
