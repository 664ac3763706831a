// A Python interpreter as far as environments care: which minor version it is, and for which platform.
#pragma once

#include <string>

#include "base/error.h"

namespace easel {

struct InterpreterInfo {
  std::string python;          ///< path as given
  std::string minor;           ///< "3.11"
  std::string platform;        ///< "linux-x86_64"
  std::string wheel_platform;  ///< uv's word: "x86_64-manylinux_2_28"
};

/// Describe `python`. Its file name tells the minor on every ordinary system; any other is asked once, and the answer is
/// kept below `cache_folder` until the file changes.
///
/// Errors: kFailedPrecondition PYTHON_MISSING, PYTHON_UNUSABLE, PYTHON_TOO_OLD (before 3.11); kUnimplemented for a
///         machine other than x86_64 and aarch64.
Result<InterpreterInfo> DescribeInterpreter(const std::string& python, const std::string& cache_folder);

}  // namespace easel
