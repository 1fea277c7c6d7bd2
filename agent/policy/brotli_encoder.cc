#include <brotli/encode.h>

#include "agent/policy/encoder.h"

namespace switchyard::agent::policy {
namespace {

// Quality 4 with a window of 64 KiB: as fast as gzip and smaller, 0.8 MiB.
constexpr std::uint32_t kQuality = 4;
constexpr std::uint32_t kWindowBits = 16;

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(Lease lease)
      : Encoder(std::move(lease)), state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr), &BrotliEncoderDestroyInstance) {
    if (state_ == nullptr) return;
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, kQuality);
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, kWindowBits);
  }
  bool ready() const { return state_ != nullptr; }

 private:
  bool Run(std::string_view data, Step step) override {
    const BrotliEncoderOperation operation = step == Step::kEnd     ? BROTLI_OPERATION_FINISH
                                             : step == Step::kFlush ? BROTLI_OPERATION_FLUSH
                                                                    : BROTLI_OPERATION_PROCESS;
    const auto* next = reinterpret_cast<const std::uint8_t*>(data.data());
    std::size_t left = data.size();
    while (true) {
      std::size_t room = 0;
      if (BrotliEncoderCompressStream(state_.get(), operation, &left, &next, &room, nullptr, nullptr) == BROTLI_FALSE) return false;
      std::size_t size = 0;
      const std::uint8_t* piece = BrotliEncoderTakeOutput(state_.get(), &size);
      out_.append(reinterpret_cast<const char*>(piece), size);
      if (left == 0 && BrotliEncoderHasMoreOutput(state_.get()) == BROTLI_FALSE) return true;
    }
  }

  std::unique_ptr<BrotliEncoderState, void (*)(BrotliEncoderState*)> state_;
};

}  // namespace

std::unique_ptr<Encoder> MakeBrotliEncoder(Lease lease) {
  auto encoder = std::make_unique<BrotliEncoder>(std::move(lease));
  return encoder->ready() ? std::move(encoder) : nullptr;
}

}  // namespace switchyard::agent::policy
