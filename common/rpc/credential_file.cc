#include "common/rpc/credential_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "common/base/status.h"
#include "common/tls/certificate.h"
#include "common/tls/key_pair.h"
#include "common/tls/private_file.h"

namespace switchyard::rpc {
namespace {

constexpr std::string_view kVersionLine = "switchyard-credential: 1";

// The text line by line, with numbers for messages.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // The next line without its end; nothing at the end of the text.
  std::optional<std::string_view> Next() {
    if (rest_.empty()) return std::nullopt;
    const std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++number_;
    return line;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

absl::Status Bad(int line, std::string_view what) { return absl::InvalidArgumentError(fmt::format("credential, line {}: {}", line, what)); }

bool Skippable(std::string_view line) { return line.empty() || line.front() == '#'; }

std::string* PartOf(Credential& credential, std::string_view name) {
  if (name == "address") return &credential.address;
  if (name == "server-name") return &credential.server_name;
  if (name == "ca") return &credential.ca_pem;
  if (name == "certificate") return &credential.certificate_pem;
  if (name == "key") return &credential.key_pem;
  return nullptr;
}

// One line of the text, given the PEM part that the reader is in; returns the part to go on with.
absl::StatusOr<std::string*> TakeLine(Credential& credential, std::string_view line, int number, std::string* pem) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string* const part = colon == std::string_view::npos ? nullptr : PartOf(credential, name);
  if (part == nullptr && pem != nullptr) {
    *pem += line;
    *pem += '\n';
    return pem;
  }
  // What is there instead is not quoted: it may be a piece of a key.
  if (part == nullptr) return Bad(number, "expected one of address, server-name, ca, certificate, key");
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  const bool is_pem = name == "ca" || name == "certificate" || name == "key";
  if (is_pem != value.empty()) return Bad(number, is_pem ? "expected PEM on the lines below" : "expected a value");
  if (!part->empty() && name != "server-name") return Bad(number, "a part stands here twice");
  *part = std::string(value);
  return is_pem ? part : nullptr;
}

absl::Status CheckWhole(const Credential& credential) {
  const std::size_t colon = credential.address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == credential.address.size()) {
    return absl::InvalidArgumentError("credential: expected `address: host:port`");
  }
  if (auto ca = tls::Certificate::ChainFromPem(credential.ca_pem); !ca.ok()) return Annotate(ca.status(), "credential, part ca");
  const auto leaf = tls::Certificate::FromPem(credential.certificate_pem);
  if (!leaf.ok()) return Annotate(leaf.status(), "credential, part certificate");
  const auto key = tls::KeyPair::FromPem(credential.key_pem);
  if (!key.ok()) return Annotate(key.status(), "credential, part key");
  if (key->PublicKeyDer() != leaf->PublicKeyDer())
    return absl::InvalidArgumentError("credential: the key does not belong to the certificate");
  return absl::OkStatus();
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string StateDirectoryOfUser() {
  const std::string state = Variable("XDG_STATE_HOME");
  return (state.empty() ? Variable("HOME") + "/.local/state" : state) + "/switchyard/controller";
}

constexpr std::string_view kFileName = "/admin.credential";
constexpr std::string_view kSystemDirectory = "/var/lib/switchyard/controller";

}  // namespace

std::string FormatCredential(const Credential& credential) {
  return fmt::format(
      "# Switchyard admin credential. Whoever holds this file may change the fleet: keep it private (mode 0600).\n"
      "{}\naddress: {}\nserver-name: {}\nca:\n{}certificate:\n{}key:\n{}",
      kVersionLine, credential.address, credential.server_name, credential.ca_pem, credential.certificate_pem, credential.key_pem);
}

absl::StatusOr<Credential> ParseCredential(std::string_view text) {
  if (text.size() > kMaxCredentialBytes) return absl::InvalidArgumentError("credential: larger than 64 KiB");
  Lines lines(text);
  std::optional<std::string_view> line = lines.Next();
  while (line.has_value() && Skippable(*line)) line = lines.Next();
  if (line != kVersionLine) return Bad(lines.number(), fmt::format("expected \"{}\": is this an admin credential?", kVersionLine));
  Credential credential;
  std::string* pem = nullptr;
  while ((line = lines.Next()).has_value()) {
    if (Skippable(*line)) continue;
    auto next = TakeLine(credential, *line, lines.number(), pem);
    if (!next.ok()) return next.status();
    pem = *next;
  }
  if (auto whole = CheckWhole(credential); !whole.ok()) return whole;
  return credential;
}

absl::StatusOr<Credential> LoadCredential(const std::string& path) {
  auto text = tls::ReadPrivateFile(path, kMaxCredentialBytes);
  if (!text.ok()) return text.status();
  auto credential = ParseCredential(*text);
  if (!credential.ok()) return Annotate(credential.status(), path);
  return credential;
}

absl::Status SaveCredential(const std::string& path, const Credential& credential) {
  return tls::WritePrivateFile(path, FormatCredential(credential));
}

std::string DefaultControllerDirectory() { return ::geteuid() == 0 ? std::string(kSystemDirectory) : StateDirectoryOfUser(); }

CredentialPlaces SystemCredentialPlaces(std::string flag) {
  CredentialPlaces places;
  places.flag = std::move(flag);
  places.environment = Variable("YARDCTL_CREDENTIAL");
  const std::string home = Variable("HOME");
  const std::string config = Variable("XDG_CONFIG_HOME");
  if (!config.empty()) places.defaults.push_back(config + "/switchyard/credential");
  if (!home.empty()) places.defaults.push_back(home + "/.config/switchyard/credential");
  if (::geteuid() == 0) places.defaults.push_back(std::string(kSystemDirectory) + std::string(kFileName));
  if (!home.empty()) places.defaults.push_back(StateDirectoryOfUser() + std::string(kFileName));
  return places;
}

absl::StatusOr<std::string> FindCredential(const CredentialPlaces& places) {
  if (!places.flag.empty()) return places.flag;
  if (!places.environment.empty()) return places.environment;
  std::string tried;
  for (const std::string& path : places.defaults) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0) return path;
    tried += fmt::format("\n  {}", path);
  }
  return absl::NotFoundError(fmt::format(
      "no admin credential found. Looked at:{}\nOn the controller's machine, run this as the user of the controller, who has it in "
      "its data directory. Elsewhere, copy that file here with mode 0600 and name it with --credential or $YARDCTL_CREDENTIAL.",
      tried));
}

}  // namespace switchyard::rpc
