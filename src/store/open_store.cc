#include "store/open_store.h"

#include <filesystem>

#include "blob/gcs_object_store.h"
#include "blob/local_object_store.h"
#include "gcp/credentials.h"

namespace easel {
namespace {

/// A bucket's store with all that it borrows, in the order in which they need each other.
struct Bucket {
  SystemClock clock;
  SystemSleeper sleeper;
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<gcp::RestClient> rest;
  std::unique_ptr<gcp::RestClient>
      own;  ///< with our own token, which signs for the account that the bucket is asked as
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<DirectAccess> direct;
};

/// Who signs: a key of our own, or the account that we may act as.
std::unique_ptr<gcp::UrlSigner> SignerOf(const gcp::Credentials& credentials, const std::string& impersonate,
                                         gcp::RestClient& own) {
  const bool is_other = !impersonate.empty() && impersonate != credentials.account;
  if (is_other) return gcp::MakeIamSigner(own, impersonate);
  return credentials.key ? gcp::MakeKeySigner(credentials.account, *credentials.key) : nullptr;
}

Result<OpenedStore> OpenBucket(GcsPlace place, const StoreOptions& options, const CallContext& context) {
  auto bucket = std::make_shared<Bucket>();
  EASEL_TRY(bucket->http, MakeHttpClient());
  const gcp::Environment environment = gcp::ProcessEnvironment();
  EASEL_TRY(const auto listed, gcp::ParseEndpointList(options.endpoints));
  EASEL_TRY(const gcp::Endpoints endpoints, gcp::Endpoints::From(listed, environment));
  if (!options.impersonate.empty())
    EASEL_RETURN_IF_ERROR(gcp::CheckServiceAccount(options.impersonate, "gcp.impersonate"));
  EASEL_TRY(gcp::RestOptions rest_options, gcp::RestOptionsFrom({}, environment));
  const gcp::Google google{*bucket->http, bucket->clock, bucket->sleeper, endpoints, rest_options.retry};
  EASEL_TRY(const gcp::Credentials credentials,
            gcp::FindCredentials(google, {.access_token_file = options.access_token_file}));
  rest_options.quota_project = credentials.quota_project;
  auto tokens = options.impersonate.empty() ? credentials.tokens
                                            : gcp::Impersonate(google, credentials, options.impersonate);
  bucket->rest = std::make_unique<gcp::RestClient>(*bucket->http, std::move(tokens), endpoints, bucket->clock,
                                                   bucket->sleeper, rest_options);
  EASEL_RETURN_IF_ERROR(CheckBucket(*bucket->rest, place, context));
  rest_options.retry.deadline = std::chrono::seconds(10);  // people wait for a signature
  bucket->own = std::make_unique<gcp::RestClient>(*bucket->http, credentials.tokens, endpoints, bucket->clock,
                                                  bucket->sleeper, rest_options);
  OpenedStore out;
  if (auto signer = SignerOf(credentials, options.impersonate, *bucket->own)) {
    bucket->direct =
        MakeGcsDirectAccess(*bucket->rest, *bucket->http, bucket->clock, place, std::move(signer));
    out.direct = std::shared_ptr<DirectAccess>(bucket, bucket->direct.get());
  } else {
    out.why_not_direct =
        "files go to and from " + place.Name() +
        " through this server: nothing signs addresses for browsers. Name the app account in "
        "`gcp.impersonate`, or use the key of a service account";
  }
  bucket->store = MakeGcsObjectStore(*bucket->rest, std::move(place));
  out.store = std::shared_ptr<ObjectStore>(bucket, bucket->store.get());
  return out;
}

}  // namespace

Result<OpenedStore> OpenStore(const std::string& address, const StoreOptions& options,
                              const CallContext& context) {
  if (!address.starts_with('/') && !address.starts_with("./") && !address.starts_with("../")) {
    EASEL_TRY(GcsPlace place, ParseGcsUrl(address));
    return OpenBucket(std::move(place), options, context);
  }
  std::error_code error;
  const std::string folder = std::filesystem::absolute(address, error).lexically_normal().string();
  EASEL_TRY(std::unique_ptr<ObjectStore> store, OpenLocalObjectStore(folder));
  return OpenedStore{.store = std::move(store), .direct = nullptr, .why_not_direct = {}};
}

Result<std::shared_ptr<ObjectStore>> OpenObjectStore(const std::string& address, const StoreOptions& options,
                                                     const CallContext& context) {
  EASEL_TRY(OpenedStore opened, OpenStore(address, options, context));
  return std::move(opened.store);
}

}  // namespace easel
