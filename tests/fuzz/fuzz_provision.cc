// What provisioning reads from outside: its record in the bucket, a file of options, a cluster's description, the
// settings of an organization.
#include <cstdint>
#include <cstdlib>

#include "gcp/provision/desired.h"
#include "gcp/provision/record.h"
#include "gcp/provision/self_hosting.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto record = easel::ParseRecord(text, "record")) {
    const auto again = easel::ParseRecord(easel::RecordText(*record), "again");
    if (!again || *again != *record) std::abort();
  }
  easel::ProvisionOptions options;
  if (easel::ReadOptionsFile(text, "options", options)) (void)easel::CheckOptions(options);
  if (const auto cluster = easel::ParseJson(text, "cluster"); cluster && cluster->is_object())
    (void)easel::ReadClusterFacts(options, cluster->get_object(), "1");
  if (const auto settings = easel::ReadSelfHostingYaml(text)) {
    if (easel::CheckSelfHosting(*settings).empty())
      (void)easel::MakeDesired(easel::OptionsOf(*settings), nullptr);
    const auto again = easel::ReadSelfHostingJson(easel::SelfHostingJson(*settings), "again");
    if (!again || *again != *settings) std::abort();
  }
  (void)easel::CheckClusterSecrets(text, text);
  (void)easel::AccountOfClusterToken(text);
  return 0;
}
