# Language standard, warnings, hardening, sanitizers, compiler cache and linker: the same for every room.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(SWITCHYARD_TESTS "Build the tests" ON)
option(SWITCHYARD_FUZZ "Build libFuzzer targets (clang only)" OFF)
set(SWITCHYARD_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")
option(SWITCHYARD_COVERAGE "Instrument for line coverage" OFF)

# Off where one file is edited at a time, and in one build that is run regularly, so that each source goes on including what it needs.
option(SWITCHYARD_TOGETHER "Compile several sources of a room at once" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")

# Ours only: third-party code (llhttp) and generated code do not take these.
add_library(yard_warnings INTERFACE)
target_compile_options(yard_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers)
# gcc 12 at -O2 takes assigning a literal to a std::string for overlapping memory (gcc bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(yard_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()

# Hardening. _FORTIFY_SOURCE and the sanitizers exclude each other.
add_compile_options(-fstack-protector-strong -fcf-protection=full -fno-omit-frame-pointer)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
if(SWITCHYARD_SANITIZE)
  # gcc 12 sees strings run over their end where the sanitizer's own checks stand in between.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(yard_warnings INTERFACE -Wno-array-bounds -Wno-mismatched-new-delete -Wno-stringop-overflow)
  endif()
  add_compile_options(-fsanitize=${SWITCHYARD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SWITCHYARD_SANITIZE})
  if(SWITCHYARD_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not know bare fences. Asio's are not needed where its own mutexes order the handlers, which they do.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    add_compile_options(-Wno-tsan)
    # Debian's libprotobuf is built without it, and its headers lay maps out differently when this macro is there.
    add_compile_options(-U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
  endif()
else()
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2> $<$<CONFIG:Release>:_GLIBCXX_ASSERTIONS>)
endif()
if(SWITCHYARD_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(ccache_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${ccache_launcher})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
