// SplicePipes: the pipes of one worker through which tunnels move bytes without copying them to user space (splice(2)).
//
// A tunnel holds a pipe only while bytes are in it, so few pipes serve many tunnels. Thread-safety: its worker. Bounds: kMaxPipes in all, of
// which kMaxIdle are kept; when there are no more, or descriptors run out, Take gives none and the tunnel copies instead.
#pragma once

#include <cstddef>
#include <vector>

namespace switchyard::agent::l4 {

struct Pipe {
  int read = -1;
  int write = -1;
  explicit operator bool() const { return read >= 0; }
};

class SplicePipes {
 public:
  // Each holds 64 KiB of the kernel's memory at most, its size by default.
  static constexpr std::size_t kPipeBytes = 65536;
  static constexpr std::size_t kMaxPipes = 1024;
  static constexpr std::size_t kMaxIdle = 16;

  SplicePipes() = default;
  ~SplicePipes();
  SplicePipes(const SplicePipes&) = delete;
  SplicePipes& operator=(const SplicePipes&) = delete;

  Pipe Take();
  // `empty`: no bytes are left in it; else it is closed.
  void Give(Pipe pipe, bool empty);

 private:
  std::vector<Pipe> idle_;
  std::size_t taken_ = 0;
};

}  // namespace switchyard::agent::l4
