#include "agent/discovery/file_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/limits.h"
#include "common/config/yaml_codec.h"

namespace switchyard::agent::discovery {
namespace {

constexpr std::string_view kFrame = "kind: Upstream\nname: file\nspec:\n";
constexpr std::uint32_t kFrameLines = 3;
constexpr std::string_view kIndent = "  ";

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// As the spec of a resource, which the codec reads.
std::string Framed(std::string_view text) {
  std::string out(kFrame);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.append(kIndent).append(text.substr(0, end)).append("\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

absl::Status Wrong(const std::string& where, std::string_view why) { return absl::InvalidArgumentError(fmt::format("{} {}", where, why)); }

// What validation asks of backends that come with a resource.
absl::Status CheckBackend(int index, const v1::Backend& backend) {
  const std::string at = fmt::format("backends[{}]", index);
  const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(backend.address());
  if (!endpoint.ok()) return Wrong(at + ".address", Message(endpoint.status()));
  if (endpoint->port() == 0) return Wrong(at + ".address", "has port 0; expected 1 to 65535");
  if (backend.weight() > switchyard::config::kBackendWeight.max) return Wrong(at + ".weight", "is too large; at most 10000");
  if (backend.zone().size() > switchyard::config::kMaxZoneLength) return Wrong(at + ".zone", "is too long; at most 63 characters");
  if (static_cast<std::size_t>(backend.labels_size()) > switchyard::config::kMaxLabels) return Wrong(at + ".labels", "has too many entries; at most 32");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Backends> ParseBackendsFile(std::string_view text) {
  switchyard::config::ViolationList violations;
  const auto parsed = switchyard::config::ParseResources(Framed(text), "", violations);
  if (!violations.empty()) {
    const v1::Violation& first = violations.kept().front();
    const std::uint32_t line = first.line() > kFrameLines ? first.line() - kFrameLines : 0;
    return absl::InvalidArgumentError(fmt::format("line {}: {} {}", line, first.field(), first.reason()));
  }
  if (parsed.resources.size() != 1) return absl::InvalidArgumentError("holds more than one document; expected one map with `backends`");
  v1::Upstream upstream = parsed.resources.front().upstream();
  Backends out(upstream.backends().begin(), upstream.backends().end());
  upstream.clear_backends();
  if (upstream.ByteSizeLong() > 0) return absl::InvalidArgumentError("holds more than `backends`, which is all that the file decides");
  if (out.size() > switchyard::config::kMaxDiscovered) {
    return absl::InvalidArgumentError(fmt::format("lists {} backends; at most {}", out.size(), switchyard::config::kMaxDiscovered));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (absl::Status checked = CheckBackend(static_cast<int>(i), out[i]); !checked.ok()) return checked;
  }
  const std::size_t listed = out.size();
  Normalize(out);
  if (out.size() != listed) return absl::InvalidArgumentError("lists an address twice; addresses must differ");
  return out;
}

FileSource::FileSource(Loop& loop, std::string path, Found found) : loop_(loop), path_(std::move(path)), found_(std::move(found)) {
  status_.source = fmt::format("file {}", path_);
}

void FileSource::Start() {
  timer_ = loop_.After(Duration::zero(), [this] { Look(); });
}

void FileSource::Look() {
  timer_ = loop_.After(kEvery, [this] { Look(); });
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) {
    now = {};
    const std::string error = fmt::format("cannot be read: {}", std::strerror(errno));
    if (status_.answered && status_.error == error) return;
    seen_ = now;
    ++status_.failures;
    status_.error = error;
    if (!std::exchange(status_.answered, true)) found_(good_, /*changed=*/false);
    return;
  }
  if (status_.answered && SameFile(now, seen_)) return;
  seen_ = now;
  Read();
}

void FileSource::Read() {
  ++status_.looks;
  const bool first = !std::exchange(status_.answered, true);
  const absl::StatusOr<std::string> text = Load();
  absl::StatusOr<Backends> backends = text.ok() ? ParseBackendsFile(*text) : text.status();
  status_.error = backends.ok() ? "" : std::string(Message(backends.status()));
  if (!backends.ok()) ++status_.failures;
  // The first good list replaces what another source has found, even if it is empty.
  const bool changed = backends.ok() && (!had_good_ || !SameBackends(*backends, good_));
  if (changed) good_ = *std::move(backends);
  had_good_ = had_good_ || changed;
  status_.backends = good_.size();
  if (changed || first) found_(good_, changed);
}

absl::StatusOr<std::string> FileSource::Load() const {
  // Never waits: a pipe in place of a file is not read.
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return absl::UnavailableError(fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat facts {};
  const bool regular = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  std::string text(kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (regular && size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  ::close(fd);
  if (!regular) return absl::InvalidArgumentError("is not a regular file");
  if (size > kMaxBytes) return absl::InvalidArgumentError(fmt::format("is larger than {} bytes", kMaxBytes));
  text.resize(size);
  return text;
}

}  // namespace switchyard::agent::discovery
