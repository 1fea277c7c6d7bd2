#include <zlib.h>

#include <array>

#include "agent/policy/encoder.h"

namespace switchyard::agent::policy {
namespace {

// Window 32 KiB and memLevel 8: 256 KiB (zconf.h: (1 << (windowBits + 2)) + (1 << (memLevel + 9))). 16 more asks for a gzip header.
constexpr int kWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;
// Half the time of level 6 for a few percent of size.
constexpr int kLevel = 4;

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(Lease lease) : Encoder(std::move(lease)) {
    ready_ = deflateInit2(&stream_, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipEncoder() override {
    if (ready_) deflateEnd(&stream_);
  }
  bool ready() const { return ready_; }

 private:
  bool Run(std::string_view data, Step step) override {
    const int flush = step == Step::kEnd ? Z_FINISH : step == Step::kFlush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    // Each round but the last fills the piece, so the loop ends with the output.
    std::array<char, 16384> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) return false;
      out_.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return true;
  }

  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Encoder> MakeGzipEncoder(Lease lease) {
  auto encoder = std::make_unique<GzipEncoder>(std::move(lease));
  return encoder->ready() ? std::move(encoder) : nullptr;
}

}  // namespace switchyard::agent::policy
