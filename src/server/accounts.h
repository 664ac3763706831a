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
#include "server/principal.h"
#include "server/server_database.h"

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

enum class CredentialKind { kSession, kToken };

struct IssuedCredential {
  Credential credential;
  CredentialKind kind = CredentialKind::kSession;
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
  using Kind = CredentialKind;

  /// `database`, `clock` and what `people` refers to must outlive this.
  static Result<std::unique_ptr<Accounts>> Open(ServerDatabase& database, const Clock& clock,
                                                AccountOptions options, PersonLookup people);

  /// A new one-time token for the person of this workspace. Other processes of the same user may make them, too.
  Result<std::string> NewSignInToken();
  /// Begin a session with a one-time token, which is used up.
  ///
  /// Errors: kUnauthenticated SIGN_IN_TOKEN.
  Result<IssuedCredential> SignIn(std::string_view token, std::string_view agent);

  /// Who a secret belongs to; means is kNone if it is wrong or has expired, or the person is not there any more.
  Principal FindSession(std::string_view secret);
  Principal FindToken(std::string_view secret);

  /// A session that begins within a change of the database: Write() within it, Admit() when it is done.
  IssuedCredential PrepareSession(const std::string& user, std::string_view agent) const;
  static Status Write(SqliteConnection& database, const IssuedCredential& issued);
  void Admit(const IssuedCredential& issued);
  /// The same for the end of all that a person has, but for credential `except` and, unless `tokens`, API tokens.
  static Status Erase(SqliteConnection& database, const std::string& user, const std::string& except,
                      bool tokens);
  void Forget(const std::string& user, const std::string& except, bool tokens);

  Result<IssuedCredential> NewToken(const std::string& user, const std::string& name, Role scope,
                                    std::int64_t expires_ms);
  std::vector<Credential> List(Kind kind, const std::string& user);
  /// When each person's newest use of a credential was; who never came is not there.
  std::unordered_map<std::string, std::int64_t> LastSeen();
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

  Accounts(ServerDatabase& database, const Clock& clock, AccountOptions options, PersonLookup people)
      : database_(database), clock_(clock), options_(options), people_(std::move(people)) {}
  Status Load(SqliteConnection& database);
  Principal Find(Kind kind, std::string_view secret);
  Status Put(const IssuedCredential& issued);

  ServerDatabase& database_;
  const Clock& clock_;
  const AccountOptions options_;
  const PersonLookup people_;
  std::string workspace_word_;
  std::mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;  ///< by digest of the secret
  std::function<void(const std::string&)> told_;
};

/// The person of a local workspace: the user of this process.
Person LocalPerson();
/// Finds nobody but that one.
std::optional<Person> FindLocalPerson(const std::string& id);

}  // namespace easel
