// How anything that can fail says so: Result<T> carries a value or an Error with one of the 16 canonical codes.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace easel {

/// The canonical codes. Source: google.rpc.Code.
enum class Code {
  kCancelled = 1,
  kUnknown,
  kInvalidArgument,
  kDeadlineExceeded,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kResourceExhausted,
  kFailedPrecondition,
  kAborted,
  kOutOfRange,
  kUnimplemented,
  kInternal,
  kUnavailable,
  kDataLoss,
  kUnauthenticated,
};

std::string_view CodeName(Code code);

/// A failure. `reason` is a stable upper-case word for programs (`BLOCK_CYCLE`), `message` is for the person who reads
/// it and says what happened, where, and what to do next.
struct [[nodiscard]] Error {
  Code code = Code::kUnknown;
  std::string reason;
  std::string message;

  /// "message" alone, as a person reads it.
  const std::string& ToString() const { return message; }
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> Fail(Code code, std::string reason, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(reason), std::move(message)});
}

/// An Error for a failed system call: maps errno to a code and appends its text, e.g. "open /x: No such file".
std::unexpected<Error> FailErrno(std::string_view what, int error_number);

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace easel

/// A condition that we can prove; its failure is a bug and ends the process.
#define EASEL_CHECK(condition) ((condition) ? (void)0 : ::easel::CheckFailed(#condition, __FILE__, __LINE__))

#define EASEL_CONCAT_INNER(a, b) a##b
#define EASEL_CONCAT(a, b) EASEL_CONCAT_INNER(a, b)

/// `EASEL_TRY(auto x, F());` declares x with the value of a Result, or returns its Error.
#define EASEL_TRY(declaration, expression) \
  EASEL_TRY_INNER(declaration, expression, EASEL_CONCAT(try_result_, __LINE__))
#define EASEL_TRY_INNER(declaration, expression, temporary)                         \
  auto temporary = (expression);                                                    \
  if (!temporary.has_value()) return std::unexpected(std::move(temporary).error()); \
  declaration = std::move(temporary).value()

/// Return the Error of a Status, if it has one.
#define EASEL_RETURN_IF_ERROR(expression)                                                   \
  do {                                                                                      \
    auto easel_status = (expression);                                                       \
    if (!easel_status.has_value()) return std::unexpected(std::move(easel_status).error()); \
  } while (false)
