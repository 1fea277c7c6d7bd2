#include "agent/l4/splice_pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace switchyard::agent::l4 {
namespace {

void Close(Pipe pipe) {
  ::close(pipe.read);
  ::close(pipe.write);
}

}  // namespace

SplicePipes::~SplicePipes() {
  for (const Pipe pipe : idle_) Close(pipe);
}

Pipe SplicePipes::Take() {
  if (!idle_.empty()) {
    const Pipe pipe = idle_.back();
    idle_.pop_back();
    ++taken_;
    return pipe;
  }
  std::array<int, 2> ends{};
  if (taken_ >= kMaxPipes || ::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return {};
  ++taken_;
  return {ends[0], ends[1]};
}

void SplicePipes::Give(Pipe pipe, bool empty) {
  --taken_;
  if (empty && idle_.size() < kMaxIdle) {
    idle_.push_back(pipe);
  } else {
    Close(pipe);
  }
}

}  // namespace switchyard::agent::l4
