#include "tests/harness/certificates.h"

#include <sstream>
#include <vector>

#include "tests/harness/process.h"

namespace switchyard::harness {
namespace {

std::vector<std::string> KeyArguments(const std::string& key) {
  if (key.starts_with("RSA:")) return {"-newkey", "rsa:" + key.substr(4)};
  if (key == "ED25519") return {"-newkey", "ed25519"};
  return {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + key};
}

absl::StatusOr<KeyedPem> Run(const TempDir& directory, const LeafForm& form, const KeyedPem* issuer) {
  std::string config = "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=" + form.name + "\n[ext]\n";
  config += form.ca ? "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                    : "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n";
  config += "subjectKeyIdentifier=hash\n";
  if (issuer != nullptr) config += "authorityKeyIdentifier=keyid\n";
  if (!form.alternative_names.empty() && !form.ca) config += "subjectAltName=" + form.alternative_names + "\n";
  KeyedPem out;
  out.chain_path = directory.Sub(form.name + ".pem");
  out.key_path = directory.Sub(form.name + ".key");
  std::vector<std::string> argv = {"/usr/bin/openssl", "req", "-x509", "-nodes", "-config", directory.Write(form.name + ".cnf", config),
                                   "-" + form.digest,  "-days", std::to_string(form.days), "-out", out.chain_path, "-keyout", out.key_path};
  for (std::string& argument : KeyArguments(form.key)) argv.push_back(std::move(argument));
  if (issuer != nullptr) {
    for (const std::string& argument : {std::string("-CA"), issuer->chain_path, std::string("-CAkey"), issuer->key_path}) argv.push_back(argument);
  }
  auto done = RunProgram({.argv = std::move(argv), .env = {}, .input = {}});
  if (!done.ok()) return done.status();
  if (done->exit.code != 0) return absl::InternalError("openssl: " + done->err);
  out.chain = ReadFile(out.chain_path);
  out.key = ReadFile(out.key_path);
  return out;
}

}  // namespace

absl::StatusOr<TestAuthority> TestAuthority::Make(const TempDir& directory, const std::string& name) {
  auto own = Run(directory, {.name = name, .alternative_names = {}, .ca = true}, nullptr);
  if (!own.ok()) return own.status();
  return TestAuthority(directory, *std::move(own));
}

absl::StatusOr<KeyedPem> TestAuthority::Issue(const LeafForm& form) const { return Run(*directory_, form, &own_); }

absl::StatusOr<TestAuthority> TestAuthority::IssueAuthority(const std::string& name) const {
  auto own = Run(*directory_, {.name = name, .alternative_names = {}, .ca = true}, &own_);
  if (!own.ok()) return own.status();
  return TestAuthority(*directory_, *std::move(own));
}

std::string YamlBlock(const std::string& text, int indent) {
  std::string out = "|\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += std::string(static_cast<std::size_t>(indent), ' ') + line + "\n";
  return out;
}

std::string SecretYaml(const std::string& name, const KeyedPem& certificate) {
  return "kind: Secret\nname: " + name + "\nspec:\n  certificate:\n    chain_pem: " + YamlBlock(certificate.chain, 6) +
         "    private_key_pem: " + YamlBlock(certificate.key, 6);
}

std::string CaYaml(const std::string& name, const std::string& pem) {
  return "kind: Secret\nname: " + name + "\nspec:\n  ca:\n    pem: " + YamlBlock(pem, 6);
}

}  // namespace switchyard::harness
