// The environments of a canvas: which one a name means, and making it usable.
#pragma once

#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "environment/options.h"

namespace easel {

/// A Python with an exact set of packages.
///
/// Life cycle: a name whose lock is missing or older than its requirements has no digest yet (`locked` false); with a
/// lock it has a digest; when the venv stands it is `ready`. PrepareEnvironment goes all the way.
struct Environment {
  std::string name;
  std::string digest;  ///< of packages, Python minor and platform; enters keys; empty while not `locked`
  std::string python;  ///< absolute path of the venv's python
  std::string python_minor;          ///< "3.11"
  std::string platform;              ///< "linux-x86_64"
  std::string folder;                ///< the venv
  std::vector<std::string> preload;  ///< modules that are safe to import before a fork, in order
  bool preload_chosen = false;       ///< a person chose them, in preload.txt
  std::string spec_path;             ///< the requirements a person edits
  std::string lock_path;
  bool locked = false;
  bool ready = false;
};

/// What `name` means for the canvas at `canvas_root`, from files alone and in a millisecond: the canvas's
/// `environments/<name>/requirements.txt` with `requirements.lock` beside it, else what ships with Easel.
/// An empty `canvas_root` means the shipped ones only. `environments/<name>/preload.txt` names the modules to preload; otherwise numpy, pandas and pyarrow where locked.
///
/// Errors: kNotFound UNKNOWN_ENVIRONMENT with the names there are; kInvalidArgument BAD_ENVIRONMENT_NAME, LOCK_MALFORMED,
///         BAD_PRELOAD; kFailedPrecondition for the interpreter (interpreter.h).
Result<Environment> ResolveEnvironment(const EnvironmentOptions& options, const std::string& canvas_root,
                                       const std::string& name);

/// Add to `environment.preload` what blocks import of packages that are known to be safe to import before a fork, so that
/// no block imports them again; nothing if a person chose the list. What `files_folder` has a module of the same name of
/// is left out: blocks may mean that one.
void PreloadImports(Environment& environment, const std::set<std::string>& imports,
                    const std::string& files_folder);

/// Resolve, then lock and build the venv where that is still to do. `progress` gets a line now and then, from the
/// calling thread. Two processes at once: one works, the other waits and uses the result. Whatever interrupts it, the
/// next call begins cleanly.
///
/// Errors: as ResolveEnvironment; kFailedPrecondition UV_MISSING, RESOLUTION_FAILED and INSTALL_FAILED with uv's own
///         words; kCancelled ENVIRONMENT_CANCELLED when `stop` was requested; those of the file system.
Result<Environment> PrepareEnvironment(const EnvironmentOptions& options, const std::string& canvas_root,
                                       const std::string& name,
                                       const std::function<void(std::string_view)>& progress = {},
                                       std::stop_token stop = {});

/// The names that the canvas may use, sorted: its own and the shipped ones.
std::vector<std::string> EnvironmentNames(const EnvironmentOptions& options, const std::string& canvas_root);

}  // namespace easel
