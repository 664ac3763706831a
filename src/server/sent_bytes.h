// Which bytes of an upload a request brings, as Cloud Storage has it said.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "http/message.h"

namespace easel {

struct SentBytes {
  std::int64_t first = 0;  ///< where the body begins
  std::int64_t total = 0;  ///< of the whole upload
};

/// `Content-Range: bytes 0-9/20`, of just the bytes of the body; `bytes */20` without a body, a question; or none: the body is
/// all of it.
///
/// Errors: kInvalidArgument BAD_PARAMETER. Source: Cloud Storage "Resumable uploads".
Result<SentBytes> SentBytesOf(const HttpRequest& request);

}  // namespace easel
