// Who may come in: sessions of browsers, one-time tokens that begin them, and API tokens, in `server.db`.
//
// Secrets are handed out once and kept as SHA-256 only; they have 160 random bits, so that a plain digest is enough.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "metadata/sqlite_connection.h"
#include "server/principal.h"

namespace easel {

struct AccountOptions {
  std::int64_t session_ms = std::int64_t{30} * 24 * 3600 * 1000;  ///< from the sign-in on
  std::int64_t sign_in_ms = std::int64_t{3600} * 1000;            ///< how long a printed token is good
};

/// A session or an API token, without its secret.
struct Credential {
  std::string id;
  std::string user;
  std::string name;  ///< of a token: as it was given; of a session: the browser's words about itself
  Role scope = Role::kOwner;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t used_ms = 0;  ///< 0: never
};

struct IssuedCredential {
  Credential credential;
  std::string secret;  ///< the only time that it is there
};

/// What was answered to a request with an idempotency key.
struct KeptAnswer {
  std::int64_t status = 0;
  std::string body;
};

/// Thread-safe. FindSession and FindToken only look into memory; everything else may wait for the disk.
class Accounts {
 public:
  enum class Kind { kSession, kToken };

  /// Open (or make) `folder`/server.db. `clock` must outlive this.
  ///
  /// Errors: kDataLoss, kPermissionDenied and others as SQLite gives them; kFailedPrecondition DATABASE_NEWER.
  static Result<std::unique_ptr<Accounts>> Open(const std::string& folder, const Clock& clock,
                                                AccountOptions options = {});

  /// A new one-time token for the person of this workspace. Other processes of the same user may make them, too.
  Result<std::string> NewSignInToken();
  /// Begin a session with a one-time token, which is used up.
  ///
  /// Errors: kUnauthenticated SIGN_IN_TOKEN.
  Result<IssuedCredential> SignIn(std::string_view token, std::string_view agent);

  /// Who a secret belongs to; means is kNone if it is wrong or has expired.
  Principal FindSession(std::string_view secret);
  Principal FindToken(std::string_view secret);

  Result<IssuedCredential> NewToken(const std::string& user, const std::string& name, Role scope,
                                    std::int64_t expires_ms);
  std::vector<Credential> List(Kind kind, const std::string& user);
  /// End a session or token. WebSockets that it opened are ended by whoever was told by OnEnd.
  ///
  /// Errors: kNotFound CREDENTIAL_UNKNOWN.
  Status End(Kind kind, const std::string& user, const std::string& id);
  /// Call `told` with the id of each credential that ends from now on.
  void OnEnd(std::function<void(const std::string& credential)> told);

  /// The answer that was kept for this key within a day.
  Result<std::optional<KeptAnswer>> FindAnswer(const std::string& user, const std::string& key,
                                               const std::string& route);
  Status KeepAnswer(const std::string& user, const std::string& key, const std::string& route,
                    const KeptAnswer& answer);

  /// Write down when credentials were used, and forget what has expired.
  Status Tidy();

  /// A word that stays the same for this workspace and differs between workspaces: names its cookie, because browsers keep
  /// cookies by host only and several servers may share 127.0.0.1.
  const std::string& workspace_word() const { return workspace_word_; }

 private:
  struct Kept {
    Credential credential;
    Kind kind = Kind::kSession;
    bool dirty = false;  ///< used_ms is newer here than on disk
  };

  Accounts(std::unique_ptr<SqliteConnection> database, const Clock& clock, AccountOptions options)
      : database_(std::move(database)), clock_(clock), options_(options) {}
  Status Load();
  Principal Find(Kind kind, std::string_view secret);
  Status Put(Kind kind, const std::string& digest, const Credential& credential);

  std::mutex database_mutex_;
  std::unique_ptr<SqliteConnection> database_;
  const Clock& clock_;
  const AccountOptions options_;
  std::string workspace_word_;
  std::mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;  ///< by digest of the secret
  std::function<void(const std::string&)> told_;
};

/// The person of a local workspace: the user of this process.
Principal LocalPerson();

}  // namespace easel
