// SocketOptions: what the kernel is asked to do for a TCP connection, in the kernel's own units.
//
// Thread-safety: a value. Cost of Set: a system call per option that is asked for. Errors: an option that the kernel refuses is left as it was.
// Source: tcp(7); TCP_USER_TIMEOUT: RFC 5482.
#pragma once

namespace switchyard::agent::loop {

struct SocketOptions {
  int keepalive_idle_s = 0;  // 0: no keepalive
  int keepalive_interval_s = 0;
  int keepalive_count = 0;
  int user_timeout_ms = 0;  // 0: the kernel's

  void Set(int fd) const;
};

}  // namespace switchyard::agent::loop
