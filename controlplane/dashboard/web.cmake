# The pages: built by Vite from web/, once per change of web/, and put into the program. Needs Node.js 18 or later and npm.
option(SWITCHYARD_DASHBOARD "Build the dashboard's pages (needs npm)" ON)
set(web ${CMAKE_BINARY_DIR}/dashboard)
set(assets ${web}/assets.cc)

if(SWITCHYARD_DASHBOARD)
  find_program(NPM_PROGRAM npm)
  find_program(NODE_PROGRAM NAMES node nodejs)
  if(NOT NPM_PROGRAM OR NOT NODE_PROGRAM)
    message(FATAL_ERROR "The dashboard's pages are built with Node.js and npm, which are not here. Install them (tools/install-deps build; on Debian "
      "`apt-get install nodejs npm`), or build without pages: cmake -DSWITCHYARD_DASHBOARD=OFF ...")
  endif()
  set(pages access agents changes overview topology upstreams)
  set(sources index.html package.json package-lock.json tsconfig.json vite.config.mjs src/styles.css)
  foreach(page ${pages})
    list(APPEND sources src/pages/${page}.tsx)
  endforeach()
  foreach(part api diff format live same theme types)
    list(APPEND sources src/${part}.ts)
  endforeach()
  foreach(part app chart heat_map list login main widgets)
    list(APPEND sources src/${part}.tsx)
  endforeach()
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/web/)

  # The libraries, as the lock file names them; again only when that changes.
  set(libraries ${web}/node_modules/.installed)
  add_custom_command(OUTPUT ${libraries}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${web}
    COMMAND ${CMAKE_COMMAND} -E copy web/package.json web/package-lock.json ${web}
    COMMAND ${NPM_PROGRAM} ci --prefix ${web} --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${libraries}
    DEPENDS web/package.json web/package-lock.json
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} COMMENT "Installing what the dashboard is built with" VERBATIM)
  add_custom_command(OUTPUT ${assets}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${web}/src ${web}/dist
    COMMAND ${CMAKE_COMMAND} -E copy_directory web/src ${web}/src
    COMMAND ${CMAKE_COMMAND} -E copy web/index.html web/tsconfig.json web/vite.config.mjs ${web}
    COMMAND ${CMAKE_COMMAND} -E chdir ${web} ${NODE_PROGRAM} node_modules/vite/bin/vite.js build --logLevel warn
    COMMAND ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files --most-kilobytes 300 ${web}/dist ${assets}
    DEPENDS ${sources} ${libraries} ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} COMMENT "Building the dashboard's pages" VERBATIM)
else()
  file(MAKE_DIRECTORY ${web}/none)
  add_custom_command(OUTPUT ${assets}
    COMMAND ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files ${web}/none ${assets}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files VERBATIM)
endif()

add_library(dashboard_assets STATIC ${assets})
target_include_directories(dashboard_assets PUBLIC ${CMAKE_SOURCE_DIR})
