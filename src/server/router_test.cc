#include "server/router.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

template <typename R>
concept RoutesWithoutAccess = requires(R& router, Handler handler) { router.Add("GET", "/x", handler); };
template <typename R>
concept LateRoutesWithoutAccess =
    requires(R& router, LateHandler handler) { router.AddLate("GET", "/x", handler); };
template <typename R>
concept TopicsWithoutAccess = requires(R& router, SocketHandler handler) { router.AddSocket("/x", handler); };
template <typename R>
concept RoutesWithAccess =
    requires(R& router, Handler handler) { router.template Add<Access::kPublic>("GET", "/x", handler); };
// A route or topic that does not say who may use it does not compile; with it, it does.
static_assert(!RoutesWithoutAccess<Router> && !LateRoutesWithoutAccess<Router> &&
              !TopicsWithoutAccess<Router>);
static_assert(RoutesWithAccess<Router>);

Result<HttpResponse> Nothing(const Call&) { return HttpResponse{}; }

TEST(FindingARoute, TakesTheOneWithFewerParameters) {
  Router router;
  router.Add<Access::kViewer>("GET", "/c/{canvas}/{what}", Nothing);
  router.Add<Access::kEditor>("GET", "/c/{canvas}/files", Nothing);
  EXPECT_EQ(router.Find("GET", {"c", "a", "files"}).route->access, Access::kEditor);
  const Router::Match other = router.Find("HEAD", {"c", "a b", "x"});
  ASSERT_NE(other.route, nullptr);
  EXPECT_EQ(other.route->access, Access::kViewer);
  EXPECT_EQ(other.parameters,
            (std::vector<std::pair<std::string, std::string>>{{"canvas", "a b"}, {"what", "x"}}));
}

TEST(FindingARoute, SaysWhichMethodsAPathHasAndGivesPagesToOtherPaths) {
  Router router;
  router.Add<Access::kSignedIn>("POST", "/api/v1/x", Nothing);
  router.AddSocket<Access::kSignedIn>("/api/v1/x", nullptr);
  router.SetPages<Access::kPublic>(Nothing);
  EXPECT_EQ(router.Find("DELETE", {"api", "v1", "x"}).methods, std::vector<std::string>{"POST"});
  EXPECT_EQ(router.Find("GET", {"api", "v1", "y"}).route, nullptr);
  ASSERT_NE(router.Find("GET", {"c", "churn"}).route, nullptr);
  EXPECT_EQ(router.Find("POST", {"c", "churn"}).route, nullptr);
  EXPECT_EQ(router.Find("WEBSOCKET", {"api", "v1", "x"}).route->method, "WEBSOCKET");
}

}  // namespace
}  // namespace easel
