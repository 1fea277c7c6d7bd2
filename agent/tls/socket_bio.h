// A BIO on a non-blocking socket by recv and send. OpenSSL's own writes without MSG_NOSIGNAL, which lets a peer that is gone end the process.
//
// For this folder only. Thread-safety: one BIO belongs to one worker.
#pragma once

#include <string>

#include "common/tls/openssl_types.h"

namespace switchyard::agent::tls {

// What the two ends of a connection have in common. Lives as long as the BIO.
struct SocketBio {
  int fd = -1;
  // The first byte that ever came; 0: none yet. A TLS record begins with 0x16, plain HTTP with a letter.
  unsigned char first = 0;
  // The peer ended its direction.
  bool ended = false;
  // The last read got less than it asked for.
  bool emptied = false;
  // More is written at once: the kernel is to send both together.
  bool more = false;
  // What is written is held back, to leave with what is written next or before the next wait for the peer.
  bool holding = false;
  std::string held;

  // False: some of what is held has not gone.
  bool Flush();
};

// Null: out of memory.
switchyard::tls::Bio MakeSocketBio(SocketBio& socket);

}  // namespace switchyard::agent::tls
