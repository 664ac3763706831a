# Precompiled headers for the builds with clang, which begin anew in CI (docs/decisions/0015-precompiled-headers.md): reading
# the standard library, Boost.JSON and GoogleTest was more than half of what a file cost. Only what is not ours is in them,
# so that no edit of ours makes one anew. The other builds have none: they tell of a file that forgot what it includes.
#
# A precompiled header serves those compiled with the same flags, so there are four: of libraries, of libraries that are
# optimised nevertheless, of the table module, and of tests. The first target of each kind builds it, the others borrow.
# A build folder that was begun without them goes on without: nothing in it is compiled again.
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT EXISTS ${CMAKE_BINARY_DIR}/build.ninja)
  set(easel_prefix_default ON)
else()
  set(easel_prefix_default OFF)
endif()
option(EASEL_PREFIX "Precompiled headers" ${easel_prefix_default})

if(EASEL_PREFIX)
  if(CCACHE)  # as its manual asks for; headers of 130 MB are digested once, not for each file
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_INODECACHE=true CCACHE_DEPEND=true ${CCACHE})
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()

set(easel_prefix_library
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <cstdlib> <cstring> <deque> <expected> <filesystem> <functional> <map>
  <memory> <mutex> <optional> <set> <span> <stop_token> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <boost/json.hpp>)
set(easel_prefix_optimized ${easel_prefix_library})
set(easel_prefix_table <algorithm> <cstdint> <memory> <optional> <string> <string_view> <vector> <arrow/api.h>)
set(easel_prefix_test ${easel_prefix_library} <gtest/gtest.h>)

function(easel_prefix target kind)
  if(NOT EASEL_PREFIX)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY easel_prefix_${kind}_owner)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE ${easel_prefix_${kind}})
    set_property(GLOBAL PROPERTY easel_prefix_${kind}_owner ${target})
  endif()
endfunction()
