# Every third-party library, found once. All are Debian 12 packages; tools/install-deps names them.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(CURL 7.84 REQUIRED)

# llhttp: Debian ships its C source and header in the package node-llhttp.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp /usr/include/llhttp NO_DEFAULT_PATH REQUIRED)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp REQUIRED)
add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
target_compile_options(llhttp PRIVATE -w)
# Strict mode refuses white space before a colon and bare CR; it is off unless asked for.
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)

# nghttp2: the peer that tests compare our HTTP/2 with; no program of ours uses it.
find_path(NGHTTP2_INCLUDE_DIR nghttp2/nghttp2.h REQUIRED)
find_library(NGHTTP2_LIBRARY nghttp2 REQUIRED)
add_library(nghttp2 INTERFACE)
target_include_directories(nghttp2 SYSTEM INTERFACE ${NGHTTP2_INCLUDE_DIR})
target_link_libraries(nghttp2 INTERFACE ${NGHTTP2_LIBRARY})

# Asio, header-only within Boost.
add_library(yard_asio INTERFACE)
target_link_libraries(yard_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(yard_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_NO_TS_EXECUTORS)

# Regular expressions, and the content codings: Debian ships them without CMake files that name them alike.
foreach(library re2 z brotlienc brotlidec zstd)
  find_library(YARD_LIB_${library} ${library} REQUIRED)
  add_library(yard::${library} UNKNOWN IMPORTED)
  set_target_properties(yard::${library} PROPERTIES IMPORTED_LOCATION ${YARD_LIB_${library}})
endforeach()

if(SWITCHYARD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
