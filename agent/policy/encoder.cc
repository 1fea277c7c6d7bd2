#include "agent/policy/encoder.h"

namespace switchyard::agent::policy {

std::string_view NameOf(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      return "zstd";
    case Coding::kIdentity:
      break;
  }
  return "identity";
}

std::unique_ptr<Encoder> MakeEncoder(Coding coding, Lease lease) {
  switch (coding) {
    case Coding::kGzip:
      return MakeGzipEncoder(std::move(lease));
    case Coding::kBrotli:
      return MakeBrotliEncoder(std::move(lease));
    case Coding::kZstd:
      return MakeZstdEncoder(std::move(lease));
    case Coding::kIdentity:
      break;
  }
  return nullptr;
}

}  // namespace switchyard::agent::policy
