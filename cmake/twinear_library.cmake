# twinear_library(<name> SOURCES <source>... [HEADERS <public header>...] [PUBLIC <library>...] [PRIVATE <library>...] [INTERNAL])
# The library of one room, twinear::<name>, in the file of that name. Its public headers are installed
# with it, and each must compile alone. An INTERNAL library is not installed: programs of ours alone link it.
function(twinear_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERNAL" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/twinear/)
  add_library(twinear_${name} STATIC ${arg_SOURCES})
  add_library(twinear::${name} ALIAS twinear_${name})
  set_target_properties(twinear_${name} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  target_compile_features(twinear_${name} PUBLIC cxx_std_20)
  twinear_warnings(twinear_${name})
  target_include_directories(twinear_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(twinear_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  target_sources(twinear_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${arg_HEADERS})
  set_property(GLOBAL APPEND PROPERTY twinear_rooms ${name})
  if(NOT arg_INTERNAL)
    install(TARGETS twinear_${name} EXPORT twinear-targets FILE_SET HEADERS)
  endif()
endfunction()

# twinear_warnings(<target>): what every source of ours must compile without.
function(twinear_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${TWINEAR_WERROR}>:-Werror>)
endfunction()

# twinear_calls_tbb(<source>...): these include headers of TBB. The thread sanitizer cannot see how TBB's library orders
# what those headers do, and would take it for races: so it does not look at these sources, and threads.cpp tells it how
# tasks are ordered.
function(twinear_calls_tbb)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-fno-sanitize=thread;-DTWINEAR_THREAD_SANITIZER")
  endif()
endfunction()
