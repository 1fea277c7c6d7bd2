# Several sources of a room at once: their headers are read and their templates made once, which takes a third off a cold build. The price: sources that are
# compiled together share their anonymous namespaces. A source whose names would clash is listed under SINGLY instead of SOURCES.
function(yard_together name singly)
  if(SWITCHYARD_TOGETHER)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    set_source_files_properties(${singly} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# add_room(name SOURCES a.cc b.cc [SINGLY c.cc ...] DEPENDS other_room third_party::lib)
#   One static library per folder. Its include root is the source tree, so headers are named by path: "agent/codec/h1_parser.h".
#   A room whose files are all headers lists no SOURCES.
function(add_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;SINGLY;DEPENDS" ${ARGN})
  if(ROOM_SOURCES)
    add_library(${name} STATIC ${ROOM_SOURCES} ${ROOM_SINGLY})
    yard_together(${name} "${ROOM_SINGLY}")
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ROOM_DEPENDS} PRIVATE yard_warnings)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ROOM_DEPENDS})
  endif()
endfunction()

# What a user runs, without tests and what only they need: `cmake --build ... --target programs`.
add_custom_target(programs)

# yard_run_once(file ...): sources that run once at the start and take long to optimise, such as command lines read by CLI11.
function(yard_run_once)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O0;-U_FORTIFY_SOURCE>")
endfunction()

# yard_program(name SOURCES main.cc DEPENDS room ...): a yard_binary that users run.
function(yard_program name)
  yard_binary(${name} ${ARGN})
  add_dependencies(programs ${name})
endfunction()

# yard_binary(name SOURCES main.cc DEPENDS room ...): a program, put into <build>/bin.
function(yard_binary name)
  cmake_parse_arguments(BIN "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${BIN_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${BIN_DEPENDS} yard_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# What every test includes, compiled once: GoogleTest takes longer to read than most tests.
function(yard_test_headers)
  # A program like those that reuse it: what is compiled for a library (-fPIC) does not fit them (-fPIE).
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/gen/test_headers.cc CONTENT "int main() {}\n")
  add_executable(yard_test_headers ${CMAKE_BINARY_DIR}/gen/test_headers.cc)
  target_link_libraries(yard_test_headers PRIVATE GTest::gmock protobuf::libprotobuf yard_warnings)
  target_compile_options(yard_test_headers PRIVATE -pthread $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>)
  target_precompile_headers(yard_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <functional> <map> <memory> <string> <vector>
    <google/protobuf/generated_message_reflection.h> <google/protobuf/map_field_inl.h> <google/protobuf/generated_enum_reflection.h>)
endfunction()

# yard_test(name SOURCES a_test.cc ... [SINGLY b_test.cc ...] DEPENDS room ... [LABELS l] [TIMEOUT seconds]): one GoogleTest program per room, one CTest entry.
function(yard_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT;LABELS" "SOURCES;SINGLY;DEPENDS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${name} ${TEST_SOURCES} ${TEST_SINGLY})
  yard_together(${name} "${TEST_SINGLY}")
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${TEST_DEPENDS} GTest::gmock_main yard_warnings)
  # The rooms under test are optimised; the tests themselves need not be, which takes a quarter off their compile time.
  target_compile_options(${name} PRIVATE -pthread $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>)
  target_precompile_headers(${name} REUSE_FROM yard_test_headers)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set(sanitizer_environment "")
  if(SWITCHYARD_SANITIZE MATCHES "thread")
    # What libraries do among themselves is not ours to judge; see the file for the rest.
    set(sanitizer_environment "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}"
    ENVIRONMENT "YARD_BIN=${CMAKE_BINARY_DIR}/bin;YARD_SOURCE=${CMAKE_SOURCE_DIR};${sanitizer_environment}")
endfunction()
