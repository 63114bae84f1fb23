include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/microgpt)

install(TARGETS microgpt_library EXPORT microgptTargets FILE_SET HEADERS)
if(MICROGPT_BUILD_PROGRAM)
  install(TARGETS microgpt)
endif()
install(EXPORT microgptTargets NAMESPACE microgpt:: DESTINATION ${package_dir})
configure_package_config_file(cmake/microgptConfig.cmake.in ${PROJECT_BINARY_DIR}/microgptConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/microgptConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/microgptConfig.cmake ${PROJECT_BINARY_DIR}/microgptConfigVersion.cmake
    cmake/Findutf8proc.cmake DESTINATION ${package_dir})
