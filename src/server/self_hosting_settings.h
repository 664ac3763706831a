// The organization's place on Google Cloud as the settings page keeps it, and the secrets of its cluster, which are sealed on the
// disk and never handed out by the API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/seal.h"
#include "gcp/provision/self_hosting.h"
#include "server/audit_log.h"
#include "server/server_database.h"

namespace easel {

/// What is kept, secrets left out: of them only since when each is set.
struct KeptSelfHosting {
  std::optional<SelfHosting> settings;
  std::int64_t changed_ms = 0;
  std::string changed_by;  ///< name, as it was then
  std::optional<std::int64_t> token_ms, authority_ms;
};

/// Secrets in the clear: for asking the cluster, not for answers.
struct ClusterSecrets {
  std::string token;
  std::string authority;  ///< PEM
};

/// How the secrets change: absent stays, "" is removed.
struct ClusterSecretChange {
  std::optional<std::string> token, authority;
};

/// Thread-safe.
class SelfHostingSettings {
 public:
  /// `key_file` is made if it is not there. `audit` gets what changes; nullptr: there is no log.
  SelfHostingSettings(ServerDatabase& database, const Clock& clock, std::string key_file, AuditLog* audit)
      : database_(database), clock_(clock), key_file_(std::move(key_file)), audit_(audit) {}

  Result<KeptSelfHosting> Read();
  /// Keep settings that are checked already. Without a box about a cluster its secrets go, too.
  ///
  /// Errors: those of SealingKey::OpenOrMake; those of the database.
  Status Write(const Actor& actor, const SelfHosting& settings, const ClusterSecretChange& change);
  /// Errors: kDataLoss SEAL_BROKEN, saying to set them anew; those of SealingKey::OpenOrMake.
  Result<ClusterSecrets> Secrets();

 private:
  Result<KeptSelfHosting> ReadIn(SqliteConnection& database);

  ServerDatabase& database_;
  const Clock& clock_;
  const std::string key_file_;
  AuditLog* const audit_;
};

}  // namespace easel
