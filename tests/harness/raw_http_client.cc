#include "tests/harness/raw_http_client.h"

#include <fmt/format.h>

#include "common/base/status.h"

namespace switchyard::harness {
namespace {

constexpr std::size_t kMaxHead = std::size_t{1} << 20;

}  // namespace

absl::StatusOr<RawHttpClient> RawHttpClient::Connect(std::uint16_t port, int receive_buffer) {
  auto socket = Socket::ConnectLoopback(port, kPatience, receive_buffer);
  if (!socket.ok()) return socket.status();
  return RawHttpClient(*std::move(socket));
}

absl::Status RawHttpClient::Send(std::string_view bytes, Duration within) { return socket_.Write(bytes, Deadline(within)); }

absl::Status RawHttpClient::Fill(const Deadline& deadline) {
  auto bytes = socket_.Read(deadline);
  if (!bytes.ok()) return Annotate(bytes.status(), fmt::format("after {:?}", Printable(buffer_)));
  if (bytes->empty()) {
    if (buffer_.empty()) return absl::OutOfRangeError("closed");
    return absl::UnavailableError("closed in the middle of a response: " + Printable(buffer_));
  }
  buffer_ += *bytes;
  return absl::OkStatus();
}

absl::StatusOr<HttpMessage> RawHttpClient::ReadResponseHead(Duration within) {
  const Deadline deadline(within);
  auto length = HeadLength(buffer_);
  for (; !length; length = HeadLength(buffer_)) {
    if (buffer_.size() > kMaxHead) return absl::InvalidArgumentError("a head without end");
    if (const absl::Status status = Fill(deadline); !status.ok()) return status;
  }
  auto message = ParseHead(std::string_view(buffer_).substr(0, *length));
  if (!message.ok()) return message.status();
  if (message->status() == 0) return absl::InvalidArgumentError("not an HTTP/1 response: " + Printable(buffer_));
  buffer_.erase(0, *length);
  return message;
}

absl::StatusOr<HttpMessage> RawHttpClient::ReadResponse(bool to_head, Duration within) {
  auto message = ReadResponseHead(within);
  if (!message.ok()) return message.status();
  const absl::Status status = ReadBody(FrameOfResponse(*message, to_head), *message, Deadline(within));
  if (!status.ok()) return Annotate(status, "body of " + message->start_line);
  return message;
}

absl::Status RawHttpClient::ReadBody(BodyFrame frame, HttpMessage& message, const Deadline& deadline) {
  switch (frame.kind) {
    case BodyKind::kNone:
      return absl::OkStatus();
    case BodyKind::kLength:
      while (buffer_.size() < frame.length) {
        if (const absl::Status status = Fill(deadline); !status.ok()) return absl::UnavailableError(std::string(Message(status)));
      }
      message.body = buffer_.substr(0, frame.length);
      buffer_.erase(0, frame.length);
      return absl::OkStatus();
    case BodyKind::kChunked:
      for (;;) {
        auto taken = TakeChunked(buffer_, message);
        if (!taken.ok()) return taken.status();
        if (*taken) {
          buffer_.erase(0, **taken);
          return absl::OkStatus();
        }
        if (const absl::Status status = Fill(deadline); !status.ok()) return absl::UnavailableError(std::string(Message(status)));
      }
    case BodyKind::kUntilClose:
      break;
  }
  for (;;) {
    auto bytes = socket_.Read(deadline);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) break;
    buffer_ += *bytes;
  }
  message.body = std::exchange(buffer_, {});
  return absl::OkStatus();
}

absl::StatusOr<std::string> RawHttpClient::ReadBytes(std::size_t count, Duration within) {
  const Deadline deadline(within);
  while (buffer_.size() < count) {
    if (const absl::Status status = Fill(deadline); !status.ok()) return status;
  }
  std::string out = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return out;
}

absl::StatusOr<HttpMessage> RawHttpClient::Exchange(std::string_view bytes, bool to_head) {
  if (const absl::Status status = Send(bytes); !status.ok()) return status;
  return ReadResponse(to_head);
}

absl::Status RawHttpClient::ExpectClose(Duration within) {
  if (!buffer_.empty()) return absl::FailedPreconditionError("unexpected bytes: " + Printable(buffer_));
  auto bytes = socket_.Read(Deadline(within));
  if (!bytes.ok()) return bytes.status();
  if (!bytes->empty()) return absl::FailedPreconditionError("unexpected bytes: " + Printable(*bytes));
  return absl::OkStatus();
}

std::string RawHttpClient::ReadToEnd(Duration within) {
  const Deadline deadline(within);
  for (;;) {
    auto bytes = socket_.Read(deadline);
    if (!bytes.ok() || bytes->empty()) return std::exchange(buffer_, {});
    buffer_ += *bytes;
  }
}

void RawHttpClient::Reset() {
  socket_.ResetOnClose();
  socket_.Close();
}

}  // namespace switchyard::harness
