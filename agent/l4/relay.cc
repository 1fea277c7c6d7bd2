#include "agent/l4/relay.h"

#include <array>

namespace switchyard::agent::l4 {
namespace {

// From pieces of this size on, two splices cost less than two copies.
constexpr std::size_t kBulkBytes = 16384;
constexpr std::size_t kSmallBytes = 4096;

}  // namespace

using loop::IoResult;

Relay::Result Relay::Move() {
  if (ended_) return Result::kGoesOn;
  const std::uint64_t start = bytes_;
  while (true) {
    Step step = Drain();
    if (step == Step::kMore) {
      if (end_seen_) {
        to_.ShutdownWrite();
        ended_ = true;
        return Result::kEnded;
      }
      if (bytes_ - start >= kTurnBytes) {
        from_.WaitReadable();
        return Result::kGoesOn;
      }
      step = bulk_ ? Splice() : Copy();
    }
    if (step == Step::kWait) return Result::kGoesOn;
    if (step == Step::kFromFailed) return Result::kFromFailed;
    if (step == Step::kToFailed) return Result::kToFailed;
  }
}

// What is held goes first. kWait: the receiver does not take it now.
Relay::Step Relay::Drain() {
  if (out_.pending() > 0 && !out_.Flush(to_)) return Step::kToFailed;
  if (out_.pending() > 0) return Step::kWait;
  out_.Release();
  while (in_pipe_ > 0) {
    const IoResult put = to_.SpliceFrom(pipe_.read, in_pipe_);
    if (put.kind == IoResult::Kind::kWouldBlock) {
      to_.WaitWritable();
      return Step::kWait;
    }
    if (put.kind != IoResult::Kind::kOk) return Step::kToFailed;
    in_pipe_ -= put.bytes;
  }
  DropPipe();
  return Step::kMore;
}

Relay::Step Relay::Copy() {
  const IoResult got = from_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
  switch (got.kind) {
    case IoResult::Kind::kWouldBlock:
      from_.WaitReadable();
      return Step::kWait;
    case IoResult::Kind::kEnd:
      end_seen_ = true;
      return Step::kMore;
    case IoResult::Kind::kError:
      return Step::kFromFailed;
    case IoResult::Kind::kOk:
      break;
  }
  bytes_ += got.bytes;
  bulk_ = got.bytes >= kBulkBytes && from_.plain() && to_.plain();
  const std::array<iovec, 1> piece = {iovec{loop_.scratch(), got.bytes}};
  const IoResult put = to_.Write(piece);
  if (put.kind == IoResult::Kind::kError) return Step::kToFailed;
  if (put.bytes < got.bytes) {
    out_.text().append(loop_.scratch() + put.bytes, got.bytes - put.bytes);
    to_.WaitWritable();
    return Step::kWait;
  }
  if (got.bytes == loop::EventLoop::kScratchBytes) return Step::kMore;
  // A short read has emptied the socket, which knows; asking again would cost a call.
  from_.WaitReadable();
  return Step::kWait;
}

Relay::Step Relay::Splice() {
  if (!pipe_) pipe_ = pipes_.Take();
  if (!pipe_) return Copy();
  const IoResult got = from_.SpliceInto(pipe_.write, SplicePipes::kPipeBytes);
  switch (got.kind) {
    case IoResult::Kind::kWouldBlock:
      DropPipe();
      from_.WaitReadable();
      return Step::kWait;
    case IoResult::Kind::kEnd:
      end_seen_ = true;
      return Step::kMore;
    case IoResult::Kind::kError:
      return Step::kFromFailed;
    case IoResult::Kind::kOk:
      break;
  }
  in_pipe_ = got.bytes;
  bytes_ += got.bytes;
  if (got.bytes < kSmallBytes) bulk_ = false;
  return Step::kMore;
}

void Relay::DropPipe() {
  if (!pipe_) return;
  pipes_.Give(pipe_, in_pipe_ == 0);
  pipe_ = {};
  in_pipe_ = 0;
}

}  // namespace switchyard::agent::l4
