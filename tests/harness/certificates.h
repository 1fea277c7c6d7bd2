// Certificates for tests, made by the `openssl` program: authorities, leaves of any kind, and bad ones.
//
// Thread-safety: one thread per directory. Cost: about 10 ms each (RSA: up to 200 ms). Errors: a status with what openssl said.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::harness {

// PEM, and the files that hold it.
struct KeyedPem {
  std::string chain;
  std::string key;
  std::string chain_path;
  std::string key_path;
};

struct LeafForm {
  std::string name = "leaf";
  // As openssl writes them: `DNS:a.example,IP:127.0.0.1`. Empty: none.
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1";
  // `P-256`, `P-384`, `ED25519`, `RSA:2048`.
  std::string key = "P-256";
  std::string digest = "sha256";
  int days = 30;
  bool ca = false;
};

class TestAuthority {
 public:
  // A self-signed CA. `directory` outlives it.
  static absl::StatusOr<TestAuthority> Make(const TempDir& directory, const std::string& name);

  absl::StatusOr<KeyedPem> Issue(const LeafForm& form) const;
  // A CA below this one.
  absl::StatusOr<TestAuthority> IssueAuthority(const std::string& name) const;
  const KeyedPem& own() const { return own_; }

 private:
  TestAuthority(const TempDir& directory, KeyedPem own) : directory_(&directory), own_(std::move(own)) {}
  const TempDir* directory_;
  KeyedPem own_;
};

// A multi-line text as the value of a YAML field: `|`, and the lines indented.
std::string YamlBlock(const std::string& text, int indent);
// `kind: Secret` with a certificate, or with a CA.
std::string SecretYaml(const std::string& name, const KeyedPem& certificate);
std::string CaYaml(const std::string& name, const std::string& pem);

}  // namespace switchyard::harness
