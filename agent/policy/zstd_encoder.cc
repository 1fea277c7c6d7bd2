#include <zstd.h>

#include <array>

#include "agent/policy/encoder.h"

namespace switchyard::agent::policy {
namespace {

constexpr int kLevel = 3;
// 128 KiB: what browsers must take is 8 MiB (RFC 8878 section 3.1.1.1.2), but a window is memory of each stream.
constexpr int kWindowLog = 17;

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(Lease lease) : Encoder(std::move(lease)), context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    if (context_ == nullptr) return;
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindowLog);
  }
  bool ready() const { return context_ != nullptr; }

 private:
  bool Run(std::string_view data, Step step) override {
    const ZSTD_EndDirective directive = step == Step::kEnd ? ZSTD_e_end : step == Step::kFlush ? ZSTD_e_flush : ZSTD_e_continue;
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    std::array<char, 16384> piece;
    while (true) {
      ZSTD_outBuffer out{piece.data(), piece.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) return false;
      out_.append(piece.data(), out.pos);
      // With flush and end, `left` is what is still to come; else taking all input is all there is to do.
      if (step == Step::kGoOn ? in.pos == in.size : left == 0) return true;
    }
  }

  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
};

}  // namespace

std::unique_ptr<Encoder> MakeZstdEncoder(Lease lease) {
  auto encoder = std::make_unique<ZstdEncoder>(std::move(lease));
  return encoder->ready() ? std::move(encoder) : nullptr;
}

}  // namespace switchyard::agent::policy
