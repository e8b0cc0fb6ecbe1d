# What CMake needs to build on the ROS wheels; read through CMAKE_PROJECT_INCLUDE, by pip's build and by colcon.
#
# 1. The wheels were built in a container whose Python include directory their exported targets still name: CMake
#    refuses such targets.
# 2. An environment inside the checkout (.venv) lends our targets include directories below the source directory:
#    CMake refuses to export them. They are needed to build only.
function(_fix_include_directories)
  get_property(_imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _imported)
    get_target_property(_dirs ${_target} INTERFACE_INCLUDE_DIRECTORIES)
    if(_dirs)
      list(FILTER _dirs EXCLUDE REGEX "^/opt/python/")
      set_property(TARGET ${_target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${_dirs}")
    endif()
  endforeach()
  get_property(_built DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(_target IN LISTS _built)
    get_target_property(_dirs ${_target} INTERFACE_INCLUDE_DIRECTORIES)
    if(_dirs)
      set(_fixed)
      foreach(_dir IN LISTS _dirs)
        string(FIND "${_dir}" "${CMAKE_SOURCE_DIR}/" _at)
        if(_at EQUAL 0)
          set(_dir "$<BUILD_INTERFACE:${_dir}>")
        endif()
        list(APPEND _fixed "${_dir}")
      endforeach()
      set_property(TARGET ${_target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${_fixed}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL _fix_include_directories)
