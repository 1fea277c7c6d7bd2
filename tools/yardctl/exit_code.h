// Exit codes of yardctl: a promise to scripts. A code keeps its meaning for ever; new ones are added at the end.
#pragma once

namespace switchyard::tools::yardctl {

enum class ExitCode : int {
  kOk = 0,
  kRefused = 1,        // the controller (or `validate`) refused the input; nothing was changed
  kUsage = 2,          // the command line makes no sense
  kNotFound = 3,       // the resource, generation or token does not exist
  kConflict = 4,       // another writer was faster (see --expect), or something still refers to what is to go
  kNotConverged = 5,   // committed, but not (yet) live on every connected agent
  kUnreachable = 6,    // the controller did not answer in time
  kNotAuthorised = 7,  // no credential, or one that the controller does not accept
  kLocalFile = 8,      // a local file or directory cannot be read
  kController = 9,     // the controller failed: its disk, its store, a bug; nothing was changed
  kOutputLost = 10,    // done, but standard output did not take all of the result
};

}  // namespace switchyard::tools::yardctl
