// A lock: every package of an environment with its exact version and the hashes of its files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

struct LockedPackage {
  std::string name;     ///< normalised: lower case, '-' for '_' and '.'
  std::string version;  ///< empty for a direct reference (name @ URL)
  std::string line;     ///< the whole requirement on one line: specifier, marker, hashes sorted
};

/// The content of a `requirements.lock`, in pip's requirements format, as uv writes it.
struct Lock {
  std::string python_minor;  ///< from the header; empty if there is none
  std::string platform;      ///< uv's word, e.g. "x86_64-manylinux_2_28"
  std::string spec_digest;   ///< of the requirements it was made from
  std::vector<LockedPackage> packages;
};

/// Read a lock. `where` names it in errors.
///
/// Errors: kInvalidArgument LOCK_MALFORMED with file and line: a package without exact version or without a hash.
Result<Lock> ParseLock(std::string_view text, const std::string& where);

/// The first line of a lock that we write; ParseLock reads it back.
std::string LockHeader(const Lock& lock);

/// What names an environment: digest of the packages (in any order), the Python minor and the platform.
std::string EnvironmentDigest(const Lock& lock, std::string_view python_minor, std::string_view platform);

/// The digest of a requirements file together with the files that it includes by -r and -c.
///
/// Errors: as reading gives them; kInvalidArgument REQUIREMENTS_TOO_DEEP when includes nest more than 8 levels.
Result<std::string> SpecDigest(const std::string& path);

/// A package's name as the package index compares it: "Scikit_Learn" -> "scikit-learn".
std::string NormalizePackageName(std::string_view name);

}  // namespace easel
