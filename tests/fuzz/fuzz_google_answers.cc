// Credential files, tokens and refusals as anybody may write them: any bytes are read or refused with a reason.
#include <cstdint>
#include <cstdlib>

#include "gcp/credential_file.h"
#include "gcp/log_entry.h"
#include "gcp/token_request.h"

namespace {

void Sound(const easel::Error& error) {
  if (error.reason.empty() || error.message.empty()) std::abort();
}

/// A token goes into a header: nothing in it may end that.
void Sound(const easel::gcp::AccessToken& token) {
  if (token.value.empty() || token.value.find_first_of(" \r\n") != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto file = easel::gcp::ParseCredentialFile(text, "f"); !file) Sound(file.error());
  const auto token = easel::gcp::ParseTokenAnswer(text, 0);
  token ? Sound(*token) : Sound(token.error());
  const auto impersonated = easel::gcp::ParseImpersonationAnswer(text);
  impersonated ? Sound(*impersonated) : Sound(impersonated.error());
  if (const auto parsed = easel::ParseJson(text, "page"))
    if (const auto page = easel::gcp::ParseLogPage(*parsed); !page) Sound(page.error());
  Sound(easel::gcp::ErrorOfAnswer({.status = size % 2 == 0 ? 400 : 503, .body = text}, "GET /x"));
  return 0;
}
