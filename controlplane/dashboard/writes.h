// Writes: every POST below /api/ that changes something, through the same desk and the same rooms as the API.
//
// The caller has checked session, role and CSRF token. Changes wait their turn in the queue of changes; all else runs in that of calls. A full
// queue answers RESOURCE_EXHAUSTED.
// Thread-safety: every method from any thread; `reply` is called from a queue's thread. Bounds: as the API; texts of YAML come within the
// server's bound on bodies.
#pragma once

#include <string>
#include <string_view>

#include "controlplane/dashboard/exchange.h"
#include "controlplane/dashboard/parts.h"
#include "controlplane/dashboard/reads.h"

namespace switchyard::controlplane::dashboard {

class Writes {
 public:
  // Both outlive it.
  Writes(const Parts& parts, Reads& reads) : parts_(parts), reads_(reads) {}

  // As Reads::LevelOf.
  static int LevelOf(std::string_view path);
  // `who`: name on the session's credential.
  void Write(const std::string& path, const Form& form, const std::string& who, Reply reply);

 private:
  Response Apply(const Form& form, const std::string& who);
  Response Rollback(const Form& form, const std::string& who);
  Response CreateToken(const Form& form, const std::string& who);
  Response RevokeToken(const Form& form, const std::string& who);
  Response CreateCredential(const Form& form, const std::string& who);
  Response RevokeCredential(const Form& form, const std::string& who);

  const Parts& parts_;
  Reads& reads_;
};

}  // namespace switchyard::controlplane::dashboard
