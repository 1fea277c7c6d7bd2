// Encoder: one response body on its way through a content coding.
//
// Thread-safety: its worker. Memory: at most 300 KiB (gzip), 900 KiB (br), 1 MiB (zstd) each, and each holds a Lease of the bounded number
// of streams. Output comes in pieces no larger than what was put in plus a few hundred bytes, or what the coder had held back (at
// most 128 KiB). Errors: a coder that fails (it has no memory) says so by `failed`; the response must be cut, for its start is gone already.
// Source: RFC 1952 (gzip), RFC 7932 (br), RFC 8878 (zstd).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace switchyard::agent::policy {

enum class Coding : std::uint8_t { kIdentity, kGzip, kBrotli, kZstd };
// As in `Content-Encoding`.
std::string_view NameOf(Coding coding);

// One of a bounded number of places.
class Lease {
 public:
  Lease(std::atomic<std::uint32_t>& open, std::uint32_t most) : open_(&open) {
    if (open_->fetch_add(1, std::memory_order_relaxed) < most) return;
    open_->fetch_sub(1, std::memory_order_relaxed);
    open_ = nullptr;
  }
  Lease(Lease&& other) noexcept : open_(std::exchange(other.open_, nullptr)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (open_ != nullptr) open_->fetch_sub(1, std::memory_order_relaxed);
  }
  bool held() const { return open_ != nullptr; }

 private:
  std::atomic<std::uint32_t>* open_;
};

class Encoder {
 public:
  virtual ~Encoder() = default;

  enum class Step : std::uint8_t {
    kGoOn,   // hold back what makes the result smaller
    kFlush,  // everything put in so far comes out
    kEnd,    // and the coding ends
  };
  // The result views this object until the next call. Empty: nothing came out yet.
  std::string_view Encode(std::string_view data, Step step) {
    out_.clear();
    if (failed_) return {};
    failed_ = !Run(data, step);
    return out_;
  }
  bool failed() const { return failed_; }

 protected:
  explicit Encoder(Lease lease) : lease_(std::move(lease)) {}
  // Appends to `out_`. False: the coder failed.
  virtual bool Run(std::string_view data, Step step) = 0;

  std::string out_;

 private:
  Lease lease_;
  bool failed_ = false;
};

// Null: there is no memory for it.
std::unique_ptr<Encoder> MakeEncoder(Coding coding, Lease lease);
std::unique_ptr<Encoder> MakeGzipEncoder(Lease lease);
std::unique_ptr<Encoder> MakeBrotliEncoder(Lease lease);
std::unique_ptr<Encoder> MakeZstdEncoder(Lease lease);

}  // namespace switchyard::agent::policy
