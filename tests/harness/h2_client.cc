#include "tests/harness/h2_client.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>

namespace switchyard::harness {
namespace {

constexpr std::size_t kHeaderBytes = 9;

std::uint32_t Read32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// RFC 7541 section 5.1, with a prefix of 7 bits; section 5.2 without Huffman.
void AppendText(std::string& out, std::string_view text) {
  std::size_t size = text.size();
  if (size < 127) {
    out += static_cast<char>(size);
  } else {
    out += static_cast<char>(127);
    for (size -= 127; size >= 128; size /= 128) out += static_cast<char>(size % 128 + 128);
    out += static_cast<char>(size);
  }
  out += text;
}

}  // namespace

std::uint32_t H2Frame::error() const { return type == kH2Goaway ? Read32(payload, 4) : Read32(payload, 0); }

std::string BigEndian32(std::uint32_t value) {
  return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U), static_cast<char>(value)};
}

std::string MakeFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out = BigEndian32(static_cast<std::uint32_t>(payload.size())).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out.append(BigEndian32(stream)).append(payload);
}

std::string MakeSection(const HeaderList& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';  // RFC 7541 section 6.2.2: literal without indexing, new name
    AppendText(out, name);
    AppendText(out, value);
  }
  return out;
}

int H2Answer::status() const { return std::atoi(std::string(Header(":status")).c_str()); }

std::string_view H2Answer::Header(std::string_view name) const {
  for (const auto& [each, value] : head) {
    if (each == name) return value;
  }
  for (const auto& [each, value] : trailers) {
    if (each == name) return value;
  }
  return {};
}

struct H2Client::Inflater {
  Inflater() { nghttp2_hd_inflate_new(&hd); }
  ~Inflater() { nghttp2_hd_inflate_del(hd); }
  nghttp2_hd_inflater* hd = nullptr;
};

H2Client::H2Client(Socket socket) : socket_(std::move(socket)), inflater_(new Inflater()) {}
H2Client::~H2Client() = default;

absl::StatusOr<std::unique_ptr<H2Client>> H2Client::Connect(std::uint16_t port, bool raw) {
  auto socket = Socket::ConnectLoopback(port);
  if (!socket.ok()) return socket.status();
  std::unique_ptr<H2Client> client(new H2Client(*std::move(socket)));
  if (raw) return client;
  const absl::Status sent = client->Send(std::string(kH2Preface) + MakeFrame(kH2Settings, 0, 0, {}));
  if (!sent.ok()) return sent;
  return client;
}

absl::Status H2Client::Send(std::string_view bytes, Duration within) { return socket_.Write(bytes, Deadline(within)); }

absl::Status H2Client::SendHeaders(std::uint32_t stream, const HeaderList& fields, bool ends) {
  return Send(MakeFrame(kH2Headers, static_cast<std::uint8_t>(kH2EndHeaders | (ends ? kH2EndStream : 0)), stream, MakeSection(fields)));
}

absl::Status H2Client::SendData(std::uint32_t stream, std::string_view data, bool ends) {
  return Send(MakeFrame(kH2Data, ends ? kH2EndStream : 0, stream, data));
}

absl::Status H2Client::Fill(const Deadline& deadline) {
  auto bytes = socket_.Read(deadline);
  if (!bytes.ok()) return bytes.status();
  if (bytes->empty()) return absl::OutOfRangeError("the connection was closed");
  buffer_ += *bytes;
  return absl::OkStatus();
}

absl::StatusOr<H2Frame> H2Client::ReadFrame(Duration within) {
  const Deadline deadline(within);
  std::size_t size = 0;
  while (buffer_.size() < kHeaderBytes || buffer_.size() < kHeaderBytes + (size = Read32(buffer_, 0) >> 8U)) {
    const absl::Status filled = Fill(deadline);
    if (!filled.ok()) return filled;
  }
  H2Frame frame;
  frame.type = static_cast<std::uint8_t>(buffer_[3]);
  frame.flags = static_cast<std::uint8_t>(buffer_[4]);
  frame.stream = Read32(buffer_, 5) & 0x7fffffffU;
  frame.payload = buffer_.substr(kHeaderBytes, size);
  buffer_.erase(0, kHeaderBytes + size);
  const absl::Status handled = Handle(frame, deadline);
  if (!handled.ok()) return handled;
  return frame;
}

absl::Status H2Client::TakeFields(H2Frame& frame) {
  section_ += frame.payload;
  if ((frame.flags & kH2EndHeaders) == 0) return absl::OkStatus();
  const std::string section = std::move(section_);
  section_.clear();
  auto* at = reinterpret_cast<const std::uint8_t*>(section.data());
  std::size_t left = section.size();
  int flags = 0;
  while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
    nghttp2_nv field;
    flags = 0;
    const auto used = nghttp2_hd_inflate_hd2(inflater_->hd, &field, &flags, at, left, /*in_final=*/1);
    if (used < 0) return absl::InvalidArgumentError("what came is not HPACK");
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      frame.fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                                std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_->hd);
  H2Answer& answer = answers_[frame.stream];
  const bool informational = !frame.fields.empty() && frame.fields.front().first == ":status" && frame.fields.front().second.front() == '1';
  if (informational) {
    answer.informational.push_back(frame.fields);
  } else {
    (answer.head.empty() ? answer.head : answer.trailers) = frame.fields;
  }
  return absl::OkStatus();
}

absl::Status H2Client::Handle(H2Frame& frame, const Deadline& deadline) {
  H2Answer* answer = frame.stream != 0 ? &answers_[frame.stream] : nullptr;
  switch (frame.type) {
    case kH2Headers:
    case kH2Continuation: {
      const absl::Status taken = TakeFields(frame);
      if (!taken.ok()) return taken;
      break;
    }
    case kH2Data:
      answer->body += frame.payload;
      if (gives_windows_ && !frame.payload.empty()) {
        const std::string size = BigEndian32(static_cast<std::uint32_t>(frame.payload.size()));
        (void)socket_.Write(MakeFrame(kH2Window, 0, 0, size) + MakeFrame(kH2Window, 0, frame.stream, size), deadline);
      }
      break;
    case kH2Reset:
      answer->reset = true;
      answer->reset_error = frame.error();
      break;
    case kH2Settings:
      settings_seen_ = true;
      if (acknowledges_ && (frame.flags & kH2Ack) == 0) (void)socket_.Write(MakeFrame(kH2Settings, kH2Ack, 0, {}), deadline);
      break;
    case kH2Goaway:
      goaway_last_.push_back(Read32(frame.payload, 0));
      goaway_errors_.push_back(frame.error());
      break;
    default:
      break;
  }
  if (frame.ends()) answer->ended = true;
  return absl::OkStatus();
}

template <typename Done>
absl::StatusOr<H2Answer> H2Client::ReadUntil(std::uint32_t stream, Duration within, Done done) {
  const Deadline deadline(within);
  while (!done(answers_[stream])) {
    auto frame = ReadFrame(std::chrono::milliseconds(deadline.poll_timeout()));
    if (!frame.ok()) return frame.status();
  }
  return answers_[stream];
}

absl::StatusOr<H2Answer> H2Client::ReadAnswer(std::uint32_t stream, Duration within) {
  return ReadUntil(stream, within, [](const H2Answer& answer) { return answer.ended || answer.reset; });
}

absl::StatusOr<H2Answer> H2Client::ReadHead(std::uint32_t stream, Duration within) {
  return ReadUntil(stream, within, [](const H2Answer& answer) { return !answer.head.empty() || answer.reset; });
}

absl::StatusOr<H2Answer> H2Client::ReadBody(std::uint32_t stream, std::size_t size, Duration within) {
  return ReadUntil(stream, within, [size](const H2Answer& answer) { return answer.body.size() >= size || answer.ended || answer.reset; });
}

absl::StatusOr<std::uint32_t> H2Client::ReadGoaway(Duration within) {
  const Deadline deadline(within);
  while (goaway_errors_.empty()) {
    auto frame = ReadFrame(std::chrono::milliseconds(deadline.poll_timeout()));
    if (!frame.ok()) return frame.status();
  }
  return goaway_errors_.back();
}

bool H2Client::ReadToEnd(Duration within) {
  const Deadline deadline(within);
  while (true) {
    auto frame = ReadFrame(std::chrono::milliseconds(deadline.poll_timeout()));
    if (frame.ok()) continue;
    return frame.status().code() != absl::StatusCode::kDeadlineExceeded;
  }
}

}  // namespace switchyard::harness
