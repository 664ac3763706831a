// The per-user folder where executors and engines find each other: socket, lock and log.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// $EASEL_RUNTIME_DIR, else $XDG_RUNTIME_DIR/easel, else /tmp/easel-<uid>. Made with mode 0700 when it is missing.
///
/// Errors: kPermissionDenied RUNTIME_FOLDER_FOREIGN (another user owns it, or others may enter it); as mkdir gives them.
Result<std::string> RuntimeFolder();

std::string SocketPath(const std::string& folder);
std::string ExecutorLogPath(const std::string& folder);

/// Be the only executor of the folder for as long as the descriptor is open.
///
/// Errors: kAlreadyExists EXECUTOR_RUNNING.
Result<UniqueFd> LockFolder(const std::string& folder);

/// Listen on the folder's socket; the name appears only when connections are accepted. Needs the lock. Folders whose
/// names are too long for a socket address work, too.
Result<UniqueFd> ListenInFolder(const std::string& folder);

/// Errors: kNotFound or kUnavailable (nobody listens).
Result<UniqueFd> ConnectInFolder(const std::string& folder);

/// Folder with easel_runtime/: $EASEL_RUNTIME, else searched upward from the running binary.
///
/// Errors: kNotFound RUNTIME_MISSING.
Result<std::string> FindRuntime();

/// The library that records which files native code opens: $EASEL_SHIM, else libeasel_trace.so in the
/// runtime; empty when there is none.
std::string FindShim(const std::string& runtime);

/// A digest that changes whenever the running binary or the runtime's files do.
std::string BuildId(const std::string& runtime);

}  // namespace easel
