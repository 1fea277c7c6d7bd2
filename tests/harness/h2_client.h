// H2Client: one HTTP/2 client connection that sends exactly the frames it is given, well-formed or not, and reads what comes back.
//
// Header sections are sent as HPACK literals without indexing, so any text can be put on the wire; what is received is decoded with
// nghttp2's inflater and nothing else of that library.
// Thread-safety: one thread. Every call has a deadline. Errors: as in Socket.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/http_message.h"
#include "tests/harness/socket.h"

namespace switchyard::harness {

// RFC 9113 section 6.
enum H2Type : std::uint8_t {
  kH2Data = 0,
  kH2Headers = 1,
  kH2Priority = 2,
  kH2Reset = 3,
  kH2Settings = 4,
  kH2Push = 5,
  kH2Ping = 6,
  kH2Goaway = 7,
  kH2Window = 8,
  kH2Continuation = 9,
};
inline constexpr std::uint8_t kH2EndStream = 0x1;
inline constexpr std::uint8_t kH2Ack = 0x1;
inline constexpr std::uint8_t kH2EndHeaders = 0x4;
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct H2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  HeaderList fields;  // of HEADERS with END_HEADERS
  bool ends() const { return (type == kH2Data || type == kH2Headers) && (flags & kH2EndStream) != 0; }
  // Error code of RST_STREAM and GOAWAY.
  std::uint32_t error() const;
};

// One frame as bytes.
std::string MakeFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
// A header section as HPACK literals.
std::string MakeSection(const HeaderList& fields);
std::string BigEndian32(std::uint32_t value);

// What one stream has received so far.
struct H2Answer {
  std::vector<HeaderList> informational;
  HeaderList head;
  std::string body;
  HeaderList trailers;
  bool ended = false;
  bool reset = false;
  std::uint32_t reset_error = 0;
  int status() const;
  std::string_view Header(std::string_view name) const;
};

class H2Client {
 public:
  // Connects; sends the preface and empty SETTINGS unless `raw`. Incoming SETTINGS and PINGs are acknowledged, DATA is answered with window
  // updates if `gives_windows`.
  static absl::StatusOr<std::unique_ptr<H2Client>> Connect(std::uint16_t port, bool raw = false);
  ~H2Client();

  absl::Status Send(std::string_view bytes, Duration within = kPatience);
  absl::Status SendHeaders(std::uint32_t stream, const HeaderList& fields, bool ends);
  absl::Status SendData(std::uint32_t stream, std::string_view data, bool ends);

  // Reads until the stream has ended or was reset. UNAVAILABLE when the connection ends before.
  absl::StatusOr<H2Answer> ReadAnswer(std::uint32_t stream, Duration within = kPatience);
  // Reads until its final head has come.
  absl::StatusOr<H2Answer> ReadHead(std::uint32_t stream, Duration within = kPatience);
  // Reads until `size` bytes of its body have come.
  absl::StatusOr<H2Answer> ReadBody(std::uint32_t stream, std::size_t size, Duration within = kPatience);
  // Reads until GOAWAY; its error code.
  absl::StatusOr<std::uint32_t> ReadGoaway(Duration within = kPatience);
  // Reads to the end of the connection. True: it ended.
  bool ReadToEnd(Duration within = kPatience);
  // Handles the next frame.
  absl::StatusOr<H2Frame> ReadFrame(Duration within = kPatience);

  void GiveNoWindows() { gives_windows_ = false; }
  // Nothing is sent but what the test sends.
  void KeepSilent() { gives_windows_ = acknowledges_ = false; }
  const H2Answer& answer(std::uint32_t stream) { return answers_[stream]; }
  // Last-stream-ids of the GOAWAYs so far.
  const std::vector<std::uint32_t>& goaway_last() const { return goaway_last_; }
  const std::vector<std::uint32_t>& goaway_errors() const { return goaway_errors_; }
  bool settings_seen() const { return settings_seen_; }
  Socket& socket() { return socket_; }

 private:
  struct Inflater;
  explicit H2Client(Socket socket);
  absl::Status Fill(const Deadline& deadline);
  absl::Status Handle(H2Frame& frame, const Deadline& deadline);
  absl::Status TakeFields(H2Frame& frame);
  template <typename Done>
  absl::StatusOr<H2Answer> ReadUntil(std::uint32_t stream, Duration within, Done done);

  Socket socket_;
  std::string buffer_;
  std::string section_;  // HEADERS and CONTINUATION so far
  std::unique_ptr<Inflater> inflater_;
  std::map<std::uint32_t, H2Answer> answers_;
  std::vector<std::uint32_t> goaway_last_;
  std::vector<std::uint32_t> goaway_errors_;
  bool gives_windows_ = true;
  bool acknowledges_ = true;
  bool settings_seen_ = false;
};

}  // namespace switchyard::harness
